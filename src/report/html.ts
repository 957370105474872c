/** HTML as strings. Texts are escaped by whoever makes them of data. */
import type { Table } from './summary-table.ts';
import { element, escapeText } from './svg.ts';

/** A section of the page, with a heading that links can name. */
export const section = (id: string, title: string, ...content: readonly string[]): string =>
  element('section', { id }, element('h2', {}, escapeText(title)), ...content);

export const hint = (text: string): string => element('p', { class: 'hint' }, escapeText(text));

/** A region that scrolls sideways where there is no room, also by the keyboard. */
export const scrolling = (label: string, ...content: readonly string[]): string =>
  element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, ...content);

export function htmlTable({ columns, rows }: Omit<Table, 'notes'>): string {
  const cell = (name: 'th' | 'td', text: string, isNumber = false): string =>
    element(
      name,
      { ...(name === 'th' && { scope: 'col' }), ...(isNumber && { class: 'number' }) },
      escapeText(text),
    );
  return element(
    'table',
    { class: 'figures' },
    element(
      'thead',
      {},
      element('tr', {}, ...columns.map(({ title, isNumber }) => cell('th', title, isNumber))),
    ),
    element(
      'tbody',
      {},
      ...rows.map((row) =>
        element('tr', {}, ...row.map((text, i) => cell('td', text, columns[i]?.isNumber))),
      ),
    ),
  );
}

/** Terms and their values. */
export const facts = (pairs: readonly (readonly [term: string, value: string])[], kind = 'facts'): string =>
  element(
    'dl',
    { class: kind },
    ...pairs.map(([term, value]) =>
      element('div', {}, element('dt', {}, escapeText(term)), element('dd', {}, escapeText(value))),
    ),
  );
