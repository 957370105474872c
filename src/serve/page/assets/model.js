/** What there is to see of one model. */
import { element, parsed, section } from './elements.js';
import { address, credentials, description, metadata } from './server.js';
import { trial } from './trial.js';

/** @typedef {import('./server.js').IndexEntry} IndexEntry */
/** @typedef {import('./server.js').TensorMetadata} TensorMetadata */
/** @typedef {import('./server.js').ModelMetadata} ModelMetadata */
/** @typedef {import('./server.js').Description} Description */

/** @param {TensorMetadata} tensor */
const shapeOf = ({ datatype, shape }) => `${datatype} [${shape.map((n) => (n < 0 ? 'N' : n)).join(', ')}]`;

/**
 * @param {string} term
 * @param {...(Node | string)} values
 */
const fact = (term, ...values) => element('div', {}, element('dt', {}, term), element('dd', {}, ...values));

/**
 * @param {string} term
 * @param {TensorMetadata[]} tensors
 */
const tensors = (term, tensors) =>
  tensors.map((tensor) => fact(term, element('code', {}, tensor.name), ` ${shapeOf(tensor)}`));

/**
 * @param {ModelMetadata} model
 * @param {Description} described
 */
function facts({ inputs, outputs }, { dataset, accuracy, images }) {
  return element(
    'dl',
    { className: 'facts' },
    dataset === null ? null : fact('data set', dataset),
    accuracy === null ? null : fact('test accuracy', `${(100 * accuracy).toFixed(2)} %`),
    typeof images === 'string'
      ? null
      : fact('classes', images.labels > 0 ? String(images.labels) : 'not named'),
    ...tensors('input', inputs),
    ...tensors('output', outputs),
  );
}

/** By the kind of cell. */
const cellTitles = /** @type {Record<string, string>} */ ({
  normal: 'Normal cell',
  reduce: 'Reduction cell',
  cell: 'Cell',
});

/** @param {Description} described */
function drawings({ drawings: cells }) {
  if (!cells) {
    return section(
      'Architecture',
      element('p', { className: 'hint' }, 'The model’s metadata hold no genotype to draw.'),
    );
  }
  /**
   * @param {string} title
   * @param {string} svg
   */
  const figure = (title, svg) =>
    element(
      'figure',
      {},
      element('figcaption', {}, title),
      element(
        'div',
        { className: 'drawing', tabIndex: 0, role: 'region', 'aria-label': title },
        ...parsed(svg, 'image/svg+xml'),
      ),
    );
  const figures = Object.entries(cells).map(([kind, svg]) => figure(cellTitles[kind] ?? kind, svg));
  return section('Architecture', ...figures);
}

/** A tensor of no more elements is written out, so that the command works as it stands. */
const written = 16;

/** What stands for nothing, by datatype; 0 for numbers. */
const nothing = /** @type {Record<string, unknown>} */ ({ BOOL: false, BYTES: '' });

/** @param {readonly number[]} shape */
const countOf = (shape) => shape.reduce((product, n) => product * Math.max(1, n), 1);

/** @param {TensorMetadata} tensor */
function example({ name, datatype, shape }) {
  const count = countOf(shape);
  const data = count > written ? ['…'] : Array(count).fill(nothing[datatype] ?? 0);
  return { name, datatype, shape: shape.map((n) => (n < 0 ? 1 : n)), data };
}

/**
 * @param {IndexEntry} entry
 * @param {ModelMetadata} model
 * @param {Description} described
 */
function calls(entry, { inputs }, { images }) {
  const body = JSON.stringify({ inputs: inputs.map(example) });
  /** @param {string} text */
  const line = (text) => element('pre', { className: 'command', tabIndex: 0 }, element('code', {}, text));
  const curl = `curl${credentials()}`;
  const classifies = typeof images !== 'string';
  // Who can send an image need not write its pixels out.
  const infers = !classifies || inputs.every(({ shape }) => countOf(shape) <= written);
  return section(
    'Call it',
    classifies ? line(`${curl} --data-binary @image.png ${address(entry, 'classify')}`) : null,
    infers ? line(`${curl} -d '${body}' ${address(entry, 'infer')}`) : null,
  );
}

/** @param {Description} described */
const card = ({ card: html }) =>
  html === null
    ? section(
        'Model card',
        element('p', { className: 'hint' }, 'There is no card (a .md file of its name) beside the model.'),
      )
    : element('section', { className: 'card' }, ...parsed(html, 'text/html'));

/**
 * @param {IndexEntry} entry
 * @returns {Promise<Node[]>}
 */
export async function modelView(entry) {
  const title = element(
    'h2',
    {},
    entry.name,
    element('span', { className: 'version' }, `version ${entry.version}`),
  );
  if (entry.state !== 'READY') {
    const reason = entry.reason === '' ? '' : `: ${entry.reason}`;
    return [
      title,
      element('p', { className: 'notice' }, `This model is ${entry.state.toLowerCase()}${reason}`),
    ];
  }
  const [model, described] = await Promise.all([metadata(entry), description(entry)]);
  return [
    title,
    facts(model, described),
    trial(entry, described),
    drawings(described),
    card(described),
    calls(entry, model, described),
  ];
}
