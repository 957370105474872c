/** Element-wise kernels of one operand. */
import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { bools, given, type Input, image, integers, normal, positive, small } from '../inputs.ts';

type Unary = (x: Tensor) => Tensor;

/** On a vector and on an image. */
const smooth = (name: string, run: Unary, numbers = normal, tolerance = 1e-5): Row[] => [
  op(name, [numbers(3, 7)], run, { gradient: 'both', tolerance }),
  op(`${name} of an image`, [image(2, 3, 4, 16, numbers)], run, { gradient: 'eager', tolerance }),
];

/** Without a slope worth comparing by differences. */
const stepped = (name: string, run: Unary, numbers = normal): Row[] => [
  op(name, [numbers(3, 7)], run),
  op(`${name} of an image`, [image(2, 3, 4, 16, numbers)], run),
];

const ofIntegers = (name: string, run: Unary, input: Input = integers(-5, 6, 4, 3)): Row =>
  op(`${name} of integers`, [input], run);

const greater: typeof positive = (...shape) => ({
  ...positive(...shape),
  draw: (random) => 1.5 + random.uniform(),
});

const special = given([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e30, -1e-30]);

export const rows: readonly Row[] = [
  ...smooth('abs', tf.abs),
  ...smooth('acos', tf.acos, small, 1e-4),
  ...smooth('acosh', tf.acosh, greater),
  ...smooth('asin', tf.asin, small, 1e-4),
  ...smooth('asinh', tf.asinh),
  ...smooth('atan', tf.atan),
  ...smooth('atanh', tf.atanh, small, 1e-4),
  ...smooth('cos', tf.cos),
  ...smooth('cosh', tf.cosh),
  ...smooth('elu', tf.elu),
  ...smooth('erf', tf.erf),
  ...smooth('exp', tf.exp),
  ...smooth('expm1', tf.expm1),
  ...smooth('leakyRelu', (x) => tf.leakyRelu(x, 0.3)),
  ...smooth('log', tf.log, positive),
  ...smooth('log1p', tf.log1p, small, 1e-4),
  ...smooth('neg', tf.neg),
  ...smooth('reciprocal', tf.reciprocal, positive),
  ...smooth('relu', tf.relu),
  ...smooth('relu6', (x) => tf.relu6(tf.mul(x, 6))),
  ...smooth('rsqrt', tf.rsqrt, positive),
  ...smooth('selu', tf.selu),
  ...smooth('sigmoid', tf.sigmoid),
  ...smooth('sin', tf.sin),
  ...smooth('sinh', tf.sinh),
  ...smooth('softplus', tf.softplus),
  ...smooth('sqrt', tf.sqrt, positive),
  ...smooth('square', tf.square),
  ...smooth('tan', tf.tan, small),
  ...smooth('tanh', tf.tanh),
  ...smooth('clipByValue', (x) => tf.clipByValue(x, -0.7, 0.4)),
  ...smooth('identity', tf.clone),
  ...smooth('onesLike', (x) => tf.add(x, tf.onesLike(x))),
  ...smooth('zerosLike', (x) => tf.add(x, tf.zerosLike(x))),
  ...stepped('ceil', tf.ceil),
  ...stepped('floor', tf.floor),
  ...stepped('round', tf.round),
  ...stepped('sign', tf.sign),
  ...stepped('step', (x) => tf.step(x)),
  ...stepped('leaky step', (x) => tf.step(x, 0.2)),
  ...stepped('cast to int32', (x) => tf.cast(tf.mul(x, 5), 'int32')),
  ...stepped('cast to bool', (x) => tf.cast(tf.step(x), 'bool')),
  ...stepped('cast there and back', (x) => tf.cast(tf.cast(x, 'int32'), 'float32')),
  ...stepped('logicalNot', (x) => tf.logicalNot(tf.greater(x, 0))),
  ...stepped('isFinite', tf.isFinite),
  op('round half to even', [given([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])], tf.round),
  op('log1p near 0 and far', [given([1e-8, -1e-7, 1e20, -1, 0, Number.POSITIVE_INFINITY])], tf.log1p, {
    tolerance: 1e-6,
  }),
  op('expm1 near 0 and far', [given([1e-8, -1e-7, 100, -100, 0])], tf.expm1),
  op('tiny numbers keep their digits', [given([1e-8, 3e-6])], (x) => tf.mul(tf.log1p(tf.expm1(x)), 1e8)),
  op('isFinite of special numbers', [special], tf.isFinite),
  op('isInf of special numbers', [special], tf.isInf),
  op('isNaN of special numbers', [special], tf.isNaN),
  op('isNaN of integers', [integers(-3, 3, 4)], tf.isNaN),
  op('cast of bools', [bools(5)], (x) => [tf.cast(x, 'float32'), tf.cast(x, 'int32')]),
  op('relu of a scalar', [normal()], tf.relu, { gradient: 'eager' }),
  op('an image of one element', [image(1, 1, 1, 1)], tf.tanh, { gradient: 'eager' }),
  op('onesLike alone', [bools(2, 3)], tf.onesLike),
  op('zerosLike alone', [image(1, 2, 2, 16)], tf.zerosLike),
  ...[tf.abs, tf.neg, tf.sign, tf.square, tf.relu].map((run) => ofIntegers(run.name, run)),
  ofIntegers('step', (x) => tf.step(x)),
  ofIntegers('relu6', tf.relu6, integers(-2, 9, 8)),
  ofIntegers('leakyRelu', tf.leakyRelu),
  ofIntegers('clipByValue', (x) => tf.clipByValue(x, -1.5, 2.5)),
];
