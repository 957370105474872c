/** The guards that a search's options ask for. */
import type { SearchOptions } from '../options.ts';
import { eigenvalueGuard } from './eigenvalue.ts';
import type { Guard } from './guard.ts';
import { skipGuard } from './skips.ts';

export type { Guard, WatchedEpoch } from './guard.ts';
export { countSkips } from './skips.ts';

type GuardOptions = Pick<
  SearchOptions,
  'alphaWarmUp' | 'maxSkips' | 'eigenvalueStop' | 'eigenvalueWindow' | 'eigenvalueRatio' | 'eigenvalueStart'
>;

/** Whether anything may end the search early, so that its earlier epochs have to be known. */
export const isGuarded = ({ maxSkips, eigenvalueStop }: GuardOptions): boolean =>
  maxSkips > 0 || eigenvalueStop;

/** All guards as one: the first verdict. They do not see epochs in which α was frozen. */
export function guardOf(options: GuardOptions): Guard {
  const guards: Guard[] = [];
  if (options.maxSkips > 0) guards.push(skipGuard(options.maxSkips));
  if (options.eigenvalueStop) {
    const { eigenvalueWindow: window, eigenvalueRatio: ratio, eigenvalueStart: start } = options;
    guards.push(eigenvalueGuard({ window, ratio, start }));
  }
  return (epochs) => {
    const seen = epochs.filter(({ epoch }) => epoch >= options.alphaWarmUp);
    for (const guard of guards) {
      const stop = guard(seen);
      if (stop) return stop;
    }
    return undefined;
  };
}
