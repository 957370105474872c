/** The update of the weights and the evaluation of the network, as functions that an engine compiles. */
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { ImageShape } from '../data/index.ts';
import { differentiate, type Objective } from '../nn/gradient.ts';
import { type Context, sharing } from '../nn/layers.ts';
import { lossScaling } from '../nn/loss-scaling.ts';
import { correctCount, crossEntropy } from '../nn/losses.ts';
import { noiseFrom, noisePool } from '../nn/noise.ts';
import { optimizers, weightBetas } from '../nn/optimizer-table.ts';
import { clipByNorm } from '../nn/optimizers.ts';
import type { Parameter, ParameterTable } from '../nn/parameters.ts';
import { float32, int32, type Signature, type Step, type TensorFunction } from '../signature.ts';
import { tf } from '../tfjs.ts';
import type { Network } from './network.ts';
import type { RetrainOptions } from './options.ts';

const scaling = lossScaling('lossScale');

const toImages = (images: Tensor): Tensor4D => tf.transpose(images as Tensor4D, [0, 2, 3, 1]);

/**
 * w ← optimizer on a batch. Inputs theta, its optimizer's vectors, statistics, images [N, C, H, W] (normalised), labels, learningRate and,
 * with drop-path, pathMasks [sites, N] (0 or 1/keep), noise where the genotype has some, and in mixed precision lossScale;
 * outputs theta, the vectors, statistics, lossScale, loss (mean, without the auxiliary head's), correct (count).
 */
export function trainStep(network: Network, options: RetrainOptions, shape: ImageShape): Step {
  const { parameters, statistics } = network;
  const dropping = options.dropPath > 0 && network.dropSites > 0;
  const optimizer = optimizers[options.optimizer];
  const settings = { ...weightBetas, momentum: options.momentum, weightDecay: options.weightDecay };
  const fn: TensorFunction = (inputs) => {
    const { theta, images, labels, learningRate, pathMasks } = inputs as Record<string, Tensor>;
    const stored = statistics.lookup(statistics.split(inputs.statistics as Tensor));
    const masks = dropping ? tf.split(pathMasks as Tensor, network.dropSites) : [];
    const objective = (...w: Tensor[]): Objective => {
      const recorded = new Map<Parameter, Tensor>();
      const context: Context = {
        parameter: parameters.lookup(w),
        normalization: 'batch',
        statistic: stored,
        // tfjs disposes of what a function with a gradient of its own makes besides its value.
        record: (statistic, value) => recorded.set(statistic, tf.keep(value)),
        ...(inputs.noise && { noise: noiseFrom(inputs.noise) }),
        ...(dropping && { pathMask: (site) => (masks[site] as Tensor).reshape([-1, 1, 1, 1]) }),
        once: sharing(),
      };
      const target = labels as Tensor1D;
      const result = network.logits(toImages(images as Tensor), context, true);
      const main = crossEntropy(result.logits, target);
      const correct = correctCount(result.logits, target);
      const updated = statistics.join(statistics.parameters.map((s) => recorded.get(s) ?? stored(s)));
      tf.dispose([...recorded.values()]);
      const side =
        result.auxiliary && tf.mul(crossEntropy(result.auxiliary, target), options.auxiliaryWeight);
      const loss: Scalar = side ? tf.add(main, side) : main;
      return scaling.scaled({ loss, aside: [main, correct, updated] }, inputs);
    };
    const { gradients, aside, ...value } = differentiate(parameters.split(theta as Tensor), objective);
    const { gradient } = scaling.unscaled({ ...value, gradient: parameters.join(gradients) }, inputs);
    const clipped = clipByNorm(gradient, options.gradientClip);
    const next = optimizer.update(
      {
        weights: theta as Tensor,
        gradient: clipped,
        learningRate: learningRate as Tensor,
        step: inputs.step,
        slots: inputs,
      },
      settings,
    );
    const [loss, correct, updated] = aside as [Tensor, Tensor, Tensor];
    const state = { theta: next.weights, ...next.slots, statistics: updated };
    return { ...scaling.committed(state, gradient, inputs), loss, correct };
  };
  const { channels, height, width } = shape;
  const signature: Signature = {
    theta: float32(parameters.size),
    ...Object.fromEntries(optimizer.slots.map((slot) => [slot, float32(parameters.size)])),
    ...(optimizer.counts && { step: float32() }),
    statistics: float32(statistics.size),
    images: float32(options.batch, channels, height, width),
    labels: int32(options.batch),
    learningRate: float32(),
    ...scaling.signature(options.precision),
    ...(dropping && { pathMasks: float32(network.dropSites, options.batch) }),
    ...(network.noiseSites > 0 && {
      noise: noisePool(network.noiseSites, network.largestState * options.batch),
    }),
  };
  return { fn, signature };
}

/** Looks up the parameters and statistics that a network is used with. */
export type Values = Pick<Context, 'parameter' | 'statistic'>;

/**
 * The network in use: running statistics, no drop-path, no auxiliary head. Normalised images [N, C, H, W] → logits.
 */
export const inference = (network: Network, values: Values, images: Tensor): Tensor2D =>
  network.logits(toImages(images), { ...values, normalization: 'running', once: sharing() }).logits;

/** Logits of a batch of normalised images. Inputs theta, statistics, images; output logits. */
export function inferenceStep(
  network: Network,
  batch: number,
  { channels, height, width }: ImageShape,
): Step {
  const lookup = (table: ParameterTable, flat: Tensor) => table.lookup(table.split(flat));
  const fn: TensorFunction = ({ theta, statistics, images }) => {
    const values = {
      parameter: lookup(network.parameters, theta as Tensor),
      statistic: lookup(network.statistics, statistics as Tensor),
    };
    return { logits: inference(network, values, images as Tensor) };
  };
  const signature: Signature = {
    theta: float32(network.parameters.size),
    statistics: float32(network.statistics.size),
    images: float32(batch, channels, height, width),
  };
  return { fn, signature };
}
