/**
 * Images of another size, and the gradients.
 *
 * Both ways of resizing are linear in the image and treat rows and columns alike: Y = R·X·Cᵀ with a matrix of
 * weights a side. So the gradient is Rᵀ·dY·C.
 */

import type { ResizeBilinearAttrs } from '@tensorflow/tfjs';
import type { Attributes, Value } from '../../onnx/ir.ts';
import { sameShape } from '../../onnx/shapes.ts';
import { cast } from '../dtypes.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { vector } from './creation.ts';
import { gather } from './gathering.ts';

type Size = readonly [height: number, width: number];
type Sampling = Pick<ResizeBilinearAttrs, 'alignCorners' | 'halfPixelCenters'>;

/** One side of the image: as long as it is, and as it becomes. */
interface Side extends Sampling {
  readonly from: number;
  readonly to: number;
}

const ratioOf = ({ from, to, alignCorners }: Side): number =>
  alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;

/** The pixel that becomes one of the result, by the arithmetic of tfjs. */
function nearestPixel(position: number, side: Side): number {
  const source = ratioOf(side) * (position + (side.halfPixelCenters ? 0.5 : 0));
  return Math.min(side.from - 1, side.alignCorners ? Math.round(source) : Math.floor(source));
}

/** The pixels that one of the result lies between, with their weights. */
function linearPixels(position: number, side: Side): readonly (readonly [pixel: number, weight: number])[] {
  const shift = side.halfPixelCenters ? 0.5 : 0;
  const last = side.from - 1;
  const source = Math.min(Math.max(ratioOf(side) * (position + shift) - shift, 0), last);
  const floor = Math.floor(source);
  return [
    [floor, 1 - (source - floor)],
    [Math.min(floor + 1, last), source - floor],
  ];
}

const positionsOf = ({ to }: Side): number[] => [...Array(to).keys()];

/**
 * The scale that makes a side as long as it is to be, whoever multiplies: onnxruntime rounds the product to float32, ONNX's
 * shape inference does not. One that is rounded down to float32 falls short, and the next one does not.
 */
function scaleOf(from: number, to: number): number {
  const scale = Float32Array.of(to / from);
  if (Math.floor(from * (scale[0] as number)) < to) {
    const bits = new Uint32Array(scale.buffer);
    bits[0] = (bits[0] as number) + 1;
  }
  return scale[0] as number;
}

/** The Resize operator, on an nchw image. */
function resize(lower: Lowering, x: Traced, [height, width]: Size, attributes: Attributes): Traced {
  const { graph } = lower;
  const [n, h, w, c] = x.shape as [number, number, number, number];
  // Scales leave the batch open, sizes name it; but rounded to float32 a scale may miss the size.
  const scales = Float32Array.of(1, 1, scaleOf(h, height), scaleOf(w, width));
  const reached = [n, c, h, w].map((size, axis) => size * (scales[axis] as number));
  const isReached = [reached, reached.map(Math.fround)].every((sizes) =>
    sameShape(sizes.map(Math.floor), [n, c, height, width]),
  );
  const target = isReached
    ? [graph.constant(scales, { dtype: 'float32', shape: [4] })]
    : [null, graph.ints([n, c, height, width])];
  const y = graph.node('Resize', [lower.as(x, 'nchw'), null, ...target], attributes);
  return lower.traced(y, 'nchw', [n, height, width, c], x.dtype);
}

/** Rows, then columns, by index: Resize computes in float32 and may take a neighbour where tfjs takes the pixel. */
const pickPixels = (lower: Lowering, x: Traced, size: Size, sampling: Sampling): Traced =>
  ([1, 2] as const).reduce<Traced>((image, axis) => {
    const side = { ...sampling, from: image.shape[axis] as number, to: size[axis - 1] as number };
    const pixels = positionsOf(side).map((position) => nearestPixel(position, side));
    return gather(lower, image, vector(lower, pixels, 'int32'), axis, 0);
  }, x);

function nearest(lower: Lowering, x: Traced, { size, ...sampling }: ResizeBilinearAttrs): Traced {
  const isMultiple = size.every((length, i) => length % (x.shape[i + 1] as number) === 0);
  if (!isMultiple || sampling.alignCorners || x.layout === 'blocked')
    return pickPixels(lower, x, size, sampling);
  // Every pixel becomes a block of its own, wherever the pixels' centres are.
  return resize(lower, x, size, {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

/** Where the pixels of the result lie in the image, as ONNX calls it. */
const coordinates = ({ alignCorners, halfPixelCenters }: Sampling): string => {
  if (alignCorners) return 'align_corners';
  return halfPixelCenters ? 'half_pixel' : 'asymmetric';
};

const bilinear = (lower: Lowering, x: Traced, { size, ...sampling }: ResizeBilinearAttrs): Traced =>
  resize(lower, cast(lower, x, 'float32'), size, {
    mode: 'linear',
    coordinate_transformation_mode: coordinates(sampling),
  });

type Weights = (position: number, side: Side) => readonly (readonly [pixel: number, weight: number])[];

/** The weights of one side as a matrix [to, from]. */
function matrix(lower: Lowering, weights: Weights, side: Side): Value {
  const elements = new Float32Array(side.to * side.from);
  for (const position of positionsOf(side)) {
    for (const [pixel, weight] of weights(position, side)) {
      const index = position * side.from + pixel;
      elements[index] = (elements[index] as number) + weight;
    }
  }
  return lower.graph.constant(elements, { dtype: 'float32', shape: [side.to, side.from] });
}

function gradient(lower: Lowering, weights: Weights, images: Traced, dy: Traced, sampling: Sampling): Traced {
  const { graph } = lower;
  const [rows, columns] = ([1, 2] as const).map((axis) =>
    matrix(lower, weights, { ...sampling, from: images.shape[axis] as number, to: dy.shape[axis] as number }),
  ) as [Value, Value];
  const byColumns = graph.node('MatMul', [lower.as(dy, 'nchw'), columns]);
  const dx = graph.node('MatMul', [graph.node('Transpose', [rows], { perm: [1, 0] }), byColumns]);
  return lower.traced(dx, 'nchw', images.shape);
}

export const resizing = {
  ResizeBilinear: (lower, { images }, attributes) => bilinear(lower, images, attributes),
  ResizeBilinearGrad: (lower, { images, dy }, attributes) =>
    gradient(lower, linearPixels, images, dy, attributes),
  ResizeNearestNeighbor: (lower, { images }, attributes) => nearest(lower, images, attributes),
  ResizeNearestNeighborGrad: (lower, { images, dy }, attributes) =>
    gradient(lower, (position, side) => [[nearestPixel(position, side), 1]], images, dy, attributes),
} satisfies Partial<Rules>;
