/** The protocol's extension classification: the highest elements of an output in place of all of them. */

import { fromHalf } from '../../half.ts';
import { sizeOf, type Tensor } from '../tensor.ts';

/**
 * For each row of a tensor its `count` highest elements, highest first, as texts `value:index:label` (`value:index`
 * where the index has no label).
 *
 * @param tensor of rank 1: one row; of a higher rank: a row for each index of the first dimension
 */
export function classified(
  { dtype, shape, data: elements }: Tensor,
  count: number,
  labels: readonly string[],
): Tensor {
  // Half precision is there as bits.
  const data = dtype === 'float16' ? Float32Array.from(elements as Uint16Array, fromHalf) : elements;
  const rows = shape.length > 1 ? (shape[0] ?? 1) : 1;
  const length = sizeOf(shape) / Math.max(1, rows);
  const kept = Math.min(count, length);
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (const index of highest(data, row * length, length).slice(0, kept)) {
      const label = labels[index];
      texts.push(`${data[row * length + index]}:${index}${label === undefined ? '' : `:${label}`}`);
    }
  }
  return { dtype: 'string', shape: shape.length > 1 ? [rows, kept] : [kept], data: texts };
}

/** Indices by their elements, descending; NaN last, and of equal elements the first first. */
function highest(data: Tensor['data'], start: number, length: number): number[] {
  const at = (index: number) => data[start + index] ?? 0;
  return Array.from({ length }, (_, index) => index).sort((a, b) => {
    const [x, y] = [at(a), at(b)];
    if (x > y) return -1;
    if (x < y) return 1;
    return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
  });
}
