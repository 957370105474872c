/** Convolutions and their gradients: kernels, strides, dilations, paddings, sizes that fit and that do not. */
import type { backend_util, Tensor4D } from '@tensorflow/tfjs';
import { depthwiseConvolve, dilate } from '../../../src/nn/convolution.ts';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { image, normal } from '../inputs.ts';

type Pad = 'same' | 'valid' | backend_util.ExplicitPadding;

const explicit = (top: number, bottom: number, left: number, right: number): Pad => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
];
const padName = (pad: Pad): string => (typeof pad === 'string' ? pad : `pads ${pad.slice(1, 3).join(' ')}`);

interface Case {
  readonly kernel: number | readonly [number, number];
  readonly stride?: number | [number, number];
  readonly pad?: Pad;
  readonly size?: readonly [height: number, width: number];
}

/** What convolutions and depthwise convolutions are tried with. */
const cases: readonly Case[] = [
  ...[1, 3, 5].flatMap((kernel) =>
    [1, 2].flatMap((stride) =>
      (['same', 'valid'] as const).flatMap((pad) =>
        [7, 8].map((size): Case => ({ kernel, stride, pad, size: [size, size] })),
      ),
    ),
  ),
  { kernel: 3, stride: 2, pad: explicit(1, 1, 1, 1), size: [9, 8] },
  { kernel: 5, stride: 2, pad: explicit(2, 2, 2, 2), size: [8, 7] },
  { kernel: 3, stride: 1, pad: explicit(0, 2, 1, 0), size: [5, 6] },
  { kernel: 1, stride: 1, pad: explicit(1, 0, 0, 1), size: [5, 6] },
  { kernel: 1, stride: 2, pad: explicit(1, 0, 0, 1), size: [6, 5] },
  { kernel: [1, 3], stride: [2, 1], pad: 'same', size: [6, 7] },
  { kernel: 3, stride: 3, pad: 'valid', size: [10, 11] },
  { kernel: 2, stride: 3, pad: 'same', size: [7, 8] },
  { kernel: 7, stride: 1, pad: 'same', size: [4, 5] },
];

const kernelOf = ({ kernel }: Case): readonly [number, number] =>
  typeof kernel === 'number' ? [kernel, kernel] : kernel;

const titleOf = ({ kernel, stride = 1, pad = 'same', size = [7, 7] }: Case): string =>
  `${kernel} stride ${stride} ${padName(pad)} of ${size.join('×')}`;

const options = { gradient: 'both', tolerance: 1e-4 } as const;

const convolution = (channels: number, filters: number, given: Case): Row => {
  const { stride = 1, pad = 'same', size = [7, 7] } = given;
  return op(
    `conv2d ${channels}→${filters} ${titleOf(given)}`,
    [image(2, ...size, channels), normal(...kernelOf(given), channels, filters)],
    (x: Tensor4D, w: Tensor4D) =>
      tf.conv2d(x, w, stride, pad, 'NHWC', 1, Array.isArray(pad) ? 'floor' : undefined),
    options,
  );
};

const depthwise = (channels: number, multiplier: number, given: Case): Row => {
  const { stride = 1, pad = 'same', size = [7, 7] } = given;
  return op(
    `depthwiseConv2d ${channels}·${multiplier} ${titleOf(given)}`,
    [image(2, ...size, channels), normal(...kernelOf(given), channels, multiplier)],
    (x: Tensor4D, w: Tensor4D) =>
      tf.depthwiseConv2d(x, w, stride, pad, 'NHWC', 1, Array.isArray(pad) ? 'floor' : undefined),
    options,
  );
};

/** tfjs differentiates no dilated convolution; the one with zeros between the taps is the same. */
const dilated = (channels: number, kernel: number, stride: number, size: number): Row =>
  op(
    `dilated depthwise convolution ${channels}, ${kernel} stride ${stride} of ${size}`,
    [image(2, size, size, channels), normal(kernel, kernel, channels, 1)],
    (x: Tensor4D, w: Tensor4D) => depthwiseConvolve(x, w, { stride, dilation: 2 }),
    options,
  );

const transposed = (
  channels: number,
  filters: number,
  kernel: number,
  stride: number,
  pad: 'same' | 'valid',
): Row => {
  const size = pad === 'same' ? 4 * stride : (4 - 1) * stride + kernel;
  return op(
    `conv2dTranspose ${channels}→${filters} ${kernel} stride ${stride} ${pad}`,
    [image(2, 4, 4, channels), normal(kernel, kernel, filters, channels)],
    (x: Tensor4D, w: Tensor4D) => tf.conv2dTranspose(x, w, [2, size, size, filters], stride, pad),
    options,
  );
};

const activations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const;

export const rows: readonly Row[] = [
  ...cases.map((given) => convolution(16, 32, given)),
  ...cases.filter(({ stride = 1 }) => stride !== 1).map((given) => convolution(4, 5, given)),
  ...cases.slice(8, 16).map((given) => convolution(3, 16, given)),
  ...cases.slice(8, 12).map((given) => convolution(16, 10, given)),
  ...cases.slice(8, 12).map((given) => convolution(20, 16, given)),
  ...cases.map((given) => depthwise(16, 1, given)),
  ...cases.slice(8, 16).map((given) => depthwise(16, 2, given)),
  ...cases.slice(8, 16).map((given) => depthwise(3, 2, given)),
  ...[16, 3].flatMap((channels) =>
    [3, 5].flatMap((kernel) =>
      [1, 2].flatMap((stride) => [7, 8, 9].map((size) => dilated(channels, kernel, stride, size))),
    ),
  ),
  ...[1, 2].flatMap((stride) =>
    [1, 3, 4].flatMap((kernel) =>
      (['same', 'valid'] as const).map((pad) => transposed(16, 32, kernel, stride, pad)),
    ),
  ),
  transposed(3, 5, 3, 2, 'same'),
  transposed(32, 3, 3, 1, 'same'),
  ...[2, 3].map((dilation) =>
    op(
      `conv2d with dilation ${dilation}`,
      [image(2, 9, 8, 16), normal(3, 3, 16, 16)],
      (x: Tensor4D, w: Tensor4D) => tf.conv2d(x, w, 1, 'same', 'NHWC', dilation),
      {
        tolerance: 1e-4,
        reference: (x: Tensor4D, w: Tensor4D) => tf.conv2d(x, dilate(w, dilation), 1, 'same'),
      },
    ),
  ),
  op(
    'depthwiseConv2d with dilation',
    [image(2, 9, 8, 16), normal(3, 3, 16, 1)],
    (x: Tensor4D, w: Tensor4D) => tf.depthwiseConv2d(x, w, 1, 'valid', 'NHWC', 2),
    { tolerance: 1e-4 },
  ),
  op(
    'conv2d with a filter that looks like images',
    [image(2, 6, 6, 16), normal(3, 8, 3, 16)],
    (x: Tensor4D, w) => tf.conv2d(x, tf.transpose(w, [0, 2, 3, 1]) as Tensor4D, 1, 'same'),
    options,
  ),
  op(
    'separableConv2d',
    [image(2, 6, 6, 16), normal(3, 3, 16, 1), normal(1, 1, 16, 32)],
    (x: Tensor4D, w: Tensor4D, p: Tensor4D) => tf.separableConv2d(x, w, p, 1, 'same'),
    options,
  ),
  op(
    'two convolutions with a bias between',
    [image(2, 6, 6, 16), normal(3, 3, 16, 32), normal(32), normal(1, 1, 32, 16)],
    (x: Tensor4D, w: Tensor4D, b, v: Tensor4D) =>
      tf.conv2d(tf.relu(tf.add(tf.conv2d(x, w, 2, 'same'), b)) as Tensor4D, v, 1, 'same'),
    { gradient: 'eager', tolerance: 1e-3 },
  ),
  ...activations.flatMap((activation) => [
    op(
      `fused conv2d with ${activation}`,
      [image(2, 6, 6, 16), normal(3, 3, 16, 16), normal(16)],
      (x: Tensor4D, filter: Tensor4D, bias) =>
        tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', bias, activation, leakyreluAlpha: 0.3 }),
      { tolerance: 1e-4 },
    ),
    op(
      `fused depthwiseConv2d with ${activation}`,
      [image(2, 6, 6, 16), normal(3, 3, 16, 1), normal(16)],
      (x: Tensor4D, filter: Tensor4D, bias) =>
        tf.fused.depthwiseConv2d({
          x,
          filter,
          strides: 1,
          pad: 'same',
          bias,
          activation,
          leakyreluAlpha: 0.3,
        }),
      { tolerance: 1e-4 },
    ),
  ]),
  op(
    'fused conv2d with prelu',
    [image(2, 6, 6, 16), normal(3, 3, 16, 16), normal(16)],
    (x: Tensor4D, filter: Tensor4D, slope) =>
      tf.fused.conv2d({
        x,
        filter,
        strides: 1,
        pad: 'same',
        activation: 'prelu',
        preluActivationWeights: slope,
      }),
    { tolerance: 1e-4 },
  ),
];
