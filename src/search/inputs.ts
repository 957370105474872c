/** What the steps of a search take besides state and batch. */
import type { Elements, Feeds } from '../engine/engine.ts';
import { random } from '../random.ts';
import type { Position } from '../runs/epochs.ts';
import type { StepInputs } from './methods/method.ts';
import type { SearchOptions } from './options.ts';
import { architectureValues, type Supernet } from './supernet.ts';

/** What is drawn or scheduled for a step. */
export function drawnInputs(
  of: StepInputs,
  supernet: Supernet,
  { epochs, seed }: SearchOptions,
  alpha: Float32Array,
  kind: string,
  { epoch, step }: Position,
): Feeds {
  const architecture = architectureValues(supernet, alpha);
  const draw = (name: string): Elements | undefined =>
    of[name]?.value({ epoch, epochs, architecture, random: random(seed, kind, name, epoch, step) });
  return Object.fromEntries(Object.keys(of).map((name) => [name, draw(name) as Elements]));
}
