import { describe, expect, it } from 'vitest';
import type { NamedTensors } from '../../../src/serve/tensor.ts';
import { CrashError, type Instance } from '../../../src/serve/workers/instance.ts';
import { openPool } from '../../../src/serve/workers/pool.ts';

interface Fake extends Instance {
  readonly id: number;
  readonly crash: () => void;
  readonly finish: () => void;
}

/** Instances whose runs end, one after the other, when they are told to. */
function factory(failing: (id: number) => boolean = () => false): {
  open: () => Promise<Instance>;
  made: Fake[];
} {
  const made: Fake[] = [];
  let count = 0;
  const open = async (): Promise<Instance> => {
    const id = count++;
    if (failing(id)) throw new Error(`no instance ${id}`);
    let failure: Error | undefined;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const running: { resolve: () => void; reject: (error: Error) => void }[] = [];
    const fake: Fake = {
      id,
      inputs: [],
      outputs: [],
      get failure() {
        return failure;
      },
      run: (inputs) =>
        new Promise((resolve, reject) => {
          running.push({ resolve: () => resolve({ outputs: inputs, milliseconds: 1 }), reject });
        }),
      onEnd: (listener) => void ended.then(listener),
      close: async () => end(),
      crash: () => {
        failure = new CrashError(`instance ${id} is gone`);
        for (const { reject } of running.splice(0)) reject(failure);
        end();
      },
      finish: () => running.shift()?.resolve(),
    };
    made.push(fake);
    return fake;
  };
  return { open, made };
}

const inputs: NamedTensors = new Map();
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('openPool', () => {
  it('runs as much side by side as it has instances, and hands one run more to each', async () => {
    const { open, made } = factory();
    const pool = await openPool(open, 2, () => {});
    expect([pool.capacity, pool.free, pool.ahead]).toEqual([4, 2, 0]);
    const order: string[] = [];
    const run = (name: string) => pool.run(inputs, []).then(() => order.push(name));
    const runs = [run('a'), run('b'), run('c')];
    await tick();
    expect([pool.free, pool.ahead]).toEqual([0, 1]);
    runs.push(run('d'), run('e'));
    await tick();
    expect([pool.free, pool.ahead]).toEqual([0, 0]);
    made[1]?.finish();
    await tick();
    expect(order).toEqual(['b']);
    expect([pool.free, pool.ahead]).toEqual([0, 0]);
    for (const _ of [1, 2]) for (const instance of made) instance.finish();
    await Promise.all(runs);
    expect(order.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect([pool.free, pool.ahead]).toEqual([2, 0]);
    await pool.close();
  });

  it('replaces an instance that crashes; only what it had in hand is lost', async () => {
    const { open, made } = factory();
    const warnings: string[] = [];
    let freed = 0;
    const pool = await openPool(open, 1, (message) => warnings.push(message), [0]);
    pool.onFree(() => {
      freed += 1;
    });
    const lost = [pool.run(inputs, []), pool.run(inputs, [])];
    const waits = pool.run(inputs, []);
    await tick();
    made[0]?.crash();
    for (const run of lost) await expect(run).rejects.toThrow(CrashError);
    await tick();
    expect(made).toHaveLength(2);
    made[1]?.finish();
    await waits;
    expect(warnings).toEqual(['an instance crashed: instance 0 is gone; it is being replaced']);
    expect(freed).toBeGreaterThan(0);
    expect(pool.failure).toBeUndefined();
    await pool.close();
  });

  it('replaces one that crashes while it is idle', async () => {
    const { open, made } = factory();
    const pool = await openPool(open, 2, () => {}, [0]);
    made[0]?.crash();
    expect(pool.free).toBe(1);
    await tick();
    expect([pool.free, made.length]).toEqual([2, 3]);
    await pool.close();
  });

  it('tries again, and gives up with the reason when no instance is left', async () => {
    const { open, made } = factory((id) => id > 0);
    const warnings: string[] = [];
    const pool = await openPool(open, 1, (message) => warnings.push(message), [0, 1]);
    const runs = [pool.run(inputs, []), pool.run(inputs, [])];
    const later = pool.run(inputs, []);
    for (const run of [...runs, later]) run.catch(() => {});
    await tick();
    made[0]?.crash();
    for (const run of runs) await expect(run).rejects.toThrow('instance 0 is gone');
    await expect(later).rejects.toThrow('its instances crashed and no instance 2');
    expect(pool.failure?.message).toBe('its instances crashed and no instance 2');
    expect(warnings).toHaveLength(3);
    await expect(pool.run(inputs, [])).rejects.toThrow('no instance 2');
    await pool.close();
  });

  it('opens all or none', async () => {
    const { open, made } = factory((id) => id === 1);
    let closed = 0;
    const counting = async (): Promise<Instance> => {
      const instance = await open();
      return {
        ...instance,
        close: async () => {
          closed += 1;
        },
      };
    };
    await expect(openPool(counting, 3, () => {})).rejects.toThrow('no instance 1');
    expect([made.length, closed]).toEqual([2, 2]);
  });

  it('does not replace what it closes', async () => {
    const { open, made } = factory();
    const pool = await openPool(open, 2, () => {}, [0]);
    await pool.close();
    await tick();
    expect(made).toHaveLength(2);
    await expect(pool.run(inputs, [])).rejects.toThrow('it is closed');
  });
});
