/** The configuration of a run: defaults, what was given, and, when resuming, what the run was started with. */
import { InputError } from '../errors.ts';
import { readConfig } from '../runs/run-folder.ts';

/**
 * The options of a run. A resumed run keeps its own; giving it a different one is an error.
 *
 * @param folder the run's folder when resuming
 */
export function resolveOptions<T extends object>(
  defaults: T,
  given: Partial<T>,
  folder: string | undefined,
): T {
  if (folder === undefined) return { ...defaults, ...given };
  const { options } = readConfig<{ options?: T }>(folder);
  if (!options) throw new InputError(`${folder}/config.json says nothing of the run's options`);
  for (const [name, value] of Object.entries(given)) {
    const kept = (options as Record<string, unknown>)[name];
    if (kept !== value) {
      throw new InputError(
        `the run in ${folder} has ${name} ${JSON.stringify(kept)}; it cannot be resumed with ${JSON.stringify(value)}`,
      );
    }
  }
  return options;
}
