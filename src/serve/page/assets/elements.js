/** Elements without markup: text is text, whatever a model is called. */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties] `on…` listen, `aria-…` and `data-…` are attributes, the rest properties
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name.startsWith('on')) created.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name.includes('-') || name === 'role' || name === 'for')
      created.setAttribute(name, String(value));
    else Object.assign(created, { [name]: value });
  }
  created.append(...children.filter((child) => child !== null && child !== undefined));
  return created;
}

/**
 * A document's content as nodes of this one. Scripts in it do not run: the page's policy forbids them.
 *
 * @param {string} text
 * @param {'text/html' | 'image/svg+xml'} type
 * @returns {Node[]}
 */
export function parsed(text, type) {
  const source = new DOMParser().parseFromString(text, type);
  const nodes = type === 'text/html' ? [...source.body.childNodes] : [source.documentElement];
  return nodes.map((node) => document.importNode(node, true));
}

/**
 * @param {string} title
 * @param {...(Node | string | null | undefined)} children
 */
export const section = (title, ...children) => element('section', {}, element('h3', {}, title), ...children);
