/** Convolutions as DARTS uses them: symmetric explicit padding at every stride, no bias; dilated depthwise ones. */
import type { backend_util, Tensor, Tensor4D } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import { withGradient } from './gradient.ts';
import { hasKernel, runKernel } from './kernel.ts';

export interface Geometry {
  readonly stride?: number;
  readonly dilation?: number;
  /** `symmetric` (the default) keeps the size at stride 1; `valid` pads nothing. */
  readonly padding?: 'symmetric' | 'valid';
}

/** The padding that keeps the size at stride 1, the same on both sides at stride 2 too (unlike tfjs's `same`). */
export const symmetricPadding = (kernel: number, dilation = 1): backend_util.ExplicitPadding => {
  const p = (dilation * (kernel - 1)) / 2;
  return [
    [0, 0],
    [p, p],
    [p, p],
    [0, 0],
  ];
};

/** An image and how a kernel is to pad it: x, pad and dimRoundingMode as tfjs's operations take them. */
type Padded = readonly [
  x: Tensor4D,
  pad: backend_util.ExplicitPadding | 'valid',
  rounding: 'floor' | undefined,
];

/**
 * libtensorflow's pools and gradients know no padding but `valid` and `same`: for them the image is padded beforehand.
 *
 * @param filler what the padding is made of
 */
export function padded(x: Tensor4D, padding: backend_util.ExplicitPadding, filler = 0): Padded {
  if (tf.getBackend() !== 'tensorflow') return [x, padding, 'floor'];
  return [tf.pad(x, padding, filler), 'valid', undefined];
}

/** x [N, H, W, I] * filter [k, k, I, O] → [N, ⌈H/s⌉, ⌈W/s⌉, O]. */
export function convolve(
  x: Tensor4D,
  filter: Tensor4D,
  { stride = 1, padding = 'symmetric' }: Geometry = {},
): Tensor4D {
  if (padding === 'valid') return tf.conv2d(x, filter, stride, 'valid');
  const [image, pad, rounding] = padded(x, symmetricPadding(filter.shape[0]));
  return tf.conv2d(image, filter, stride, pad, 'NHWC', 1, rounding);
}

/** x [N, H, W, C] * filter [k, k, C, 1], each channel by itself → [N, ⌈H/s⌉, ⌈W/s⌉, C]. */
export function depthwiseConvolve(
  x: Tensor4D,
  filter: Tensor4D,
  { stride = 1, dilation = 1 }: Geometry = {},
): Tensor4D {
  const padding = symmetricPadding(filter.shape[0], dilation);
  if (dilation > 1 && hasKernel('DilatedDepthwiseConv2d')) {
    const attributes = { strides: stride, pad: padding, dilations: dilation, dimRoundingMode: 'floor' };
    return dilatedDepthwise(x, filter, attributes);
  }
  // tfjs refuses to differentiate dilated convolutions, and stride and dilation together; a filter with zeros
  // between its taps is the same function.
  const taps = dilation > 1 ? dilate(filter, dilation) : filter;
  const [image, pad, rounding] = padded(x, padding);
  return tf.depthwiseConv2d(image, taps, stride, pad, 'NHWC', 1, rounding);
}

function dilatedDepthwise(x: Tensor4D, filter: Tensor4D, attributes: object): Tensor4D {
  const run = (name: string, inputs: Record<string, Tensor>, extra: object): Tensor =>
    runKernel(name, inputs, { ...attributes, ...extra })[0] as Tensor;
  return withGradient(
    [x, filter],
    () => ({
      value: run('DilatedDepthwiseConv2d', { x, filter }, {}) as Tensor4D,
      kept: [x, filter],
    }),
    (dy, kept) => {
      const [image, weights] = kept as [Tensor, Tensor];
      return [
        run('DilatedDepthwiseConv2dBackpropInput', { dy, filter: weights }, { inputShape: image.shape }),
        run('DilatedDepthwiseConv2dBackpropFilter', { x: image, dy }, { filterShape: weights.shape }),
      ];
    },
  );
}

/** The filter with dilation − 1 zeros between its taps: [k, k, C, m] → [d(k−1)+1, d(k−1)+1, C, m]. */
export function dilate(filter: Tensor4D, dilation: number): Tensor4D {
  const [k, , c, m] = filter.shape;
  const extent = dilation * (k - 1) + 1;
  const gap = dilation - 1;
  const spread = tf.pad(filter.reshape([k, 1, k, 1, c * m]), [
    [0, 0],
    [0, gap],
    [0, 0],
    [0, gap],
    [0, 0],
  ]);
  return spread
    .reshape([k * dilation, k * dilation, c, m])
    .slice([0, 0, 0, 0], [extent, extent, c, m]) as Tensor4D;
}
