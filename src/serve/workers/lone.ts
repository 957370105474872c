/** Two pools of one model as one: instances side by side, and one that has all cores, for requests that come one by one. */
import type { Pool } from './pool.ts';

/** Runs in a row that must have met no other before the next one is taken for lone: those that overlap take turns, too. */
const quiet = 8;

/**
 * A pool that looks like `many`: to whoever comes while a lone request runs, its instances are free. Then they are used
 * until runs have been lone again for a while, as threads of both would share the cores.
 */
export function withLoneInstance(many: Pool, lone: Pool): Pool {
  let inHand = 0;
  let streak = 0;
  return {
    inputs: many.inputs,
    outputs: many.outputs,
    get failure() {
      return many.failure;
    },
    get size() {
      return many.size;
    },
    get capacity() {
      return many.capacity;
    },
    get free() {
      return many.free;
    },
    get ahead() {
      return many.ahead;
    },
    async run(inputs, outputs) {
      streak = inHand === 0 ? streak + 1 : 0;
      inHand += 1;
      try {
        return await (streak > quiet && lone.free > 0 ? lone : many).run(inputs, outputs);
      } finally {
        inHand -= 1;
      }
    },
    onFree: many.onFree,
    async close() {
      await Promise.all([many.close(), lone.close()]);
    },
  };
}
