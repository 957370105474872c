/** The page: the list of models, kept up to date, and the one that the address names. */
import { element } from './elements.js';
import { modelView } from './model.js';
import { index, ServerError, server, useToken } from './server.js';

/** @typedef {import('./server.js').IndexEntry} IndexEntry */

const pollInterval = 5000;

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const [version, status, list, view] = [part('version'), part('server'), part('models'), part('model')];

/** @param {IndexEntry} model */
const hashOf = ({ name, version }) => `#/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;

/** @type {IndexEntry[]} */
let models = [];
/** What is shown now: a model in a state. */
let shown = '';

/** @param {IndexEntry} model */
function item(model) {
  const { name, version, state, reason } = model;
  return element(
    'a',
    { href: hashOf(model), className: 'model', title: reason || undefined },
    element('span', { className: 'name' }, name),
    element('span', { className: 'version' }, `version ${version}`),
    element('span', { className: `state ${state.toLowerCase()}` }, state.toLowerCase()),
  );
}

/** @param {boolean} answers */
function showServer(answers) {
  const ready = models.filter(({ state }) => state === 'READY').length;
  status.className = `server ${answers ? 'ready' : 'unavailable'}`;
  status.textContent = answers ? `${ready} of ${models.length} models ready` : 'the server does not answer';
}

/** The model that the address names; by default the first that can be used, in its latest version. */
function selected() {
  const named = models.find((model) => hashOf(model) === location.hash);
  const ready = models.filter(({ state }) => state === 'READY');
  const first = ready[0] ?? models[0];
  return named ?? ready.filter(({ name }) => name === first?.name).at(-1) ?? first;
}

async function showModel() {
  const model = selected();
  for (const link of list.querySelectorAll('a')) {
    if (model && link.getAttribute('href') === hashOf(model)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const key = JSON.stringify(model ?? null);
  if (key === shown) return;
  shown = key;
  if (!model) {
    view.replaceChildren(element('p', { className: 'notice' }, 'The repository holds no models.'));
    return;
  }
  document.title = `${model.name} – onnx-nas`;
  try {
    const nodes = await modelView(model);
    if (key === shown) view.replaceChildren(...nodes);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    if (key !== shown) return;
    view.replaceChildren(element('p', { className: 'failure', role: 'alert' }, error.message));
    // What failed is tried again at the next poll.
    shown = '';
  }
}

/** @param {string} problem */
function askForToken(problem) {
  if (view.querySelector('form')) return;
  const input = element('input', { type: 'password', id: 'token', required: true, autocomplete: 'off' });
  const form = element(
    'form',
    {
      className: 'token',
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        useToken(input.value);
        view.replaceChildren();
        refresh();
      },
    },
    element('p', {}, problem),
    element('label', { for: 'token' }, 'Token'),
    input,
    element('button', {}, 'Use it'),
  );
  view.replaceChildren(form);
  input.focus();
}

async function refresh() {
  try {
    const found = await index();
    const changed = JSON.stringify(found) !== JSON.stringify(models) || !list.hasChildNodes();
    models = found;
    showServer(true);
    version.textContent ||= (await server()).version;
    if (changed) list.replaceChildren(...models.map(item));
    await showModel();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    if (error.status === 401) askForToken(error.message);
    else showServer(false);
  }
}

addEventListener('hashchange', () => {
  showModel();
  view.focus({ preventScroll: true });
});
setInterval(() => {
  if (document.visibilityState === 'visible') refresh();
}, pollInterval);
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') refresh();
});
// An image that is dropped beside the place for it does not replace the page.
for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault());

await refresh();
