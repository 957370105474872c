/** Inputs that nobody sent: for the run that warms a model up, and to try what it does. */

import { InputError } from '../../errors.ts';
import { datatypes } from '../protocol/datatypes.ts';
import { type NamedTensors, sizeOf, type Tensor, type TensorSignature } from '../tensor.ts';

/** Shapes by input, as `warm_up` of the configuration. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * Inputs for one run. Open dimensions are as in `shapes`, else 1.
 *
 * @param seed elements are 0 and 1 (texts: empty, and 'a'), floats between them, in an order of this seed; 0: all 0
 * @param rows the first length of all inputs, whatever it is in `shapes`
 * @throws InputError where a shape is not one of the input's, or of no input
 */
export function trialInputs(
  inputs: readonly TensorSignature[],
  shapes: Shapes,
  seed: number,
  rows?: number,
): NamedTensors {
  for (const name of Object.keys(shapes)) {
    if (inputs.some((input) => input.name === name)) continue;
    throw new InputError(
      `warm_up: expected names among ${inputs.map((input) => input.name).join(', ')}, got ${name}`,
    );
  }
  // An input may be called `constructor`.
  const shapeOf = (name: string) => (Object.hasOwn(shapes, name) ? shapes[name] : undefined);
  return new Map(inputs.map((input) => [input.name, trialTensor(input, shapeOf(input.name), seed, rows)]));
}

function trialTensor(
  { name, dtype, shape }: TensorSignature,
  wanted: readonly number[] | undefined,
  seed: number,
  rows: number | undefined,
): Tensor {
  const fits =
    !wanted ||
    shape.length === 0 ||
    (wanted.length === shape.length &&
      shape.every((size, i) => typeof size === 'string' || size === wanted[i]));
  if (!fits)
    throw new InputError(
      `warm_up: ${name}: expected a shape [${shape.join(', ')}], got [${wanted?.join(', ')}]`,
    );
  const own = wanted ?? shape.map((size) => (typeof size === 'number' ? size : 1));
  const lengths = rows === undefined ? own : [rows, ...own.slice(1)];
  const data = datatypes[dtype].zeros(sizeOf(lengths));
  if (seed > 0) fill(dtype, data as { [index: number]: unknown; length: number }, seed);
  return { dtype, shape: lengths, data };
}

/** Numbers that differ from seed to seed and are the same every time (a linear congruential generator). */
function fill(
  dtype: Tensor['dtype'],
  data: { [index: number]: unknown; length: number },
  seed: number,
): void {
  let state = seed * 7919;
  for (let i = 0; i < data.length; i++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    const x = state / 2147483648;
    const bit = x < 0.5 ? 0 : 1;
    if (dtype === 'string') data[i] = bit ? 'a' : '';
    else if (dtype.endsWith('int64')) data[i] = BigInt(bit);
    // 1 in half precision, as bits.
    else if (dtype === 'float16') data[i] = bit ? 0x3c00 : 0;
    else data[i] = dtype.startsWith('float') ? x : bit;
  }
}
