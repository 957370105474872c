/**
 * Layers: each declares its parameters when it is made and returns a pure function of an image and a context,
 * which holds the parameters' values. Images are [N, H, W, C]; they may have more channels than the layer was made for
 * (`padding.ts`).
 */
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import * as activation from './activation.ts';
import { convolve, depthwiseConvolve, type Geometry } from './convolution.ts';
import { foldDepthwise, foldFilter } from './folding.ts';
import { batchNormalize, epsilon, type Moments, statisticsMomentum } from './normalize.ts';
import { paddedChannels, padTo, type Width, widthOf, withoutPadding } from './padding.ts';
import {
  biasUniform,
  kaimingUniform,
  kaimingUniformDepthwise,
  ones,
  type Parameter,
  type ParameterTable,
  zeros,
} from './parameters.ts';

/** Where layers declare what they own, under a name. */
export interface Declarations {
  readonly path: string;
  readonly parameters: ParameterTable;
  /** Running means and variances: state that is not trained. */
  readonly statistics: ParameterTable;
  /** The places at which noise is added, each with a number of its own. */
  readonly noiseSites: { count: number };
  /** The same tables, one name deeper. */
  at(name: string): Declarations;
}

export function declarations(
  parameters: ParameterTable,
  statistics: ParameterTable,
  path = '',
  noiseSites = { count: 0 },
): Declarations {
  const at = (name: string): Declarations =>
    declarations(parameters, statistics, path ? `${path}/${name}` : name, noiseSites);
  return { path, parameters, statistics, noiseSites, at };
}

/** What a network is evaluated with. */
export interface Context {
  parameter(parameter: Parameter): Tensor;
  /** `batch`: normalise by the batch's statistics, as in training; `running`: by the stored ones, as in use. */
  readonly normalization: 'batch' | 'running';
  /** The stored statistics. Called where the normalisation is `running`, or statistics are recorded. */
  statistic(statistic: Parameter): Tensor;
  /** Receives the updated statistics; absent where they are not kept (the search). */
  readonly record?: (statistic: Parameter, value: Tensor) => void;
  /** The mask [N, 1, 1, 1] of a drop-path site, already scaled by 1/keep; absent where no path is dropped. */
  readonly pathMask?: (site: number) => Tensor;
  /** How many images lie side by side in the channels (`folding.ts`); 1 where absent. The search's batch norm knows. */
  readonly images?: number;
  /** Samples of N(0, 1) for a noise site, [N, H, W, C]; absent in use, where noise is its mean. */
  readonly noise?: (site: number, shape: readonly [number, number, number, number]) => Tensor4D;
  /** A value that depends on x and the key alone: computed once a tensor, however many edges ask for it. */
  once(key: string, x: Tensor4D, compute: () => Tensor4D): Tensor4D;
}

/** A memory for `Context.once`, to be made anew for each evaluation of the network. */
export function sharing(): Context['once'] {
  const known = new Map<number, Map<string, Tensor4D>>();
  return (key, x, compute) => {
    const ofTensor = known.get(x.id) ?? new Map<string, Tensor4D>();
    known.set(x.id, ofTensor);
    const value = ofTensor.get(key) ?? compute();
    ofTensor.set(key, value);
    return value;
  };
}

export type Layer = (x: Tensor4D, context: Context) => Tensor4D;

/** A layer whose result can be weighed by a scalar on the way; cheaper than a pass of its own where it ends in a norm. */
export type WeighedLayer = (x: Tensor4D, context: Context, weight?: Tensor) => Tensor4D;

const name = (at: Declarations, leaf: string): string => (at.path ? `${at.path}/${leaf}` : leaf);

/** Runs layers one after the other. */
export const sequence =
  (...layers: readonly Layer[]): Layer =>
  (x, context) =>
    layers.reduce((y, layer) => layer(y, context), x);

export const relu: Layer = (x, context) => context.once('relu', x, () => activation.relu(x));

/**
 * Images side by side in the channels. ReLU of the whole is that of its parts, which is computed for others anyway. A trace
 * leaves out the whole or its ReLU where nothing reads it; an engine that computes eagerly has both.
 */
export function concatenated(parts: readonly Tensor4D[], context: Context): Tensor4D {
  const joined = (images: readonly Tensor4D[]): Tensor4D => tf.concat([...images], 3) as Tensor4D;
  const whole = joined(parts);
  context.once('relu', whole, () => joined(parts.map((part) => relu(part, context))));
  return whole;
}

export function convolution(
  at: Declarations,
  inputs: number | Width,
  outputs: number,
  kernel: number,
  geometry: Geometry = {},
): Layer {
  const { channels, parts } = widthOf(inputs);
  const shape = [kernel, kernel, channels, outputs];
  const filter = at.parameters.declare(name(at, 'filter'), shape, kaimingUniform);
  return (x, context) =>
    convolve(x, placed(context.parameter(filter), x, context, { parts, outputs }), geometry);
}

/**
 * A filter [k, k, I, O] for an image that holds several (`folding.ts`) or is padded (`padding.ts`).
 *
 * @param begin where among the `outputs` channels of the result its O come: others are left zero
 */
function placed(
  filter: Tensor,
  x: Tensor4D,
  { images = 1 }: Context,
  { parts, outputs, begin = 0 }: { parts: number; outputs: number; begin?: number },
): Tensor4D {
  if (images > 1) return foldFilter(filter, images, { begin, width: outputs }) as Tensor4D;
  const after = paddedChannels(outputs) - begin - (filter.shape[3] as number);
  const seen = padTo(filter, 2, x.shape[3], parts) as Tensor4D;
  if (begin === 0 && after === 0) return seen;
  return tf.pad(seen, [
    [0, 0],
    [0, 0],
    [0, 0],
    [begin, after],
  ]);
}

export function depthwise(at: Declarations, channels: number, kernel: number, geometry: Geometry): Layer {
  const shape = [kernel, kernel, channels, 1];
  const filter = at.parameters.declare(name(at, 'depthwise'), shape, kaimingUniformDepthwise);
  return (x, context) => {
    const folded = foldDepthwise(context.parameter(filter), context.images ?? 1);
    return depthwiseConvolve(x, padTo(folded, 2, x.shape[3]) as Tensor4D, geometry);
  };
}

/** Runs layers, then a norm, which takes the weight. */
export const normalized =
  (before: Layer, norm: WeighedLayer): WeighedLayer =>
  (x, context, weight) =>
    norm(before(x, context), context, weight);

/** Batch norm; without affine transform the search's, with it the evaluation network's. Only the former is weighed. */
export function batchNorm(at: Declarations, channels: number, isAffine: boolean): WeighedLayer {
  const gain = isAffine && at.parameters.declare(name(at, 'gain'), [channels], ones);
  const bias = isAffine && at.parameters.declare(name(at, 'bias'), [channels], zeros);
  const mean = at.statistics.declare(name(at, 'mean'), [channels], zeros);
  const variance = at.statistics.declare(name(at, 'variance'), [channels], ones);

  const update = (context: Context, statistic: Parameter, batch: Tensor): void => {
    const kept = tf.mul(context.statistic(statistic), 1 - statisticsMomentum);
    const own = withoutPadding(batch, channels);
    context.record?.(statistic, tf.add(kept, tf.mul(own, statisticsMomentum)));
  };

  return (x, context, weight) => {
    if (weight && (gain || context.normalization === 'running')) {
      throw new Error('only a batch norm without affine transform, in training, takes a weight');
    }
    const vector = (own: Tensor): Tensor1D => padTo(own, 0, x.shape[3]) as Tensor1D;
    if (context.normalization === 'running') {
      return tf.batchNorm(
        x,
        vector(context.statistic(mean)),
        vector(context.statistic(variance)),
        bias ? vector(context.parameter(bias)) : undefined,
        gain ? vector(context.parameter(gain)) : undefined,
        epsilon,
      ) as Tensor4D;
    }
    const count = x.size / x.shape[3];
    const onMoments = context.record
      ? (moments: Moments): void => {
          update(context, mean, moments.mean);
          // PyTorch keeps the unbiased variance.
          update(context, variance, tf.mul(moments.variance, count / Math.max(count - 1, 1)));
        }
      : undefined;
    return batchNormalize(x, {
      gain: gain ? vector(context.parameter(gain)) : weight,
      bias: bias ? vector(context.parameter(bias)) : undefined,
      images: context.images,
      onMoments,
    });
  };
}

/** ReLU → 1×1 convolution → batch norm. */
export const reluConvNorm = (
  at: Declarations,
  inputs: number | Width,
  outputs: number,
  isAffine: boolean,
): Layer => sequence(relu, convolution(at, inputs, outputs, 1), batchNorm(at, outputs, isAffine));

/**
 * Halves an image: ReLU, then two 1×1 stride-2 convolutions of outputs/2 channels each, the second one of the image
 * shifted by a pixel, concatenated; batch norm. An odd size is padded by one for the shift.
 */
export function factorizedReduce(
  at: Declarations,
  inputs: number | Width,
  outputs: number,
  isAffine: boolean,
): WeighedLayer {
  const { channels, parts } = widthOf(inputs);
  const [first, second] = [Math.ceil(outputs / 2), Math.floor(outputs / 2)];
  const filter = (part: string, count: number): Parameter =>
    at.parameters.declare(name(at.at(part), 'filter'), [1, 1, channels, count], kaimingUniform);
  const [even, odd] = [filter('even', first), filter('odd', second)];
  const norm = batchNorm(at, outputs, isAffine);
  const halves: Layer = (x, context) => {
    const y = relu(x, context);
    // Halves of several images side by side, and those that fill no block, are placed among zeros.
    const apart =
      (context.images ?? 1) === 1 &&
      [first, second, outputs].every((count) => paddedChannels(count) === count);
    const half = (image: Tensor4D, own: Parameter, begin: number): Tensor4D => {
      const place = apart ? { outputs: own.shape[3] as number } : { outputs, begin };
      return convolve(image, placed(context.parameter(own), image, context, { parts, ...place }), {
        stride: 2,
      });
    };
    const [left, right] = [half(y, even, 0), half(shift(y), odd, first)];
    return apart ? (tf.concat([left, right], 3) as Tensor4D) : tf.add(left, right);
  };
  return normalized(halves, norm);
}

/** The image without its first row and column, zeros appended where the size is odd. */
function shift(x: Tensor4D): Tensor4D {
  const [, h, w] = x.shape;
  const [oddRows, oddColumns] = [h % 2, w % 2];
  const padded =
    oddRows || oddColumns
      ? tf.pad(x, [
          [0, 0],
          [0, oddRows],
          [0, oddColumns],
          [0, 0],
        ])
      : x;
  return tf.slice(padded, [0, 1, 1, 0], [-1, -1, -1, -1]) as Tensor4D;
}

/** Means over the pixels: [N, H, W, C] → [N, C]. */
export const globalAveragePool = (x: Tensor4D): Tensor2D => tf.mean(x, [1, 2]) as Tensor2D;

/** x [N, inputs] → x·W + b [N, outputs]. */
export function linear(
  at: Declarations,
  inputs: number | Width,
  outputs: number,
): (x: Tensor2D, context: Context) => Tensor2D {
  const { channels, parts } = widthOf(inputs);
  const weights = at.parameters.declare(name(at, 'weights'), [channels, outputs], kaimingUniform);
  const bias = at.parameters.declare(name(at, 'bias'), [outputs], biasUniform(channels));
  return (x, context) => {
    const matrix = padTo(context.parameter(weights), 0, x.shape[1], parts) as Tensor2D;
    return tf.add(tf.matMul(x, matrix), context.parameter(bias)) as Tensor2D;
  };
}
