/** A short soak; `npm run bench -- soak` is the long one. */
import { describe, expect, it } from 'vitest';
import { soak } from '../../bench/soak/run.ts';

describe('a served model under mixed load', () => {
  it('answers as it must while models are reloaded and a worker is killed, and drains on SIGTERM', async () => {
    const { problems, done, reloads, kills, drain } = await soak({
      seconds: 15,
      connections: 8,
      environment: {},
      kills: 1,
      reloadSeconds: 4,
      seed: 7,
      // So short a time says little of memory, and other tests share the machine.
      growthLimit: 0.5,
      healthLimit: 1000,
    });
    expect(problems).toEqual([]);
    for (const name of ['JSON', 'binary', 'PNG', 'gzip JSON', 'oversized: 413', 'given up while waiting']) {
      expect(done[name], name).toBeGreaterThan(0);
    }
    expect(reloads).toBeGreaterThan(0);
    expect(kills).toEqual([{ failed: expect.any(Number), reasons: [expect.stringContaining('error')] }]);
    expect(drain).toMatchObject({ exitCode: 0, problems: [] });
    expect(drain.answered).toBe(drain.inFlight);
  });
});
