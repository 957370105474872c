/** Sliding windows: tfjs's strides and paddings as ONNX writes them, and what gradients of windows share. */

import type { backend_util, Conv2DAttrs } from '@tensorflow/tfjs';
import type { Value } from '../../onnx/ir.ts';
import { knownShape, type Shape4 } from '../../onnx/shapes.ts';
import { tf } from '../../tfjs.ts';
import type { Lowering } from '../lowering.ts';
import type { Layout } from '../traced.ts';

type Pair = readonly [number, number];
/** A two-dimensional window over an image. All pairs are [height, width]. */
export interface Window {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Padding before (top, left) and after (bottom, right). */
  readonly before: Pair;
  readonly after: Pair;
  readonly input: Pair;
  readonly output: Pair;
  readonly outShape: Shape4;
}

export interface WindowAttributes {
  readonly strides: [number, number] | number;
  readonly pad: Conv2DAttrs['pad'];
  readonly dilations?: [number, number] | number;
  readonly dataFormat?: string;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** The window of a convolution. Shapes are logical: image [N, H, W, C], filter [kh, kw, I, O] or [kh, kw, C, m]. */
export function convolutionWindow(
  imageShape: readonly number[],
  filterShape: readonly number[],
  attributes: WindowAttributes,
  depthwise: boolean,
): Window {
  if (attributes.dataFormat && attributes.dataFormat !== 'NHWC') {
    throw new Error(`the data format ${attributes.dataFormat} is not supported; tfjs's default is NHWC`);
  }
  return fromInfo(
    tf.backend_util.computeConv2DInfo(
      [...(imageShape as Shape4)],
      [...(filterShape as Shape4)],
      attributes.strides,
      attributes.dilations ?? 1,
      attributes.pad,
      attributes.dimRoundingMode,
      depthwise,
    ),
  );
}

export const poolingWindow = (
  imageShape: readonly number[],
  filterSize: [number, number] | number,
  { strides, pad, dimRoundingMode }: WindowAttributes,
): Window =>
  fromInfo(
    tf.backend_util.computePool2DInfo(
      [...(imageShape as Shape4)],
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    ),
  );

const fromInfo = (info: backend_util.Conv2DInfo): Window => ({
  kernel: [info.filterHeight, info.filterWidth],
  strides: [info.strideHeight, info.strideWidth],
  dilations: [info.dilationHeight, info.dilationWidth],
  before: [info.padInfo.top, info.padInfo.left],
  after: [info.padInfo.bottom, info.padInfo.right],
  input: [info.inHeight, info.inWidth],
  output: [info.outHeight, info.outWidth],
  outShape: info.outShape as Shape4,
});

/** The padding as ONNX writes it: [top, left, bottom, right]. */
export const pads = ({ before, after }: Window): number[] => [...before, ...after];

/** Rows and columns that one application of the (dilated) kernel spans. */
export const extent = ({ kernel, dilations }: Window): Pair => [
  (kernel[0] - 1) * dilations[0] + 1,
  (kernel[1] - 1) * dilations[1] + 1,
];

export const isStrided = ({ strides }: Window): boolean => strides[0] > 1 || strides[1] > 1;

export const isPointwise = ({ kernel }: Window): boolean => kernel[0] === 1 && kernel[1] === 1;

/**
 * The image dy of a window's outputs spread over its strides, zeros between: what turns the input gradient of a
 * strided window into that of a window with stride 1. Physical [N, C, H, W] → [N, C, s·H, s·W], nchw or blocked.
 */
export function insertZeros(lower: Lowering, dy: Value, layout: Layout, strides: Pair): Value {
  const [sh, sw] = strides;
  if (sh === 1 && sw === 1) return dy;
  const [n, c, h, w] = knownShape(dy.type.shape) as Shape4;
  // The innermost dimension of the blocked layout is the block.
  const inner = layout === 'blocked' ? lower.device.block : 1;
  const spread = lower.reshape(dy, [n * (c / inner), h, 1, w, inner]);
  const padding = [0, 0, 0, 0, 0, 0, 0, sh - 1, 0, (sw - 1) * inner];
  return lower.reshape(lower.graph.node('Pad', [spread, lower.graph.ints(padding)]), [n, c, h * sh, w * sw]);
}

/**
 * The padding (negative: cropping) with which a stride-1 window over `insertZeros(dy)` yields the gradient of the
 * input: extent − 1 − before in front, and behind what makes the result as large as the input.
 */
export function gradientPads(window: Window): number[] {
  const span = extent(window);
  const front = [0, 1].map((axis) => (span[axis as 0] - 1 - window.before[axis as 0]) as number);
  const back = [0, 1].map((axis) => {
    const spread = window.output[axis as 0] * window.strides[axis as 0];
    return window.input[axis as 0] - spread - (front[axis] as number) + span[axis as 0] - 1;
  });
  return [...front, ...back];
}

/** Splits pads into a crop (their negative parts), applied here, and the padding that remains for the operator. */
export function applyCrop(
  lower: Lowering,
  image: Value,
  layout: Layout,
  padding: readonly number[],
): { image: Value; padding: number[] } {
  const rest = padding.map((p) => Math.max(p, 0));
  if (padding.every((p) => p >= 0)) return { image, padding: rest };
  const [, , h, w] = knownShape(image.type.shape) as Shape4;
  const crop = padding.map((p) => Math.max(-p, 0)) as [number, number, number, number];
  const cropped = slicePixels(lower, image, layout, [crop[0], crop[1]], [h - crop[2], w - crop[3]]);
  return { image: cropped, padding: rest };
}

/** Rows and columns from `begin` to `end` in steps, of a physical nchw or blocked image. */
export function slicePixels(
  lower: Lowering,
  image: Value,
  layout: Layout,
  begin: Pair,
  end: Pair,
  steps: Pair = [1, 1],
): Value {
  const { graph } = lower;
  const pixels = layout === 'blocked' ? lower.toBlocks(image) : image;
  const sliced = graph.node('Slice', [
    pixels,
    graph.ints(begin),
    graph.ints(end),
    graph.ints([2, 3]),
    graph.ints(steps),
  ]);
  return layout === 'blocked' ? lower.fromBlocks(sliced) : sliced;
}
