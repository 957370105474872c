/** Text that two attributes or constants share exactly when they are equal: what "the same" means in this graph. */

import type { Attribute, Attributes, TensorData, TensorType } from './ir.ts';
import { formatType } from './operators/operator.ts';

/** Constants of up to this many elements are compared by content, larger ones by the identity of their data. */
const smallConstant = 64;

/** −0 and 0 are different elements, though JavaScript prints them alike. */
const elementText = (element: number | bigint): string => (Object.is(element, -0) ? '-0' : String(element));

/** The content of a constant of any size. */
function contentKey(data: TensorData, type: TensorType): string {
  const elements: string[] = [];
  for (const element of data) elements.push(elementText(element));
  return `${formatType(type)}{${elements.join(',')}}`;
}

/** The content of a small constant, undefined for a large one. */
export const smallConstantKey = (data: TensorData, type: TensorType): string | undefined =>
  data.length <= smallConstant ? contentKey(data, type) : undefined;

const identities = new WeakMap<object, number>();
let identified = 0;

/** A branch is the same as itself only: two are not compared node by node. */
function identityOf(object: object): number {
  const identity = identities.get(object) ?? identified++;
  identities.set(object, identity);
  return identity;
}

function attributeText(attribute: Attribute): string {
  if (typeof attribute !== 'object') return JSON.stringify(attribute);
  if ('float' in attribute) return `${elementText(attribute.float)}f`;
  if ('floats' in attribute) return `[${attribute.floats.map(elementText).join(',')}]f`;
  if ('graph' in attribute) return `graph${identityOf(attribute.graph)}`;
  return `[${attribute.join(',')}]`;
}

/** All attributes, whatever order they were written in. */
export const attributesKey = (attributes: Attributes): string =>
  Object.entries(attributes)
    .map(([name, attribute]) => `${name}=${attributeText(attribute)}`)
    .sort()
    .join(';');

/** Whether two constants of one type hold the same elements; NaN equals NaN. */
export function sameElements(a: TensorData, b: TensorData): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (!Object.is(a[index], b[index])) return false;
  return true;
}
