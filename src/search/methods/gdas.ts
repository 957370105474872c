/**
 * GDAS (Dong & Yang 2019, arXiv 1910.04465; D-X-Y/AutoDL-Projects, models/cell_searchs/search_model_gdas_nasnet.py): at
 * each step one candidate of every edge is sampled, the same in all cells of a kind, and it alone contributes.
 *
 *     o* = argmaxₒ (αₒ + gₒ),  gₒ ~ Gumbel(0, 1);  p = softmax((α + g)/τ)
 *     y = h·o*(x),  h = 1 − stop(p_o*) + p_o*: in value 1, in its gradient p_o*   (straight through)
 *
 * As in the code's `forward_gdas` of this space, only the chosen candidate's h is part of the loss: a candidate that was
 * not chosen has no gradient of its own, neither its weights nor its h, and its α has one only as the softmax's
 * denominator of p_o*. (The code for NAS-Bench-201 adds the others' h, zero in value, to the edge's value; then Σ dy is
 * their gradient.) τ falls linearly over the epochs, once an epoch. The noise is drawn by the host; that the code takes the
 * logarithm of softmax(α) for α changes neither o* nor p. The genotype is read off softmax(α) by the rule of DARTS, one
 * operation an edge; the code sorts all operations of a node's edges, and two of one edge may remain. As in DARTS, α is
 * updated before the weights, where the code does it after them, and SGD's momentum is not Nesterov's, as it is there.
 */
import type { Tensor } from '@tensorflow/tfjs';
import { type Branch, chosenBranch, chosenNumber } from '../../nn/choice.ts';
import { withGradient } from '../../nn/gradient.ts';
import { type Context, sharing } from '../../nn/layers.ts';
import { weigh } from '../../nn/normalize.ts';
import type { Parameter } from '../../nn/parameters.ts';
import { linear } from '../../nn/schedules.ts';
import type { Random } from '../../random.ts';
import { inScope } from '../../scope.ts';
import { float32 } from '../../signature.ts';
import { tf } from '../../tfjs.ts';
import { type EdgeMaker, mixedOperation, scalarsOf, sumOf } from '../mixed-operation.ts';
import { operationOf } from '../operations.ts';
import { alphaShape, alphaSize } from '../spaces.ts';
import { softmaxStrengths } from '../strengths.ts';
import { declareAlpha, softmaxProbabilities } from './alpha.ts';
import type { Method } from './method.ts';

export interface GdasOptions {
  /** τ of the first epoch and of the last. */
  readonly temperature: number;
  readonly temperatureMin: number;
}

/** −ln(−ln u) for u in (0, 1). */
const gumbel = (random: Random): number => -Math.log(-Math.log(Math.max(random.uniform(), 2 ** -33)));

/** 1, with the gradient of p. */
const straightThrough = (p: Tensor): Tensor =>
  withGradient(
    [p],
    () => ({ value: tf.onesLike(p), kept: [] }),
    (dy) => [dy],
  );

/** The chosen candidate, `none` being zeros; no other is computed (`nn/choice.ts`). */
const sampledOperation: EdgeMaker = (frame) => {
  const table = frame.at.parameters;
  const candidates = frame.operations.map((operation) => {
    const declared = table.parameters.length;
    const options = { ...frame, affine: false };
    const layer = operationOf(operation).make(frame.at.at(operation), options);
    return { operation, layer, parameters: table.parameters.slice(declared) };
  });
  return (x, { operations, chosen = [] }, context, before) => {
    const branches = candidates.map(
      ({ operation, layer, parameters }): Branch => ({
        parameters: parameters.map(context.parameter),
        value: (image, values) =>
          inScope(operation, () => layer(image, withParameters(context, parameters, values))),
      }),
    );
    const gain = chosenNumber(chosen, operations);
    const y = weigh(chosenBranch(x, chosen, branches), gain);
    return before ? tf.add(before, y) : y;
  };
};

/** The context in which some parameters have other tensors, and nothing is shared with what lies outside. */
function withParameters(
  context: Context,
  parameters: readonly Parameter[],
  values: readonly Tensor[],
): Context {
  const own = new Map(parameters.map((parameter, i) => [parameter, values[i]]));
  return {
    ...context,
    parameter: (parameter) => own.get(parameter) ?? context.parameter(parameter),
    once: sharing(),
  };
}

export const gdas = ({ temperature, temperatureMin }: GdasOptions): Method => ({
  name: 'gdas',
  declare: declareAlpha,
  inputs: (space) => ({
    gumbel: {
      spec: float32(...alphaShape(space)),
      value: ({ random }) => Float32Array.from({ length: alphaSize(space) }, () => gumbel(random)),
    },
    temperature: {
      spec: float32(),
      value: ({ epoch, epochs }) => Float32Array.of(linear(temperature, temperatureMin, epoch, epochs)),
    },
  }),
  mix: ({ alpha }, inputs, space) => {
    const shape = alphaShape(space);
    const perturbed = tf.add(alpha as Tensor, inputs.gumbel as Tensor);
    const probabilities = tf.softmax(tf.div(perturbed, inputs.temperature as Tensor));
    const best = tf.argMax(perturbed, -1).expandDims(-1);
    const chosen = scalarsOf(tf.equal(best, tf.range(0, shape[2], 1, 'int32')), shape);
    return scalarsOf(straightThrough(probabilities), shape).map((edges, kind) =>
      edges.map((operations, edge) => ({
        operations,
        chosen: (chosen[kind]?.[edge] ?? []).map((one) => one.reshape([])),
      })),
    );
  },
  node: sumOf(sampledOperation),
  weightedNode: sumOf(mixedOperation),
  penalties: () => [],
  probabilities: softmaxProbabilities,
  strengths: ({ alpha }, space) => softmaxStrengths(alpha as Float32Array, space),
});
