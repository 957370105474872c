/**
 * Images of another size, and the gradients.
 *
 * Both ways of resizing are linear in the image and treat rows and columns alike: Y = R·X·Cᵀ with a matrix of
 * weights a side. So the gradient is Rᵀ·dY·C.
 */
import type { ResizeBilinearAttrs } from '@tensorflow/tfjs';
import type { Attributes, Value } from '../../onnx/ir.ts';
import { cast } from '../dtypes.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';

type Sampling = Pick<ResizeBilinearAttrs, 'alignCorners' | 'halfPixelCenters'>;
type Method = 'linear' | 'nearest';

/** Where the pixels of the result lie in the image, as ONNX calls it. */
const coordinates = ({ alignCorners, halfPixelCenters }: Sampling): string => {
  if (alignCorners) return 'align_corners';
  return halfPixelCenters ? 'half_pixel' : 'asymmetric';
};

/**
 * How the nearest pixel is found. tfjs rounds half up, or rounds down; but with pixel centres it leaves the half away
 * that ONNX subtracts, so that rounding half up is the same.
 */
const nearestMode = (sampling: Sampling): string =>
  coordinates(sampling) === 'asymmetric' ? 'floor' : 'round_prefer_ceil';

const modes: Record<Method, (sampling: Sampling) => Attributes> = {
  linear: (sampling) => ({ mode: 'linear', coordinate_transformation_mode: coordinates(sampling) }),
  nearest: (sampling) => ({
    mode: 'nearest',
    coordinate_transformation_mode: coordinates(sampling),
    nearest_mode: nearestMode(sampling),
  }),
};

function resize(
  lower: Lowering,
  method: Method,
  x: Traced,
  { size, ...sampling }: ResizeBilinearAttrs,
): Traced {
  const { graph } = lower;
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const [height, width] = size;
  // Scales leave the batch open, sizes name it; but a scale may round to another size.
  const scales = [height / h, width / w].map(Math.fround) as [number, number];
  const exact = Math.floor(h * scales[0]) === height && Math.floor(w * scales[1]) === width;
  const target = exact
    ? [graph.constant(Float32Array.of(1, 1, ...scales), { dtype: 'float32', shape: [4] })]
    : [null, graph.ints([n, c, height, width])];
  const y = graph.node('Resize', [lower.as(x, 'nchw'), null, ...target], modes[method](sampling));
  return lower.traced(y, 'nchw', [n, height, width, c], x.dtype);
}

/** The weights [to, from] with which the pixels along one side of the result are made of those of the image. */
const weights: Record<Method, (from: number, to: number, sampling: Sampling) => Float32Array> = {
  linear: (from, to, sampling) =>
    matrix(from, to, (position) => {
      const source = Math.min(Math.max(place(position, from, to, sampling), 0), from - 1);
      const floor = Math.floor(source);
      return [
        [floor, 1 - (source - floor)],
        [Math.min(floor + 1, from - 1), source - floor],
      ];
    }),
  nearest: (from, to, sampling) =>
    matrix(from, to, (position) => {
      const source = place(position, from, to, sampling);
      const index = nearestMode(sampling) === 'floor' ? Math.floor(source) : Math.floor(source + 0.5);
      return [[Math.min(Math.max(index, 0), from - 1), 1]];
    }),
};

/** Where a pixel of the result lies in the image. */
function place(
  position: number,
  from: number,
  to: number,
  { alignCorners, halfPixelCenters }: Sampling,
): number {
  const ratio = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  return halfPixelCenters ? (position + 0.5) * ratio - 0.5 : position * ratio;
}

function matrix(
  from: number,
  to: number,
  row: (position: number) => readonly (readonly [column: number, weight: number])[],
): Float32Array {
  const elements = new Float32Array(to * from);
  for (let position = 0; position < to; position++) {
    for (const [column, weight] of row(position)) {
      const index = position * from + column;
      elements[index] = (elements[index] as number) + weight;
    }
  }
  return elements;
}

function gradient(lower: Lowering, method: Method, images: Traced, dy: Traced, sampling: Sampling): Traced {
  const { graph } = lower;
  const side = (axis: 1 | 2): Value => {
    const [from, to] = [images.shape[axis] as number, dy.shape[axis] as number];
    const elements = weights[method](from, to, sampling);
    return graph.constant(elements, { dtype: 'float32', shape: [to, from] });
  };
  const rows = graph.node('Transpose', [side(1)], { perm: [1, 0] });
  const dx = graph.node('MatMul', [rows, graph.node('MatMul', [lower.as(dy, 'nchw'), side(2)])]);
  return lower.traced(dx, 'nchw', images.shape);
}

export const resizing = {
  ResizeBilinear: (lower, { images }, attributes) =>
    resize(lower, 'linear', cast(lower, images, 'float32'), attributes),
  ResizeBilinearGrad: (lower, { images, dy }, attributes) =>
    gradient(lower, 'linear', images, dy, attributes),
  ResizeNearestNeighbor: (lower, { images }, attributes) => resize(lower, 'nearest', images, attributes),
  ResizeNearestNeighborGrad: (lower, { images, dy }, attributes) =>
    gradient(lower, 'nearest', images, dy, attributes),
} satisfies Partial<Rules>;
