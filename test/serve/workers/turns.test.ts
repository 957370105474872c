/** Tasks of several threads never overlap, whatever becomes of a task or a thread. */
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { createTurn, endTurn, takingTurns } from '../../../src/serve/workers/turns.ts';

/** In another thread: holds the turn for some time, then gives it back or ends with it. */
const holder = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { turn, thread, milliseconds } = workerData;
  Atomics.store(turn, 0, thread);
  parentPort.postMessage('has it');
  setTimeout(() => {
    if (Atomics.compareExchange(turn, 0, thread, 0) === thread) Atomics.notify(turn, 0, 1);
  }, milliseconds);
`;

it("waits for another thread's turn, and does its own tasks one after the other", async () => {
  const turn = createTurn();
  const worker = new Worker(holder, { eval: true, workerData: { turn, thread: 7, milliseconds: 100 } });
  await new Promise((resolve) => worker.once('message', resolve));
  const inTurn = takingTurns(turn, 1);
  let running = 0;
  const task = (value: number) => async (): Promise<number> => {
    expect(turn[0]).toBe(1);
    expect(running++).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    if (value === 2) throw new Error('of the task');
    return value;
  };
  const results = await Promise.allSettled([1, 2, 3].map((value) => inTurn(task(value))));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(turn[0]).toBe(0);
  await worker.terminate();
});

it('takes the turn from a thread that has ended with it, and from no other', async () => {
  const turn = createTurn();
  turn[0] = 5;
  endTurn(turn, 4);
  expect(turn[0]).toBe(5);
  endTurn(turn, 5);
  expect(await takingTurns(turn, 1)(async () => turn[0])).toBe(1);
});
