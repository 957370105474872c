/** What a lowering rule works with: a builder, the device, and the conversions between layouts. */

import type { DataType } from '@tensorflow/tfjs';
import type { Builder } from '../onnx/build.ts';
import type { Value } from '../onnx/ir.ts';
import { knownShape, sameShape } from '../onnx/shapes.ts';
import { expand } from './broadcast.ts';
import { type Device, imageLayout } from './device.ts';
import { type Layout, onnxType, type Traced, toPhysical } from './traced.ts';

export interface Lowering {
  readonly graph: Builder;
  readonly device: Device;
  /** The value in the wanted layout; conversions that move no data (a dimension of size 1) are reshapes. */
  as(x: Traced, layout: Layout): Value;
  /** The layout in which the device holds an image-like result of this logical shape. */
  imageLayout(shape: readonly number[], dtype?: DataType): Layout;
  /** A result; checks that the graph's type is the one that tfjs expects. */
  traced(value: Value, layout: Layout, shape: readonly number[], dtype?: DataType): Traced;
  reshape(value: Value, shape: readonly number[]): Value;
  /** A blocked value as [N, C/B, H, W, B]. */
  toBlocks(value: Value): Value;
  /** The inverse of `toBlocks`. */
  fromBlocks(value: Value): Value;
}

export function createLowering(graph: Builder, device: Device): Lowering {
  const { block } = device;

  const reshape = (value: Value, shape: readonly number[]): Value =>
    sameShape(knownShape(value.type.shape), shape)
      ? value
      : graph.node('Reshape', [value, graph.ints(shape)]);

  const toBlocks = (value: Value): Value => {
    const [n, c, h, w] = knownShape(value.type.shape) as [number, number, number, number];
    return reshape(value, [n, c / block, h, w, block]);
  };

  const fromBlocks = (value: Value): Value => {
    const [n, blocks, h, w, b] = knownShape(value.type.shape) as [number, number, number, number, number];
    return reshape(value, [n, blocks * b, h, w]);
  };

  const blockedFromNchw = (value: Value): Value => {
    const [n, c, h, w] = knownShape(value.type.shape) as [number, number, number, number];
    if (block === 0 || c % block !== 0)
      throw new Error(`${c} channels do not divide into blocks of ${block}`);
    if (value.type.dtype === 'float32') return graph.node('com.microsoft.nchwc.ReorderInput', [value]);
    const split = reshape(value, [n, c / block, block, h, w]);
    return fromBlocks(graph.node('Transpose', [split], { perm: [0, 1, 3, 4, 2] }));
  };

  const nchwFromBlocked = (value: Value): Value => {
    const shape = knownShape(value.type.shape);
    if (value.type.dtype === 'float32')
      return graph.node('com.microsoft.nchwc.ReorderOutput', [value], { channels: shape[1] as number });
    return reshape(graph.node('Transpose', [toBlocks(value)], { perm: [0, 1, 4, 2, 3] }), shape);
  };

  const as = (x: Traced, layout: Layout): Value => {
    if (x.layout === layout) return x.value;
    if (x.shape.length !== 4) throw new Error(`a value of shape [${x.shape}] has no ${layout} layout`);
    if (x.narrow) return expand(lowering, x.narrow, layout, x.shape);
    const [, h, w, c] = x.shape as [number, number, number, number];
    const physical = toPhysical(layout, x.shape);
    // One pixel or one channel: all orders are the same.
    const ordered = layout === 'plain' || x.layout === 'plain' ? h * w === 1 || c === 1 : h * w === 1;
    if (ordered) return reshape(x.value, physical);
    if (x.layout === 'plain') {
      const nchw = graph.node('Transpose', [x.value], { perm: [0, 3, 1, 2] });
      return layout === 'nchw' ? nchw : blockedFromNchw(nchw);
    }
    if (layout === 'blocked') return blockedFromNchw(x.value);
    const nchw = x.layout === 'blocked' ? nchwFromBlocked(x.value) : x.value;
    return layout === 'nchw' ? nchw : graph.node('Transpose', [nchw], { perm: [0, 2, 3, 1] });
  };

  const traced = (
    value: Value,
    layout: Layout,
    shape: readonly number[],
    dtype: DataType = 'float32',
  ): Traced => {
    const expected = toPhysical(layout, shape);
    const actual = knownShape(value.type.shape);
    if (!sameShape(actual, expected) || value.type.dtype !== onnxType(dtype)) {
      throw new Error(
        `a lowering returned ${value.type.dtype}[${actual}] where tfjs expects ${onnxType(dtype)}[${expected}] (${layout})`,
      );
    }
    return { value, layout, shape, dtype };
  };

  const lowering: Lowering = {
    graph,
    device,
    as,
    imageLayout: (shape, dtype) => imageLayout(device, shape, dtype),
    traced,
    reshape,
    toBlocks,
    fromBlocks,
  };
  return lowering;
}
