/** SVG as strings. */

type Attributes = Readonly<Record<string, string | number | undefined>>;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text, safe in content and in attributes. */
export const escapeText = (text: string): string => text.replace(/[&<>"]/g, (mark) => escapes[mark] ?? mark);

/** A number as short as a tenth of a pixel needs it. */
const shown = (value: string | number): string =>
  typeof value === 'number' ? String(Math.round(10 * value) / 10) : escapeText(value);

/** An element; attributes that are undefined are left out. Its children are SVG already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const list = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${shown(value)}"`],
  );
  return `<${name}${list.join('')}>${children.join('')}</${name}>`;
}

/** A path through points that is horizontal at each of them. */
export const smoothPath = (points: readonly (readonly [number, number])[]): string =>
  points
    .map(([x, y], i) => {
      const [x0, y0] = points[i - 1] ?? [x, y];
      const middle = (x0 + x) / 2;
      return i === 0
        ? `M${shown(x)} ${shown(y)}`
        : `C${shown(middle)} ${shown(y0)} ${shown(middle)} ${shown(y)} ${shown(x)} ${shown(y)}`;
    })
    .join('');
