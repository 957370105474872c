import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NamedTensors } from '../../../src/serve/tensor.ts';
import { withLoneInstance } from '../../../src/serve/workers/lone.ts';
import type { Run } from '../../../src/serve/workers/messages.ts';
import type { Pool } from '../../../src/serve/workers/pool.ts';

const inputs: NamedTensors = new Map();

/** A pool whose runs end when they are told to, the oldest first. */
function fakePool(name: string, size: number) {
  const runs: { resolve: (run: Run) => void; reject: (error: Error) => void }[] = [];
  const state = { began: 0, closed: false, size };
  const pool: Pool = {
    inputs: [],
    outputs: [],
    failure: undefined,
    get size() {
      return state.size;
    },
    get capacity() {
      return 2 * state.size;
    },
    get free() {
      return Math.max(0, state.size - runs.length);
    },
    ahead: 0,
    run: () => {
      state.began += 1;
      return new Promise<Run>((resolve, reject) => runs.push({ resolve, reject }));
    },
    onFree: () => {},
    close: async () => {
      state.closed = true;
    },
  };
  return {
    pool,
    state,
    running: () => runs.length,
    finish: () => runs.shift()?.resolve({ outputs: inputs, milliseconds: 1 }),
    fail: () => runs.shift()?.reject(new Error(name)),
  };
}

function pools() {
  const [many, lone] = [fakePool('many', 2), fakePool('lone', 1)];
  const pool = withLoneInstance(many.pool, lone.pool);
  /** Runs that meet no other. */
  const runAlone = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const run = pool.run(inputs, []);
      many.finish();
      lone.finish();
      await run;
    }
  };
  return { many, lone, pool, runAlone };
}

describe('a pool with a lone instance', () => {
  it('uses it once runs have met no other for a while', async () => {
    const { many, lone, runAlone } = pools();
    await runAlone(8);
    expect([many.state.began, lone.state.began]).toEqual([8, 0]);
    await runAlone(5);
    expect([many.state.began, lone.state.began]).toEqual([8, 5]);
  });

  it('uses the others as soon as runs overlap, and until that is over for a while', async () => {
    const { many, lone, pool, runAlone } = pools();
    await runAlone(9);
    const first = pool.run(inputs, []);
    expect([lone.running(), pool.free]).toEqual([1, 2]);
    const second = pool.run(inputs, []);
    expect([lone.running(), many.running(), pool.free]).toEqual([1, 1, 1]);
    lone.finish();
    many.finish();
    await Promise.all([first, second]);
    const before = lone.state.began;
    await runAlone(8);
    expect(lone.state.began).toBe(before);
    await runAlone(1);
    expect(lone.state.began).toBe(before + 1);
  });

  it('does without it while it is replaced', async () => {
    const { many, lone, runAlone } = pools();
    await runAlone(9);
    lone.state.size = 0;
    await runAlone(3);
    expect([many.state.began, lone.state.began]).toEqual([11, 1]);
  });

  it('passes on what fails, and is alone again afterwards', async () => {
    const { lone, pool, runAlone } = pools();
    await runAlone(9);
    const run = pool.run(inputs, []);
    lone.fail();
    await expect(run).rejects.toThrow('lone');
    await runAlone(1);
    expect(lone.state.began).toBe(3);
  });

  it('closes both', async () => {
    const { many, lone, pool } = pools();
    await pool.close();
    expect([many.state.closed, lone.state.closed]).toEqual([true, true]);
  });

  it('answers each run once, and never has two in the lone instance, whatever comes and ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('run', 'many', 'lone', 'alone'), { maxLength: 80 }),
        async (steps) => {
          const { many, lone, pool, runAlone } = pools();
          let [begun, answered] = [0, 0];
          for (const step of steps) {
            if (step === 'run') {
              begun += 1;
              void pool.run(inputs, []).then(() => answered++);
            } else if (step === 'many') many.finish();
            else if (step === 'lone') lone.finish();
            else if (many.running() + lone.running() === 0) await runAlone(3);
            expect(lone.running()).toBeLessThanOrEqual(1);
          }
          while (many.running() + lone.running() > 0) {
            many.finish();
            lone.finish();
          }
          await new Promise(setImmediate);
          expect(answered).toBe(begun);
        },
      ),
    );
  });
});
