/** Engines for testing loops: one that computes nothing and remembers its feeds, one that compiles each step once. */
import { type Elements, type Engine, engineOf, type Feeds, runsOf } from '../../src/engine/engine.ts';

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
  const engine = engineOf('recording', async (tasks) => ({
    run: runsOf(tasks, (_, step) => async (feeds) => {
      const run = { step, feeds };
      runs.push(run);
      return compute(run);
    }),
    dispose: async () => {},
  }));
  return { engine, runs };
}

/** Keeps what an engine compiles, by names: for many runs with the same options. `dispose` ends them all. */
export function compilingOnce(engine: Engine): Engine & { dispose(): Promise<void> } {
  const known = new Map<string, ReturnType<Engine['compileAll']>>();
  const compileAll: Engine['compileAll'] = async (tasks) => {
    const names = Object.keys(tasks).join();
    const program =
      (known.get(names) as ReturnType<typeof engine.compileAll<typeof tasks>>) ?? engine.compileAll(tasks);
    known.set(names, program);
    const { run } = await program;
    return { run, dispose: async () => {} };
  };
  return {
    ...engineOf(engine.name, compileAll),
    dispose: async () => {
      for (const program of known.values()) await (await program).dispose();
    },
  };
}
