/**
 * How long compiling takes, phase by phase, as entries of the platform's own User Timing: whoever wants to know asks
 * `performance.getEntriesByType('measure')`.
 */

/** Runs `body` and records its time, in milliseconds, as the measure `compile: <name>`. */
export async function phase<T>(name: string, body: () => T | Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await body();
  performance.measure(phaseName(name), { start });
  return result;
}

export const phaseName = (name: string): string => `compile: ${name}`;
