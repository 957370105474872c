/** Trying a classifier: an image in, labels and probabilities as bars. */
import { element, section } from './elements.js';
import { classify, ServerError, sample } from './server.js';

/** @typedef {import('./server.js').IndexEntry} IndexEntry */
/** @typedef {import('./server.js').Label} Label */
/** @typedef {import('./server.js').Description} Description */

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** @param {string} file */
const titleOf = (file) => file.replace(/\.\w+$/, '').replaceAll(/[-_]/g, ' ');

/** @param {Label[]} labels */
function bars(labels) {
  const rows = labels.map(({ label, probability }) => {
    const bar = element('span', { className: 'bar' });
    // Set as a property: the page's policy allows no style attributes.
    bar.style.setProperty('--share', String(probability));
    return element(
      'li',
      {},
      element('span', { className: 'label' }, label),
      element('span', { className: 'track', 'aria-hidden': 'true' }, bar),
      element('span', { className: 'probability' }, percent(probability)),
    );
  });
  return element('ol', { className: 'bars' }, ...rows);
}

/**
 * @param {IndexEntry} model
 * @param {Description} description
 */
export function trial(model, { images, samples }) {
  if (typeof images === 'string') {
    return section(
      'Try it',
      element('p', { className: 'notice' }, `This model takes no images here: ${images}.`),
    );
  }
  const preview = element('img', { className: 'preview', alt: '', hidden: true });
  const result = element('div', { className: 'result', role: 'status', 'aria-live': 'polite' });
  const empty = element('p', { className: 'hint' }, 'The labels appear here.');
  result.append(empty);
  let latest = 0;

  /**
   * @param {Blob} image
   * @param {string} name
   */
  async function show(image, name) {
    const turn = ++latest;
    if (preview.src) URL.revokeObjectURL(preview.src);
    preview.src = URL.createObjectURL(image);
    preview.alt = name;
    preview.hidden = false;
    result.setAttribute('aria-busy', 'true');
    const begin = performance.now();
    try {
      const labels = await classify(model, image);
      if (turn !== latest) return;
      const time = performance.now() - begin;
      result.replaceChildren(
        bars(labels),
        element('p', { className: 'hint' }, `${name}: answered in ${time.toFixed(time < 10 ? 1 : 0)} ms`),
      );
    } catch (error) {
      if (turn !== latest) return;
      if (!(error instanceof ServerError)) throw error;
      result.replaceChildren(
        element('p', { className: 'failure', role: 'alert' }, `${name}: ${error.message}`),
      );
    } finally {
      if (turn === latest) result.removeAttribute('aria-busy');
    }
  }

  /** @param {FileList | null | undefined} files */
  const take = (files) => {
    const [file] = files ?? [];
    if (file) show(file, file.name);
  };

  const input = element('input', {
    type: 'file',
    id: 'image',
    accept: 'image/png,image/jpeg,image/webp',
    className: 'visually-hidden',
    onchange: () => take(input.files),
  });
  const { channels, height, width } = images;
  const zone = element(
    'label',
    {
      className: 'zone',
      for: 'image',
      ondragover: (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        zone.classList.add('over');
      },
      ondragleave: () => zone.classList.remove('over'),
      ondrop: (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        zone.classList.remove('over');
        take(event.dataTransfer?.files);
      },
    },
    preview,
    element('span', {}, element('strong', {}, 'Drop an image'), ', or choose a file'),
    element(
      'span',
      { className: 'hint' },
      `PNG, JPEG or WebP of any size; it is brought to ${width}×${height}, ${channels === 1 ? 'grey' : 'colour'}`,
    ),
  );

  const buttons = samples.map((name) => {
    const picture = element('img', { alt: '', width: 44, height: 44 });
    const fetched = sample(model, name);
    fetched.then((blob) => {
      picture.src = URL.createObjectURL(blob);
    });
    return element(
      'button',
      {
        type: 'button',
        title: titleOf(name),
        'aria-label': `Sample: ${titleOf(name)}`,
        onclick: async () => show(await fetched, titleOf(name)),
      },
      picture,
    );
  });
  const picks =
    buttons.length > 0
      ? element('div', { className: 'samples', role: 'group', 'aria-label': 'Samples' }, ...buttons)
      : element(
          'p',
          { className: 'hint' },
          'No samples: PNG, JPEG or WebP files in a folder “samples” beside the model would be offered here.',
        );
  const unnamed =
    images.labels > 0
      ? null
      : element('p', { className: 'hint' }, 'The model does not name its classes: they are shown by number.');
  return section(
    'Try it',
    element('div', { className: 'trial' }, element('div', {}, input, zone, picks), result),
    unnamed,
  );
}
