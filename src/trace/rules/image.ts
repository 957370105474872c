/** Kernels that rearrange images: mirrored, channels to pixels, pixels to the batch. */
import { tf } from '../../tfjs.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { pad } from './padding.ts';
import { reshape, transpose } from './shape.ts';
import { reverse, slice } from './slicing.ts';

/** The axis of an image's columns. */
const columnAxis = 2;

/** Blocks of channels become squares of pixels, the channel the last part of a block in tfjs and in ONNX's mode DCR. */
function depthToSpace(lower: Lowering, x: Traced, blockSize: number, dataFormat: string): Traced {
  if (dataFormat !== 'NHWC') throw new Error(`the data format is ${dataFormat}, expected NHWC`);
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const attributes = { blocksize: blockSize, mode: 'DCR' };
  const y = lower.graph.node('DepthToSpace', [lower.as(x, 'nchw')], attributes);
  const shape = [n, h * blockSize, w * blockSize, c / (blockSize * blockSize)];
  return lower.traced(y, 'nchw', shape, x.dtype);
}

const blockArea = (blockShape: readonly number[]): number => blockShape.reduce((a, b) => a * b, 1);

function batchToSpace(lower: Lowering, x: Traced, blockShape: number[], crops: number[][]): Traced {
  const [shape, area, dimensions] = [[...x.shape], blockArea(blockShape), blockShape.length];
  const split = reshape(lower, x, tf.backend_util.getReshaped(shape, blockShape, area));
  const ordered = transpose(lower, split, tf.backend_util.getPermuted(split.shape.length, dimensions));
  const spread = tf.backend_util.getReshapedPermuted(shape, blockShape, area);
  return slice(lower, reshape(lower, ordered, spread), {
    begin: tf.backend_util.getSliceBeginCoords(crops, dimensions),
    size: tf.backend_util.getSliceSize(spread, crops, dimensions),
  });
}

function spaceToBatch(lower: Lowering, x: Traced, blockShape: number[], paddings: number[][]): Traced {
  const [area, dimensions] = [blockArea(blockShape), blockShape.length];
  const sides = x.shape.map((_, axis): [number, number] => {
    const [before = 0, after = 0] = paddings[axis - 1] ?? [];
    return [before, after];
  });
  const padded = pad(lower, x, sides);
  const shape = [...padded.shape];
  const split = reshape(lower, padded, tf.backend_util.getReshaped(shape, blockShape, area, false));
  const ordered = transpose(lower, split, tf.backend_util.getPermuted(split.shape.length, dimensions, false));
  return reshape(lower, ordered, tf.backend_util.getReshapedPermuted(shape, blockShape, area, false));
}

export const image = {
  BatchToSpaceND: (lower, { x }, { blockShape, crops }) => batchToSpace(lower, x, blockShape, crops),
  DepthToSpace: (lower, { x }, { blockSize, dataFormat }) => depthToSpace(lower, x, blockSize, dataFormat),
  FlipLeftRight: (lower, { image: x }) => reverse(lower, x, [columnAxis]),
  SpaceToBatchND: (lower, { x }, { blockShape, paddings }) => spaceToBatch(lower, x, blockShape, paddings),
} satisfies Partial<Rules>;
