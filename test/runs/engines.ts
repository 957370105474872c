/** Engines for testing loops: one that computes nothing and remembers its feeds, one that compiles each step once. */
import type { Compiled, Elements, Engine, Feeds } from '../../src/engine/engine.ts';

export interface Run {
  /** The name under which the step was compiled. */
  readonly step: string;
  readonly feeds: Feeds;
}

/** An engine whose results are those of `compute`; `runs` lists what it was fed. */
export function recording(compute: (run: Run) => Record<string, Elements>): {
  readonly engine: Engine;
  readonly runs: Run[];
} {
  const runs: Run[] = [];
  const engine: Engine = {
    name: 'recording',
    compile: async (_fn, _signature, step) => ({
      run: async (feeds) => {
        const run = { step, feeds };
        runs.push(run);
        return compute(run);
      },
      dispose: async () => {},
    }),
  };
  return { engine, runs };
}

/** Keeps what an engine compiles, by name: for many runs with the same options. `dispose` ends them all. */
export function compilingOnce(engine: Engine): Engine & { dispose(): Promise<void> } {
  const known = new Map<string, Promise<Compiled>>();
  return {
    name: engine.name,
    compile: async (fn, signature, name, precision) => {
      const compiled = known.get(name) ?? engine.compile(fn, signature, name, precision);
      known.set(name, compiled);
      const { run } = await compiled;
      return { run, dispose: async () => {} };
    },
    dispose: async () => {
      for (const compiled of known.values()) await (await compiled).dispose();
    },
  };
}
