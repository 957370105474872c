import { setImmediate as tick } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { fixedDelay, noDelay } from '../../../src/serve/batching/delay.ts';
import {
  type InferOptions,
  type SchedulerOptions,
  type Session,
  scheduled,
} from '../../../src/serve/batching/scheduler.ts';
import { ProtocolError } from '../../../src/serve/protocol/errors.ts';
import { createStatistics, type Statistics } from '../../../src/serve/statistics.ts';
import type { NamedTensors, Tensor } from '../../../src/serve/tensor.ts';
import { CrashError, type Instance } from '../../../src/serve/workers/instance.ts';
import type { Run } from '../../../src/serve/workers/messages.ts';
import { openPool } from '../../../src/serve/workers/pool.ts';

const signature = { name: 'x', dtype: 'float32', shape: ['batch', 2] } as const;
const output = { ...signature, name: 'y' };
const rows = (...values: number[]): NamedTensors =>
  new Map([['x', { dtype: 'float32', shape: [values.length, 1], data: Float32Array.from(values) }]]);
const valuesOf = (results: NamedTensors): number[] => Array.from(results.get('y')?.data ?? [], Number);

/** How long a run takes: turns of the event loop, or until a promise is kept. */
type Latency = () => number | Promise<void>;

/** y = 2·x, one run after the other; a negative x fails the run, an x of `crash` the worker. */
const crash = 1e6;
interface Fake {
  readonly ran: number[][];
  readonly open: () => Promise<Instance>;
}
function fake(latency: Latency): Fake {
  const ran: number[][] = [];
  const open = async (): Promise<Instance> => {
    let failure: Error | undefined;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    let before = Promise.resolve();
    const compute = async (shape: readonly number[], data: Float32Array): Promise<Run> => {
      if (failure) throw failure;
      const turns = await latency();
      for (let i = turns ?? 0; i > 0; i--) await tick();
      if (data.includes(crash)) {
        failure = new CrashError('out of cheese');
        end();
        throw failure;
      }
      if (data.some((value) => value < 0)) throw new Error('negative');
      const y = { dtype: 'float32', shape, data: data.map((value) => 2 * value) } as const;
      return { outputs: new Map([['y', y]]), milliseconds: 1 };
    };
    return {
      inputs: [signature],
      outputs: [output],
      get failure() {
        return failure;
      },
      run(inputs) {
        const { shape, data: given } = inputs.get('x') as Tensor;
        // As a transfer to another thread would empty it.
        const data = Float32Array.from(given as Float32Array);
        (given as Float32Array).fill(Number.NaN);
        ran.push([...data]);
        const result = before.then(() => compute(shape, data));
        before = result.then(
          () => {},
          () => {},
        );
        return result;
      },
      onEnd: (listener) => void ended.then(listener),
      close: async () => end(),
    };
  };
  return { ran, open };
}

const defaults: SchedulerOptions = {
  name: 'm',
  maxRows: 4,
  padTo: 0,
  maxQueued: 1000,
  priorityLevels: 3,
  defaultPriority: 2,
  defaultTimeout: 0,
  delay: noDelay,
  longestAhead: 0,
};
const start = async (
  options: Partial<SchedulerOptions> = {},
  instances = 1,
  latency: Latency = () => 2,
): Promise<{ session: Session; ran: number[][]; statistics: Statistics }> => {
  const { open, ran } = fake(latency);
  const statistics = createStatistics();
  const pool = await openPool(open, instances, () => {}, [0]);
  return { session: scheduled(pool, { ...defaults, ...options }, statistics), ran, statistics };
};

const outcome = async (answer: Promise<NamedTensors>): Promise<unknown> => {
  try {
    return valuesOf(await answer);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return `${error.status} ${error.message}`;
  }
};

describe('scheduled', () => {
  it('runs together what arrives together', async () => {
    const { session, ran, statistics } = await start();
    const answers = [rows(1), rows(2, 3), rows(4), rows(5)].map((inputs) => outcome(session.infer(inputs)));
    expect(await Promise.all(answers)).toEqual([[2], [4, 6], [8], [10]]);
    expect(ran).toEqual([[1, 2, 3, 4], [5]]);
    expect(statistics).toMatchObject({ inferences: 5, executions: 2, success: { count: 4 } });
    expect([...statistics.batches.keys()]).toEqual([4, 1]);
    await session.close();
  });

  it('divides a request that is larger than a batch and joins its answer', async () => {
    const { session, ran } = await start({ maxRows: 2 });
    expect(await outcome(session.infer(rows(1, 2, 3, 4, 5)))).toEqual([2, 4, 6, 8, 10]);
    expect(ran).toEqual([[1, 2], [3, 4], [5]]);
    await session.close();
  });

  it('counts what all pieces of a request have cost', async () => {
    const { session, statistics } = await start({ maxRows: 2 });
    await session.infer(rows(1, 2, 3, 4, 5));
    const runs = [...statistics.batches.values()].reduce((sum, { infer }) => sum + infer.milliseconds, 0);
    expect(statistics.phases.infer).toEqual({ count: 1, milliseconds: expect.closeTo(runs, 6) });
    expect(runs).toBeGreaterThan(0);
    await session.close();
  });

  it('refuses for good a request of more pieces than may ever wait', async () => {
    const { session, statistics } = await start({ maxRows: 2, maxQueued: 2 });
    expect(await outcome(session.infer(rows(1, 2, 3, 4, 5)))).toMatch(
      /^413 model m takes at most 4 rows at once/,
    );
    expect(await outcome(session.infer(rows(1, 2, 3, 4)))).toEqual([2, 4, 6, 8]);
    expect(statistics.failures.OTHER.count).toBe(1);
    await session.close();
  });

  it('waits as long as a timer cannot', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const { session } = await start({ maxRows: 1 });
    const timeout = Number.MAX_SAFE_INTEGER;
    const answers = [rows(1), rows(2)].map((inputs) => session.infer(inputs, undefined, { timeout }));
    expect(await Promise.all(answers.map(outcome))).toEqual([[2], [4]]);
    for (const [, milliseconds = 0] of timers.mock.calls) expect(milliseconds).toBeLessThan(2 ** 31);
    timers.mockRestore();
    await session.close();
  });

  it('fills up to a fixed batch', async () => {
    const { session, ran } = await start({ padTo: 4 });
    const answers = [outcome(session.infer(rows(1, 2))), outcome(session.infer(rows(3)))];
    expect(await Promise.all(answers)).toEqual([[2, 4], [6]]);
    expect(ran).toEqual([[1, 2, 3, 0]]);
    await session.close();
  });

  it('runs requests of a model without a batch dimension one by one', async () => {
    const { session, ran } = await start({ maxRows: 0 });
    const answers = [rows(1, 2), rows(3)].map((inputs) => outcome(session.infer(inputs)));
    expect(await Promise.all(answers)).toEqual([[2, 4], [6]]);
    expect(ran).toEqual([[1, 2], [3]]);
    await session.close();
  });

  it('fails one request of a batch alone where it alone is to blame', async () => {
    const { session, statistics } = await start();
    const answers = [rows(1), rows(-2), rows(3)].map((inputs) => outcome(session.infer(inputs)));
    expect(await Promise.all(answers)).toEqual([[2], '500 model m failed to run: negative', [6]]);
    expect(statistics.failures.BACKEND.count).toBe(1);
    await session.close();
  });

  it('answers 500 with the reason to what a crash has caught, and goes on', async () => {
    const { session } = await start();
    const caught = [rows(1), rows(crash)].map((inputs) => outcome(session.infer(inputs)));
    await tick();
    await tick();
    const later = outcome(session.infer(rows(3)));
    const reason = '500 model m failed to run: out of cheese';
    expect(await Promise.all([...caught, later])).toEqual([reason, reason, [6]]);
    await session.close();
  });

  it('refuses more than may wait with 503 and Retry-After', async () => {
    const { session, statistics } = await start({ maxQueued: 2 });
    const answers = [rows(1), rows(2), rows(3)].map((inputs) => session.infer(inputs));
    await expect(answers[2]).rejects.toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(await Promise.all(answers.slice(0, 2).map(outcome))).toEqual([[2], [4]]);
    expect(statistics.failures.REJECTED.count).toBe(1);
    await session.close();
  });

  it('gives up what has waited too long, not what runs', async () => {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { session } = await start({ maxRows: 1 }, 1, () => ended);
    const runs = outcome(session.infer(rows(1), undefined, { timeout: 5 }));
    const waits = session.infer(rows(2), undefined, { timeout: 5 });
    await expect(waits).rejects.toMatchObject({
      status: 503,
      message: expect.stringMatching(/timed out .* 5 ms/),
    });
    end();
    expect(await runs).toEqual([2]);
    await session.close();
  });

  it('runs the urgent first', async () => {
    const { session, ran } = await start({ maxRows: 1 });
    const answers = [3, 0, 1, 9].map((priority) => session.infer(rows(priority), undefined, { priority }));
    await Promise.all(answers);
    expect(ran).toEqual([[1], [0], [3], [9]]);
    await session.close();
  });

  it('takes back what is cancelled while it waits', async () => {
    const { session, ran } = await start();
    let cancel = (): void => {};
    const cancelled = session.infer(rows(1), undefined, {
      onCancellable: (given) => {
        cancel = given;
      },
    });
    const kept = outcome(session.infer(rows(2)));
    cancel();
    await expect(cancelled).rejects.toMatchObject({ status: 499 });
    expect(await kept).toEqual([4]);
    expect(ran).toEqual([[2]]);
    await session.close();
  });

  describe('with a batch ahead', () => {
    const handedOver = async (longestAhead: number, how: InferOptions = {}): Promise<number[][]> => {
      const { session, ran } = await start({ longestAhead }, 1, () => 20);
      await session.infer(rows(0));
      const answers = [session.infer(rows(1), undefined, how)];
      await tick();
      answers.push(...[2, 3].map((value) => session.infer(rows(value), undefined, how)));
      for (let turn = 0; turn < 5; turn++) await tick();
      const meanwhile = ran.slice(1);
      expect((await Promise.all(answers)).map(valuesOf)).toEqual([[2], [4], [6]]);
      await session.close();
      return meanwhile;
    };

    it('hands it to an instance that is running', async () => {
      expect(await handedOver(50)).toEqual([[1], [2, 3]]);
    });

    it('does not where a run is longer than that, nor where somebody may give up meanwhile', async () => {
      expect(await handedOver(0.5)).toEqual([[1]]);
      expect(await handedOver(50, { timeout: 10_000 })).toEqual([[1]]);
    });

    it('lets what comes gather to its share', async () => {
      const { session, ran } = await start({ longestAhead: 50, maxRows: 9 }, 1, () => 20);
      await session.infer(rows(0));
      const first = [1, 2, 3].map((value) => session.infer(rows(value)));
      await tick();
      const second = [session.infer(rows(4))];
      for (let turn = 0; turn < 3; turn++) await tick();
      expect(ran).toEqual([[0], [1, 2, 3]]);
      second.push(session.infer(rows(5)), session.infer(rows(6)));
      for (let turn = 0; turn < 3; turn++) await tick();
      expect(ran).toEqual([[0], [1, 2, 3], [4, 5, 6]]);
      await Promise.all([...first, ...second]);
      await session.close();
    });
  });

  it.each([
    [5, 2, [3, 2]],
    [7, 3, [3, 2, 2]],
    [1, 2, [1]],
  ])('shares %d requests among %d instances', async (requests, instances, runs) => {
    const { session, ran } = await start({ maxRows: 9 }, instances);
    const all = Array.from({ length: requests }, (_, value) => session.infer(rows(value)));
    await Promise.all(all);
    expect(ran.map(({ length }) => length)).toEqual(runs);
    await session.close();
  });

  it('waits for company as long as it is told', async () => {
    const { session, ran } = await start({ delay: fixedDelay(30) }, 2);
    const first = [rows(1), rows(2)].map((inputs) => outcome(session.infer(inputs)));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const last = outcome(session.infer(rows(3)));
    expect(await Promise.all([...first, last])).toEqual([[2], [4], [6]]);
    expect(ran).toEqual([[1, 2, 3]]);
    await session.close();
  });

  it('closes after all that it has taken, and refuses what comes later with 503', async () => {
    const { session } = await start({ delay: fixedDelay(10_000), maxRows: 2 });
    const taken = [rows(1), rows(2), rows(3)].map((inputs) => outcome(session.infer(inputs)));
    const closing = session.close();
    expect(await outcome(session.infer(rows(4)))).toBe('503 model m is not ready: it is being unloaded');
    await closing;
    expect(await Promise.all(taken)).toEqual([[2], [4], [6]]);
  });

  it('refuses inputs whose batch sizes differ', async () => {
    const { session } = await start();
    const uneven = new Map([
      ...rows(1, 2),
      ['z', { dtype: 'float32', shape: [1], data: Float32Array.of(1) }] as const,
    ]);
    await expect(session.infer(uneven)).rejects.toMatchObject({ status: 400 });
    await session.close();
  });

  it('answers every request once and with its own result, under arrivals, cancellations, failures and crashes', async () => {
    const event = fc.record({
      rows: fc.integer({ min: 1, max: 6 }),
      kind: fc.oneof(
        { weight: 12, arbitrary: fc.constant('good') },
        { weight: 1, arbitrary: fc.constant('bad') },
        { weight: 1, arbitrary: fc.constant('crash') },
        { weight: 2, arbitrary: fc.constant('cancelled') },
      ),
      priority: fc.integer({ min: 0, max: 3 }),
      pause: fc.integer({ min: 0, max: 3 }),
    });
    const setting = fc.record({
      events: fc.array(event, { minLength: 1, maxLength: 40 }),
      maxRows: fc.integer({ min: 0, max: 5 }),
      maxQueued: fc.integer({ min: 8, max: 30 }),
      instances: fc.integer({ min: 1, max: 3 }),
      delay: fc.constantFrom(0, 1),
      longestAhead: fc.constantFrom(0, 50),
      latencies: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(setting, async ({ events, instances, delay, latencies, ...options }) => {
        let turn = 0;
        const latency = (): number => latencies[turn++ % latencies.length] ?? 0;
        const policy = delay === 0 ? noDelay : fixedDelay(delay);
        const { session, statistics } = await start({ ...options, delay: policy }, instances, latency);
        const settled = events.map(() => 0);
        const outcomes = [];
        for (const [i, { rows: count, kind, priority, pause }] of events.entries()) {
          const values = Array.from({ length: count }, (_, row) => 10 * i + row);
          if (kind === 'bad') values[0] = -1;
          if (kind === 'crash') values[0] = crash;
          let cancel = (): void => {};
          const onCancellable = (given: () => void): void => {
            cancel = given;
          };
          const answer = outcome(session.infer(rows(...values), undefined, { priority, onCancellable }));
          outcomes.push(answer);
          void answer.then(() => {
            settled[i] = (settled[i] ?? 0) + 1;
          });
          for (let wait = pause; wait > 0; wait--) await tick();
          if (kind === 'cancelled') cancel();
        }
        const results = await Promise.all(outcomes);
        await session.close();
        results.forEach((result, i) => {
          const { rows: count, kind } = events[i] as (typeof events)[number];
          const own = Array.from({ length: count }, (_, row) => 2 * (10 * i + row));
          const allowed: Record<string, RegExp> = {
            good: /^503 .*overloaded|^500 .*cheese/,
            bad: /^503 .*overloaded|^500 .*(negative|cheese)/,
            crash: /^503 .*overloaded|^500 .*cheese/,
            cancelled: /^503 .*overloaded|^500 .*cheese|^499/,
          };
          if (typeof result === 'string') expect(result).toMatch(allowed[kind] as RegExp);
          else {
            expect(['good', 'cancelled']).toContain(kind);
            expect(result).toEqual(own);
          }
        });
        expect(settled).toEqual(events.map(() => 1));
        const failed = Object.values(statistics.failures).reduce((sum, { count }) => sum + count, 0);
        expect(statistics.success.count + failed).toBe(events.length);
        // Whatever no crash could have caught has succeeded.
        if (!events.some(({ kind }) => kind === 'crash')) {
          for (const result of results) if (typeof result === 'string') expect(result).not.toMatch(/cheese/);
        }
      }),
      { numRuns: 150 },
    );
  });
});
