/**
 * The maximum's gradient over blocked images, made of blocked depthwise convolutions alone.
 *
 * The maximum is separable: r over the columns of each row, then m over rows; so is its gradient. Along one axis, of
 * values f with the maximum m[o] = max over taps t of f[o + t], dy goes to the first tap that equals the maximum:
 *
 *     rest₀ = dy,   qₜ[i] = rest[i − t]·[f[i] = m[i − t]],   rest[o] −= qₜ[o + t],   df = Σₜ qₜ
 *
 * All is written from the pixel's side, i = o + t, so that no padding with −∞ is needed: where a window would lie
 * outside, dy is zero. A shift is a convolution with a kernel of one tap, and [f = m] is one as well: f − m ≤ 0
 * with the subtrahend as its summand and a steep HardSigmoid as its activation. A strided window is one of stride 1
 * whose other outputs receive nothing.
 */

import { float32Max } from '../../onnx/data-types.ts';
import type { Value } from '../../onnx/ir.ts';
import { knownShape } from '../../onnx/shapes.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { blockedConvolution } from './convolve.ts';
import { applyCrop, insertZeros, type Window } from './window.ts';

type Pair = readonly [number, number];

/** Whether a window is centred on a pixel for each output: odd, its padding symmetric. */
export const isCentred = ({ kernel, before, output, strides, input }: Window): boolean =>
  [0, 1].every((a) => {
    const axis = a as 0 | 1;
    const reach = (kernel[axis] - 1) / 2;
    return (
      before[axis] === reach && (output[axis] - 1) * strides[axis] < input[axis] && Number.isInteger(reach)
    );
  });

/** A depthwise convolution with the same kernel for every channel, the size kept. */
function sameKernel(
  lower: Lowering,
  x: Value,
  taps: readonly number[],
  axis: 0 | 1,
  { sum, equality = false }: { sum?: Value; equality?: boolean } = {},
): Value {
  const { graph } = lower;
  const [, c] = knownShape(x.type.shape) as [number, number];
  const kernel = axis === 0 ? [taps.length, 1] : [1, taps.length];
  const reach = kernel.map((size) => (size - 1) / 2);
  const { block } = lower.device;
  const weights = Float32Array.from(
    { length: c * taps.length },
    (_, i) => taps[Math.floor(i / block) % taps.length] ?? 0,
  );
  const filter = graph.constant(weights, { dtype: 'float32', shape: [c, 1, ...kernel] });
  return blockedConvolution(
    lower,
    sum ? [x, filter, null, sum] : [x, filter],
    { pads: [...reach, ...reach], group: c },
    equality ? { activation: 'HardSigmoid', activation_params: { floats: [float32Max, 1] } } : {},
  );
}

/** factor·x[i + offset] along an axis, zero outside; `sum` is added. */
function shifted(lower: Lowering, x: Value, axis: 0 | 1, offset: number, factor: number, sum?: Value): Value {
  const reach = Math.abs(offset);
  const taps = Array.from({ length: 2 * reach + 1 }, (_, tap) => (tap === reach + offset ? factor : 0));
  return sameKernel(lower, x, taps, axis, sum && { sum });
}

/** 1 where f[i] = m[i − t], else 0. */
function equals(lower: Lowering, f: Value, m: Value, axis: 0 | 1, t: number): Value {
  const subtrahend = shifted(lower, m, axis, -t, -1);
  return sameKernel(lower, f, [1], axis, { sum: subtrahend, equality: true });
}

/** The gradient along one axis: of f, from that of its maximum m. */
function alongAxis(lower: Lowering, f: Value, m: Value, dm: Value, axis: 0 | 1, size: number): Value {
  const { graph } = lower;
  const reach = (size - 1) / 2;
  let rest = dm;
  let total: Value | undefined;
  for (let t = -reach; t < reach; t++) {
    const arriving = t === 0 ? rest : shifted(lower, rest, axis, -t, 1);
    const q = graph.node('Mul', [equals(lower, f, m, axis, t), arriving]);
    rest = t === 0 ? graph.node('Sub', [rest, q]) : shifted(lower, q, axis, t, -1, rest);
    total = total ? graph.node('Add', [total, q]) : q;
  }
  return shifted(lower, rest, axis, -reach, 1, total);
}

function maxima(lower: Lowering, x: Value, kernel: Pair): Value {
  const reach = kernel.map((size) => (size - 1) / 2);
  return lower.graph.node('com.microsoft.nchwc.MaxPool', [x], {
    kernel_shape: kernel,
    strides: [1, 1],
    pads: [...reach, ...reach],
  });
}

/** ∂/∂x of a max pool over a centred window: [N, H, W, C] from dy [N, h, w, C], in blocks. */
export function blockedMaxPoolGradient(lower: Lowering, dy: Traced, input: Traced, window: Window): Traced {
  const [rows, columns] = window.kernel;
  const x = lower.as(input, 'blocked');
  const ofRows = maxima(lower, x, [1, columns]);
  const ofWindows = maxima(lower, ofRows, [rows, 1]);
  const spread = insertZeros(lower, lower.as(dy, 'blocked'), 'blocked', window.strides);
  const beyond = [0, 1].map((a) => window.input[a as 0] - window.output[a as 0] * window.strides[a as 0]);
  const { image } = applyCrop(lower, spread, 'blocked', [0, 0, ...beyond]);
  const toRows = alongAxis(lower, ofRows, ofWindows, image, 0, rows);
  return lower.traced(alongAxis(lower, x, ofRows, toRows, 1, columns), 'blocked', input.shape);
}
