/** Element-wise kernels of several operands: of equal shapes, with broadcasting, between images of any layout. */
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { bools, given, type Input, image, integers, normal, positive } from '../inputs.ts';

type Binary = (a: Tensor, b: Tensor) => Tensor;
type Numbers = (...shape: number[]) => Input;

const pixels = (numbers: typeof normal): Input => image(2, 3, 5, 16, numbers);

/** Pairs of operands that cover the layouts; the second one broadcasts in all but the first two. */
const pairs = (a: typeof normal, b: typeof normal = a): readonly (readonly [string, Input, Input])[] => [
  ['vectors', a(7), b(7)],
  ['images', pixels(a), pixels(b)],
  ['an image and a scalar', pixels(a), b()],
  ['an image and one number', pixels(a), b(1, 1, 1, 1)],
  ['an image and its channels', pixels(a), b(16)],
  ['a value a channel and an image', a(2, 1, 1, 16), pixels(b)],
  ['an image and a mask', pixels(a), b(2, 3, 5, 1)],
  ['an image and a column', pixels(a), b(5, 1)],
  ['an image and a plain tensor', pixels(a), b(2, 3, 5, 16)],
  ['an image and the same for all', pixels(a), b(1, 3, 5, 16)],
  ['an image of 3 channels and a vector', image(2, 3, 5, 3, a), b(3)],
  ['an image in five dimensions', pixels(a), b(2, 1, 1, 1, 16)],
  ['an outer product', a(4, 1), b(1, 3)],
];

const everywhere = (
  name: string,
  run: Binary,
  a: typeof normal,
  b: typeof normal = a,
  options: Pick<Row, 'gradient' | 'tolerance'> = { gradient: 'eager' },
): Row[] => pairs(a, b).map(([operands, ...inputs]) => op(`${name} of ${operands}`, inputs, run, options));

/** On vectors and on images. */
const few = (
  name: string,
  run: Binary,
  a: typeof normal,
  b: typeof normal = a,
  options: Pick<Row, 'gradient' | 'tolerance'> = { gradient: 'both' },
): Row[] =>
  pairs(a, b)
    .filter((_, index) => index === 0 || index === 4)
    .map(([operands, ...inputs]) => op(`${name} of ${operands}`, inputs, run, options));

const ofIntegers = (
  name: string,
  run: Binary,
  numbers: Numbers = (...shape) => integers(-6, 7, ...shape),
): Row => op(`${name} of integers`, [numbers(4, 5), numbers(5)], run);

const ofBools = (name: string, run: Binary): Row => op(`${name} of bools`, [bools(4, 5), bools(4, 1)], run);

const run = (kernel: string, inputs: NamedTensorMap): Tensor =>
  tf.engine().runKernel(kernel, inputs) as Tensor;

/** `tf.greater` would stop tfjs from differentiating. */
const isPositive = (x: Tensor): Tensor => tf.cast(tf.step(x), 'bool');

const quadrants = [given([1, 1, -1, -1, 0, 0, 1, -1, 0]), given([1, -1, 1, -1, 1, -1, 0, 0, 0])] as const;

export const rows: readonly Row[] = [
  ...everywhere('add', tf.add, normal),
  ...everywhere('mul', tf.mul, normal, normal, { gradient: 'both' }),
  ...few('sub', tf.sub, normal),
  ...few('div', tf.div, normal, positive),
  ...few('maximum', tf.maximum, normal, normal, {}),
  ...few('minimum', tf.minimum, normal, normal, {}),
  ...few('pow', tf.pow, positive, normal),
  ...few('squaredDifference', tf.squaredDifference, normal, normal, {}),
  ...few('atan2', tf.atan2, normal),
  ...few('mod', tf.mod, normal, positive, { tolerance: 1e-5 }),
  ...few('floorDiv', tf.floorDiv, normal, positive, {}),
  ...few('equal', (a, b) => tf.equal(tf.round(a), tf.round(b)), normal, normal, {}),
  ...few('notEqual', (a, b) => tf.notEqual(tf.round(a), tf.round(b)), normal, normal, {}),
  ...everywhere('greater', tf.greater, normal, normal, {}),
  ...few('greaterEqual', tf.greaterEqual, normal, normal, {}),
  ...few('less', tf.less, normal, normal, {}),
  ...few('lessEqual', tf.lessEqual, normal, normal, {}),
  ...few('prelu', tf.prelu, normal),
  ...few('divNoNan', (a, b) => tf.divNoNan(a, tf.relu(b)), normal, normal, {}),
  // Of these tfjs does not sum the gradient over what was broadcast.
  ...[tf.maximum, tf.minimum, tf.squaredDifference].map((f) =>
    op(`${f.name} and its gradient`, [pixels(normal), pixels(normal)], f, { gradient: 'both' }),
  ),
  op('pow of negative numbers', [given([-2, -1.5, 0]), given([2, 3, 0])], tf.pow),
  op('atan2 in all quadrants', [...quadrants], tf.atan2),
  op('mod of all signs', [given([5, -5, 5, -5, 4.5, -6]), given([3, 3, -3, -3, 1.5, 3])], tf.mod),
  op('mod by an integer', [integers(-9, 9, 12)], (x) => tf.mod(x, tf.scalar(4, 'int32'))),
  op('floorDiv by an integer', [integers(-9, 9, 12)], (x) => tf.floorDiv(x, tf.scalar(-4, 'int32'))),
  op('division of integers by zero', [integers(-9, 9, 4), given([0, 2, 0, -3], 'int32')], (a, b) => [
    tf.floorDiv(a, b),
    tf.mod(a, b),
  ]),
  ...[tf.add, tf.sub, tf.mul, tf.maximum, tf.minimum, tf.squaredDifference].map((f) => ofIntegers(f.name, f)),
  ...[tf.equal, tf.notEqual, tf.greater, tf.greaterEqual, tf.less, tf.lessEqual].flatMap((f) => [
    ofIntegers(f.name, f),
    ofBools(f.name, f),
  ]),
  ofIntegers('div', tf.div, (...shape) => integers(1, 7, ...shape)),
  ofIntegers(
    'realDiv',
    (a, b) => run('RealDiv', { a, b }),
    (...shape) => integers(1, 7, ...shape),
  ),
  ofIntegers('pow', tf.pow, (...shape) => integers(0, 4, ...shape)),
  ofBools('mul', tf.mul),
  ofBools('maximum', tf.maximum),
  ofBools('logicalAnd', tf.logicalAnd),
  ofBools('logicalOr', tf.logicalOr),
  op('logicalXor of bools', [bools(4, 5), bools(5)], (a, b) => run('LogicalXor', { a, b }), {
    reference: tf.logicalXor,
  }),
  op('addN of images', [pixels(normal), pixels(normal), pixels(normal)], (...x) => tf.addN(x), {
    gradient: 'both',
  }),
  op('addN of integers', [integers(0, 9, 3), integers(0, 9, 3), integers(0, 9, 3)], (...x) => tf.addN(x)),
  op('addN of one', [normal(3)], (x) => tf.addN([x])),
  op('where', [bools(3, 4), normal(3, 4), normal(3, 4)], tf.where, { gradient: 'eager' }),
  op('where of bools', [bools(3, 4), bools(3, 4), bools(3, 4)], tf.where),
  op('where of integers', [bools(3, 4), integers(0, 9, 3, 4), integers(0, 9, 3, 4)], tf.where),
  op('where of an image and a scalar', [pixels(normal)], (x) => tf.where(isPositive(x), x, tf.scalar(-2)), {
    gradient: 'both',
  }),
  op(
    'where with an image of conditions',
    [pixels(normal), normal(16)],
    (x, v) => tf.where(isPositive(x), v, x),
    {
      gradient: 'eager',
    },
  ),
  op(
    'where on rows',
    [bools(3), normal(3, 4), normal(3, 4)],
    (condition, t, e) => run('Select', { condition, t, e }),
    {
      reference: (condition, t, e) => tf.where(condition.reshape([3, 1]), t, e),
    },
  ),
  op('elu and its gradient', [pixels(normal)], tf.elu, { gradient: 'both' }),
  op('a sum of broadcasts', [normal(3, 1), normal(1, 4)], (a, b) => {
    const wide = tf.broadcastTo(a, [3, 4]);
    return [tf.add(tf.mul(wide, 2), tf.tile(b, [3, 1])), tf.mul(wide, tf.ones([3, 4]))];
  }),
];
