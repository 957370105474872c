/** The geometry of sliding windows: convolutions and pools, over any number of spatial dimensions. */

import type { Attributes } from '../ir.ts';
import { intAttribute, intsAttribute, type KnownType, type Operator } from './operator.ts';
import { commonDtype, ensure, ensureShape } from './shapes.ts';

/** The attributes of every window; `pads` are explicit (all begins, then all ends), `auto_pad` is not spoken. */
export const windowAttributes = {
  kernel_shape: 'ints',
  strides: 'ints',
  pads: 'ints',
} as const satisfies Operator['attributes'];

/** Those of a convolution, whose taps may lie apart. */
export const convolutionAttributes = {
  ...windowAttributes,
  dilations: 'ints',
} as const satisfies Operator['attributes'];

/** One spatial dimension of a window. */
export interface WindowAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padBegin: number;
  readonly padEnd: number;
}

/** The window along each spatial axis; `kernel` is the weight's extent where there is a weight. */
function windowAxes(attributes: Attributes, rank: number, kernel?: readonly number[]): readonly WindowAxis[] {
  const ofLength = (name: string, length: number, fallback?: readonly number[]): readonly number[] => {
    const values = intsAttribute(attributes, name, fallback);
    ensure(values.length === length, () => `${name} is [${values}]; ${length} numbers are expected`);
    return values;
  };
  const ones = Array<number>(rank).fill(1);
  const shape = ofLength('kernel_shape', rank, kernel);
  ensure(!kernel || kernel.every((size, axis) => size === shape[axis]), () => {
    return `kernel_shape is [${shape}], the weight's is [${kernel}]`;
  });
  const strides = ofLength('strides', rank, ones);
  const dilations = ofLength('dilations', rank, ones);
  const pads = ofLength('pads', 2 * rank, Array<number>(2 * rank).fill(0));
  ensure(
    pads.every((pad) => pad >= 0),
    () => `pads are negative: [${pads}]`,
  );
  return shape.map((size, axis) => ({
    kernel: size,
    stride: strides[axis] ?? 1,
    dilation: dilations[axis] ?? 1,
    padBegin: pads[axis] ?? 0,
    padEnd: pads[axis + rank] ?? 0,
  }));
}

/** How far the kernel reaches, dilation included. */
const extent = ({ kernel, dilation }: WindowAxis): number => dilation * (kernel - 1) + 1;

/** How many windows fit along one axis. */
function windowCount(size: number, axis: WindowAxis): number {
  const room = size + axis.padBegin + axis.padEnd - extent(axis);
  ensure(room >= 0, () => `a window of ${extent(axis)} is larger than ${size} with its pads`);
  return Math.floor(room / axis.stride) + 1;
}

/** The spatial shape that windows over a spatial shape produce. */
const windowCounts = (shape: readonly number[], axes: readonly WindowAxis[]): readonly number[] =>
  axes.map((axis, index) => windowCount(shape[index] ?? 0, axis));

/** The type of a convolution: x [N, C, …], weight [M, C / group, …], bias [M]. */
export function convolutionType(
  x: KnownType,
  weight: KnownType,
  bias: KnownType | undefined,
  attributes: Attributes,
): KnownType {
  const [batch = 0, channels = 0, ...spatial] = x.shape;
  const [filters = 0, groupChannels = 0, ...kernel] = weight.shape;
  const group = intAttribute(attributes, 'group', 1);
  ensure(
    spatial.length > 0 && kernel.length === spatial.length,
    () => `the ranks of x [${x.shape}] and the weight [${weight.shape}] do not fit`,
  );
  ensure(channels === groupChannels * group && filters % group === 0, () => {
    return `x [${x.shape}] and the weight [${weight.shape}] do not fit in ${group} groups`;
  });
  if (bias) ensureShape(bias, [filters], 'the bias');
  const counts = windowCounts(spatial, windowAxes(attributes, spatial.length, kernel));
  return { dtype: commonDtype(bias ? [x, weight, bias] : [x, weight]), shape: [batch, filters, ...counts] };
}

/** The type of a transposed convolution: x [N, C, …], weight [C, M, …], bias [M]. */
export function transposedConvolutionType(
  x: KnownType,
  weight: KnownType,
  bias: KnownType | undefined,
  attributes: Attributes,
): KnownType {
  const [batch = 0, channels = 0, ...spatial] = x.shape;
  const [weightChannels = 0, filters = 0, ...kernel] = weight.shape;
  ensure(
    spatial.length > 0 && kernel.length === spatial.length,
    () => `the ranks of x [${x.shape}] and the weight [${weight.shape}] do not fit`,
  );
  ensure(
    channels === weightChannels,
    () => `x [${x.shape}] and the weight [${weight.shape}] differ in their channels`,
  );
  if (bias) ensureShape(bias, [filters], 'the bias');
  const extra = intsAttribute(
    attributes,
    'output_padding',
    spatial.map(() => 0),
  );
  const sizes = windowAxes(attributes, spatial.length, kernel).map((axis, index) => {
    const covered = axis.stride * ((spatial[index] ?? 0) - 1) + extent(axis) + (extra[index] ?? 0);
    return covered - axis.padBegin - axis.padEnd;
  });
  ensure(
    sizes.every((size) => size > 0),
    () => `the output would have the spatial shape [${sizes}]`,
  );
  const dtype = commonDtype(bias ? [x, weight, bias] : [x, weight]);
  return { dtype, shape: [batch, filters, ...sizes] };
}

/** The type of a pool: windows over the spatial dimensions of x [N, C, …]. */
export function poolType(x: KnownType, attributes: Attributes): KnownType {
  const [batch = 0, channels = 0, ...spatial] = x.shape;
  ensure(spatial.length > 0, () => `x [${x.shape}] has no spatial dimensions`);
  const axes = windowAxes(attributes, spatial.length);
  ensure(
    axes.every((axis) => axis.padBegin < axis.kernel && axis.padEnd < axis.kernel),
    () => {
      return 'pads must be smaller than the kernel';
    },
  );
  return { dtype: x.dtype, shape: [batch, channels, ...windowCounts(spatial, axes)] };
}

/** The type of a global pool: one element a channel. */
export function globalPoolType(x: KnownType): KnownType {
  ensure(x.shape.length > 2, () => `x [${x.shape}] has no spatial dimensions`);
  return { dtype: x.dtype, shape: x.shape.map((dimension, axis) => (axis < 2 ? dimension : 1)) };
}
