import { describe, expect, it } from 'vitest';
import { configuredPlacement, measuredPlacement } from '../../../src/serve/models/placement.ts';
import type { Instance } from '../../../src/serve/workers/instance.ts';

const config = { device: 'cpu', instances: undefined, threads: undefined } as const;

it.each([
  [config, 8, undefined],
  [config, 1, { instances: 1, threads: 1 }],
  [{ ...config, device: 'webgpu' } as const, 8, { instances: 1, threads: 8 }],
  [{ ...config, instances: 3 }, 8, { instances: 3, threads: 2 }],
  [{ ...config, instances: 9 }, 8, { instances: 9, threads: 1 }],
  [{ ...config, threads: 2 }, 8, { instances: 1, threads: 2 }],
  [{ ...config, instances: 2, threads: 3 }, 8, { instances: 2, threads: 3 }],
])('%j on %d cores is %j', (given, cores, expected) => {
  expect(configuredPlacement(given, cores)).toEqual(expected);
});

describe('a placement that is measured', () => {
  /** Milliseconds of a run by threads. */
  const measure = async (times: Readonly<Record<number, number | undefined>>, cores = 4) => {
    const open = new Set<number>();
    const opened: number[] = [];
    const { first, lone, ...placement } = await measuredPlacement(
      cores,
      async (threads) => {
        opened.push(threads);
        open.add(threads);
        return { threads, close: async () => void open.delete(threads) } as unknown as Instance;
      },
      async (instance) => times[(instance as unknown as { threads: number }).threads],
    );
    return { placement, first, lone, opened, open: [...open] };
  };

  it('is an instance a core where a lone run hardly takes longer', async () => {
    const small = await measure({ 4: 0.6, 1: 0.8 });
    expect(small.placement).toEqual({ instances: 4, threads: 1 });
    expect(small.first).toMatchObject({ threads: 1 });
    expect(small.open).toEqual([1]);
  });

  it('has one more with all cores, for lone requests, where these would notice', async () => {
    const middling = await measure({ 4: 0.6, 1: 1.5 });
    expect(middling.placement).toEqual({ instances: 4, threads: 1, loneThreads: 4 });
    expect([middling.first, middling.lone]).toMatchObject([{ threads: 1 }, { threads: 4 }]);
    expect(middling.open).toEqual([4, 1]);
  });

  it('is one instance where it does, and where nothing can be measured', async () => {
    for (const times of [{ 4: 2, 1: 3.1 }, { 4: 2 }, { 1: 2 }, {}]) {
      const { placement, first, open } = await measure(times);
      expect(placement).toEqual({ instances: 1, threads: 4 });
      expect(first).toMatchObject({ threads: 4 });
      expect(open).toEqual([4]);
    }
  });

  it('is not timed further where a lone request cannot gain', async () => {
    const tiny = await measure({ 4: 0.08 });
    expect(tiny.placement).toEqual({ instances: 4, threads: 1 });
    expect(tiny.open).toEqual([1]);
  });

  it('loads a slow model once', async () => {
    expect((await measure({ 4: 11, 1: 11 })).opened).toEqual([4]);
  });

  it('leaves nothing open where an instance cannot be opened', async () => {
    let closed = 0;
    const open = async (threads: number): Promise<Instance> => {
      if (threads === 1) throw new Error('no memory');
      return { close: async () => void closed++ } as unknown as Instance;
    };
    await expect(measuredPlacement(2, open, async () => 1)).rejects.toThrow('no memory');
    expect(closed).toBe(1);
  });
});
