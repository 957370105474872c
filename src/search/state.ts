/** What a search carries from step to step: θ, the architecture and the vectors of their optimizers, by name. */
import type { Elements, Feeds } from '../engine/engine.ts';
import { initialLossScale, lossScaleSize, requireLossScale } from '../nn/loss-scaling.ts';
import { optimizers } from '../nn/optimizer-table.ts';
import { random } from '../random.ts';
import type { SearchOptions } from './options.ts';
import { lossScale, slotName } from './steps.ts';
import type { Supernet } from './supernet.ts';

/** θ and α, and the vectors of their optimizers: `theta/momentum`. */
export type State = { theta: Float32Array; alpha: Float32Array } & Record<string, Float32Array>;

/** The vectors of a search's state, and their sizes. */
export function stateSizes(supernet: Supernet, options: SearchOptions): Record<string, number> {
  const vector = (name: 'theta' | 'alpha', size: number, optimizer: SearchOptions['optimizer']) => ({
    [name]: size,
    ...Object.fromEntries(optimizers[optimizer].slots.map((slot) => [slotName(name, slot), size])),
    ...(options.precision === 'float16' && { [slotName(name, lossScale)]: lossScaleSize }),
  });
  return {
    ...vector('theta', supernet.parameters.size, options.optimizer),
    ...vector('alpha', supernet.architecture.size, options.alphaOptimizer),
  };
}

export function initialState(
  supernet: Supernet,
  sizes: Readonly<Record<string, number>>,
  seed: number,
): State {
  const vectors = Object.entries(sizes).map(([name, size]) => [
    name,
    name.endsWith(`/${lossScale}`) ? initialLossScale() : new Float32Array(size),
  ]);
  return {
    ...Object.fromEntries(vectors),
    theta: supernet.parameters.initialize(random(seed, 'weights')),
    alpha: supernet.architecture.initialize(random(seed, 'alpha')),
  };
}

/** A vector and those of its optimizer. */
export const vectorsOf = (state: State, vector: 'theta' | 'alpha'): Feeds =>
  Object.fromEntries(
    Object.entries(state).filter(([name]) => name === vector || name.startsWith(`${vector}/`)),
  );

/** A step's mean loss, and its count of correct images. */
export const metricsOf = ({ loss, correct }: Readonly<Record<string, Elements>>) => ({
  loss: loss?.[0] ?? Number.NaN,
  correct: correct?.[0] ?? Number.NaN,
});

/**
 * Puts a step's new vectors into the state; returns its metrics.
 *
 * @throws FailureError where the gradients are not finite, however the loss is scaled
 */
export function takeOver(state: State, outputs: Readonly<Record<string, Elements>>) {
  const { loss: _, correct: __, ...vectors } = outputs;
  Object.assign(state, vectors);
  for (const vector of ['theta', 'alpha'] as const) requireLossScale(state[slotName(vector, lossScale)]);
  return metricsOf(outputs);
}
