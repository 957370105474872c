/**
 * DrNAS (Chen et al. 2021, arXiv 2006.10355; xiangning-chen/DrNAS): the weights of an edge's candidates are a sample of a
 * Dirichlet distribution, whose concentration is learned.
 *
 *     θ ~ Dir(β),  β = elu(α) + 1;  ō(x) = Σₒ θₒ·o(x)
 *     min_α E[L_val] + λ·d(β, 1)
 *
 * A sample is a softmax of logarithms of Gamma samples, θ = softmax(ln g), gₒ ~ Gamma(βₒ). The host draws ln g and its
 * derivative with respect to β (pathwise, by implicit reparameterisation, `gamma.ts`); both are inputs of the step, in whose
 * graph a gradient ties them to α. (PyTorch, which the code uses, takes another path through the Dirichlet; both are
 * unbiased.) The distance d from the anchor Dir(1) is the code's `reg_type`: `l2`, which there is a weight decay of Adam's,
 * λ·α in the gradient (α = β − 1 where it is positive); or `kl`, the divergence KL(Dir(β) ‖ Dir(1)) summed over the edges.
 *
 * A candidate is as strong as the distribution's mean, β/Σβ (the paper; the code sorts by softmax(α), which orders the
 * candidates of one edge alike). Partial channels are the code's for the space of DARTS, without its β of PC-DARTS;
 * its pruning and widening between stages are not done.
 */
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { withGradient } from '../../nn/gradient.ts';
import { float32 } from '../../signature.ts';
import { tf } from '../../tfjs.ts';
import { logGammaSlope, sampleLogGamma, trigamma } from '../gamma.ts';
import type { anchorDistances } from '../method-options.ts';
import { operationWeights } from '../mixed-operation.ts';
import { partialChannels } from '../partial-channels.ts';
import { alphaShape, type SearchSpace } from '../spaces.ts';
import { rowsOf, strengthsBy } from '../strengths.ts';
import { declareAlpha } from './alpha.ts';
import type { Method, Penalty } from './method.ts';

export interface DrnasOptions {
  readonly partialChannels: number;
  readonly anchorDistance: (typeof anchorDistances)[number];
  /** λ. */
  readonly anchorWeight: number;
}

/** elu(α) + 1, above zero where α is so low that nothing would be left of it. */
export const concentration = (alpha: number): number =>
  alpha > 0 ? alpha + 1 : Math.max(Math.exp(alpha), 1e-10);

const concentrationOf = (alpha: Tensor): Tensor => tf.add(tf.elu(alpha), 1);

/** ln g as drawn, with the gradient of its path. */
const pathwise = (beta: Tensor, logSample: Tensor, slope: Tensor): Tensor =>
  withGradient(
    [beta],
    () => ({ value: logSample.clone(), kept: [slope] }),
    (dy, [derivative]) => [tf.mul(dy, derivative as Tensor)],
  );

/** KL(Dir(β) ‖ Dir(1)) of one edge: ln Γ(Σβ) − Σ ln Γ(β) − ln Γ(K) + Σ (β − 1)(ψ(β) − ψ(Σβ)); its gradient. */
export function divergenceSlope(beta: readonly number[]): number[] {
  const total = beta.reduce((sum, x) => sum + x, 0);
  const common = (total - beta.length) * trigamma(total);
  return beta.map((x) => (x - 1) * trigamma(x) - common);
}

/** ½·Σα². */
const squares = (weight: number): Penalty => ({
  inputs: {},
  value: ({ alpha }) => tf.mul(weight / 2, tf.sum(tf.square(alpha as Tensor))) as Scalar,
});

/** The host computes the divergence's gradient; the value here is linear in β and has it. */
const divergence = (weight: number, space: SearchSpace): Penalty => ({
  inputs: {
    divergenceSlope: {
      spec: float32(...alphaShape(space)),
      value: ({ architecture }) => {
        const rows = rowsOf(architecture.alpha as Float32Array, space).flat();
        return Float32Array.from(rows.flatMap((row) => divergenceSlope(row.map(concentration))));
      },
    },
  },
  value: ({ alpha }, inputs) =>
    tf.mul(
      weight,
      tf.sum(tf.mul(concentrationOf(alpha as Tensor), inputs.divergenceSlope as Tensor)),
    ) as Scalar,
});

export const drnas = ({ partialChannels: k, anchorDistance, anchorWeight }: DrnasOptions): Method => ({
  name: 'drnas',
  declare: declareAlpha,
  inputs: (space) => ({
    /** Both in one, as they are of one draw: the samples, then their derivatives. */
    gamma: {
      spec: float32(2, ...alphaShape(space)),
      value: ({ architecture, random }) => {
        const betas = [...(architecture.alpha as Float32Array)].map(concentration);
        const samples = betas.map((beta) => sampleLogGamma(beta, random));
        return Float32Array.from([
          ...samples,
          ...betas.map((beta, i) => logGammaSlope(beta, samples[i] as number)),
        ]);
      },
    },
  }),
  mix: ({ alpha }, inputs, space) => {
    const [logSample, slope] = tf.unstack(inputs.gamma as Tensor) as [Tensor, Tensor];
    const path = pathwise(concentrationOf(alpha as Tensor), logSample, slope);
    return operationWeights(tf.softmax(path), alphaShape(space));
  },
  node: partialChannels(k),
  penalties: (space) => [
    { l2: squares, kl: (weight: number) => divergence(weight, space) }[anchorDistance](anchorWeight),
  ],
  probabilities: ({ alpha }) => concentrationOf(alpha as Tensor),
  strengths: ({ alpha }, space) => strengthsBy(mean, alpha as Float32Array, space),
});

/** The Dirichlet's mean at a row of α. */
function mean(row: readonly number[]): number[] {
  const beta = row.map(concentration);
  const total = beta.reduce((sum, x) => sum + x, 0);
  return beta.map((x) => x / total);
}
