/** Normalisation, and the per-channel primitives that batch norm in training is made of. */
import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { channelDot, channelMoments, scaleShift, scaleShiftAdd } from '../../../src/nn/channelwise.ts';
import { batchNormalize } from '../../../src/nn/normalize.ts';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { type Input, image, normal, positive } from '../inputs.ts';

const both = { gradient: 'both', tolerance: 1e-4 } as const;

/** On channels that fill blocks and on ones that do not. */
const primitives = (channels: number): Row[] => {
  const x = image(3, 5, 4, channels);
  const vector = normal(channels);
  const of = (name: string): string => `${name} of ${channels} channels`;
  return [
    op(of('channelMoments'), [x], (a) => channelMoments(a), { tolerance: 1e-5 }),
    op(of('channelDot'), [x, x], channelDot, { tolerance: 1e-4 }),
    op(of('scaleShift'), [x, vector, vector], scaleShift),
    op(of('scaleShiftAdd'), [x, vector, x, vector, vector], scaleShiftAdd),
    op(of('batchNormalize'), [x], (a: Tensor4D) => batchNormalize(a), both),
    op(
      of('batchNormalize with gain and bias'),
      [x, vector, vector],
      (a: Tensor4D, gain, bias) => batchNormalize(a, { gain, bias }),
      both,
    ),
    op(
      of('batchNormalize, weighted'),
      [x, normal()],
      (a: Tensor4D, gain) => batchNormalize(a, { gain }),
      both,
    ),
  ];
};

const statistics = [normal(16), positive(16), normal(16), normal(16)] as const;

/** Pixels that are all the same. */
const flat = (...shape: number[]): Input => ({ shape, dtype: 'float32', draw: () => 100.3 });

export const rows: readonly Row[] = [
  op('channelMoments of equal pixels', [image(3, 5, 7, 16, flat)], (x) => tf.sqrt(channelMoments(x)[1]), {
    tolerance: 0.1,
  }),
  ...primitives(32),
  ...primitives(3),
  op(
    'batchNorm',
    [image(2, 3, 5, 16), ...statistics],
    (x: Tensor4D, mean: Tensor1D, variance: Tensor1D, offset: Tensor1D, scale: Tensor1D) =>
      tf.batchNorm(x, mean, variance, offset, scale, 1e-3),
    { gradient: 'eager', tolerance: 1e-4 },
  ),
  op(
    'batchNorm without scale and offset',
    [image(2, 3, 5, 16), normal(16), positive(16)],
    (x: Tensor4D, mean: Tensor1D, variance: Tensor1D) => tf.batchNorm(x, mean, variance),
    { tolerance: 1e-4 },
  ),
  op(
    'batchNorm with statistics a pixel',
    [image(2, 3, 5, 16), normal(2, 3, 5, 16), positive(2, 3, 5, 16)],
    (x: Tensor4D, mean: Tensor4D, variance: Tensor4D) => tf.batchNorm(x, mean, variance),
  ),
  op(
    'batchNorm of rows',
    [normal(4, 16), ...statistics],
    (x: Tensor2D, mean: Tensor1D, variance: Tensor1D, offset: Tensor1D, scale: Tensor1D) =>
      tf.batchNorm(x, mean, variance, offset, scale),
  ),
  op('localResponseNormalization', [image(2, 3, 5, 16)], (x: Tensor4D) =>
    tf.localResponseNormalization(x, 2, 1, 0.3, 0.6),
  ),
  op('localResponseNormalization of 3 channels', [image(2, 3, 5, 3)], (x: Tensor4D) =>
    tf.localResponseNormalization(x),
  ),
];
