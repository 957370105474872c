import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../src/errors.ts';
import {
  type EpochLoop,
  type EpochRecord,
  meansOf,
  type Position,
  runEpochs,
  type StepReport,
  type Sums,
} from '../../src/runs/epochs.ts';

interface Saved {
  readonly position: Position;
  readonly sums: Sums;
  readonly record: EpochRecord | undefined;
}

/** Runs two epochs of three steps of 10 images whose loss is the step's number, and lists what happened. */
async function run(settings: Partial<EpochLoop> = {}) {
  const steps: Position[] = [];
  const saved: Saved[] = [];
  const ended: number[] = [];
  const status = await runEpochs({
    epochs: 2,
    steps: 3,
    start: { epoch: 0, step: 0 },
    sums: {},
    step: async (position) => {
      steps.push(position);
      return { count: 10, loss: 10 * position.step };
    },
    endEpoch: async (epoch) => {
      ended.push(epoch);
      return { note: `epoch ${epoch}` };
    },
    save: (position, sums, record) => saved.push({ position, sums, record }),
    ...settings,
  });
  return { status, steps, saved, ended };
}

const places = (list: readonly Position[]): string[] => list.map(({ epoch, step }) => `${epoch}.${step}`);

describe('runEpochs', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])('stops a training whose loss is %s', async (loss) => {
    const saved: Position[] = [];
    const diverging = run({
      step: async ({ epoch, step }) => ({ count: 10, loss: epoch === 1 && step === 1 ? loss : 1 }),
      save: (position) => saved.push(position),
    });
    await expect(diverging).rejects.toThrow(FailureError);
    await expect(diverging).rejects.toThrow(/loss of epoch 2, step 2 is .*diverged; .*lower learning rate/);
    // The state of the epoch before is the last one saved.
    expect(places(saved)).toEqual(['1.0']);
  });

  it('takes every step once and saves after each epoch', async () => {
    const { status, steps, saved, ended } = await run();
    expect(status).toBe('finished');
    expect(places(steps)).toEqual(['0.0', '0.1', '0.2', '1.0', '1.1', '1.2']);
    expect(ended).toEqual([0, 1]);
    expect(saved).toEqual([
      {
        position: { epoch: 1, step: 0 },
        sums: {},
        record: { epoch: 0, loss: 1, note: 'epoch 0', seconds: expect.any(Number) },
      },
      {
        position: { epoch: 2, step: 0 },
        sums: {},
        record: { epoch: 1, loss: 1, note: 'epoch 1', seconds: expect.any(Number) },
      },
    ]);
  });

  it('continues in the midst of an epoch with its sums', async () => {
    const { steps, saved, ended } = await run({
      start: { epoch: 1, step: 2 },
      sums: { count: 20, loss: 100 },
    });
    expect(places(steps)).toEqual(['1.2']);
    expect(ended).toEqual([1]);
    expect(saved.map(({ record }) => record)).toMatchObject([{ epoch: 1, loss: 4 }]);
  });

  it('does nothing more at the end', async () => {
    const { status, steps, saved } = await run({ start: { epoch: 2, step: 0 } });
    expect([status, steps, saved]).toEqual(['finished', [], []]);
  });

  it('saves after the step under way where it is interrupted', async () => {
    const controller = new AbortController();
    const onStep = ({ epoch, step }: Position): void => {
      if (epoch === 0 && step === 2) controller.abort();
    };
    const { status, steps, saved } = await run({ signal: controller.signal, observer: { onStep } });
    expect(status).toBe('interrupted');
    expect(places(steps)).toEqual(['0.0', '0.1']);
    const sums = { count: 20, loss: 10, seconds: expect.any(Number) };
    expect(saved).toEqual([{ position: { epoch: 0, step: 2 }, sums, record: undefined }]);
  });

  it("counts an epoch's seconds before an interruption and after it", async () => {
    const controller = new AbortController();
    const step: EpochLoop['step'] = async (position) => {
      await sleep(50);
      if (position.step === 1) controller.abort();
      return { count: 1, loss: 0 };
    };
    const [interrupted] = (await run({ signal: controller.signal, step })).saved as [Saved];
    const { position: start, sums } = interrupted;
    const { saved } = await run({ start, sums, epochs: 1, step });
    const [before, after] = [sums.seconds as number, saved[0]?.record?.seconds as number];
    expect(before).toBeGreaterThan(0.09);
    expect(after).toBeGreaterThan(before + 0.04);
    expect(saved[0]?.record).not.toHaveProperty('step');
    expect(saved[0]?.sums).toEqual({});
  });

  it('lets signals and timers have their turn between steps', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1);
    const blocking = async (): Promise<Sums> => {
      const end = performance.now() + 5;
      while (performance.now() < end);
      return { count: 1 };
    };
    const { status } = await run({ epochs: 1000, step: blocking, signal: controller.signal });
    expect(status).toBe('interrupted');
  });

  it('reports means, rate and time left', async () => {
    const reports: StepReport[] = [];
    const records: EpochRecord[] = [];
    await run({
      observer: { onStep: (report) => reports.push(report), onEpoch: (record) => records.push(record) },
    });
    expect(reports.map(({ epoch, step, means }) => [epoch, step, means.loss])).toEqual([
      [0, 1, 0],
      [0, 2, 0.5],
      [0, 3, 1],
      [1, 1, 0],
      [1, 2, 0.5],
      [1, 3, 1],
    ]);
    reports.forEach(({ stepsPerSecond, secondsLeft }, i) => {
      expect(stepsPerSecond * secondsLeft).toBeCloseTo(5 - i, 9);
    });
    expect(records.map(({ epoch }) => epoch)).toEqual([0, 1]);
  });

  it('ends with the epoch that is the last, for whatever reason, and is saved at its end', async () => {
    const endEpoch = async (epoch: number) => (epoch === 1 ? { stopped: 'enough' } : {});
    const { status, steps, saved } = await run({ epochs: 9, endEpoch });
    expect(status).toBe('finished');
    expect(places(steps)).toEqual(['0.0', '0.1', '0.2', '1.0', '1.1', '1.2']);
    expect(saved.at(-1)).toMatchObject({
      position: { epoch: 9, step: 0 },
      record: { epoch: 1, stopped: 'enough' },
    });
    const again = await run({ epochs: 9, start: saved.at(-1)?.position as Position });
    expect([again.status, again.steps, again.saved]).toEqual(['finished', [], []]);
  });

  it('takes as many steps as each epoch has', async () => {
    const reports: StepReport[] = [];
    const { steps } = await run({
      epochs: 4,
      steps: (epoch) => [2, 0, 3, 1][epoch] as number,
      observer: { onStep: (report) => reports.push(report) },
    });
    expect(places(steps)).toEqual(['0.0', '0.1', '2.0', '2.1', '2.2', '3.0']);
    expect(reports.map(({ steps: ofEpoch }) => ofEpoch)).toEqual([2, 2, 3, 3, 3, 1]);
    reports.forEach(({ stepsPerSecond, secondsLeft }, i) => {
      expect(stepsPerSecond * secondsLeft).toBeCloseTo(5 - i, 9);
    });
  });

  it('passes errors on', async () => {
    const step = async (): Promise<Sums> => {
      throw new Error('out of cheese');
    };
    await expect(run({ step })).rejects.toThrow('out of cheese');
  });
});

it('meansOf divides by the count of images', () => {
  expect(meansOf({ count: 4, loss: 2, accuracy: 3 })).toEqual({ loss: 0.5, accuracy: 0.75 });
  expect(meansOf({})).toEqual({});
});
