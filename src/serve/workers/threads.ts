/**
 * Worker threads that outlive the sessions they hold. A thread that ends leaves the memory of its session with the
 * allocator (glibc's has arenas for eight threads a core), and the next thread fills another part of it: a server that
 * began a thread for each load had grown by 130 MB after 300 reloads.
 */

import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
// The workers' onnxruntime reads what only this thread can say.
import '../../telemetry.ts';
import type { Command } from './messages.ts';
import { createTurn, endTurn } from './turns.ts';

export interface Threads {
  /** A worker that holds no session. */
  take(): Worker;
  /** Takes a worker that holds no session any more; it is kept for the next one, or ended. */
  giveBack(worker: Worker): Promise<void>;
  /** Ends what is kept, and from now on what is given back. */
  close(): Promise<void>;
}

// The compiled file, also for tests that run from the sources: a worker thread loads plain JavaScript only.
const script = createRequire(import.meta.url).resolve('#session-worker');

/** All threads of the process share the GPU. */
const turn = createTurn();

/** @param spare the most threads that are kept idle */
export function createThreads(spare: number): Threads {
  const idle: Worker[] = [];
  let kept = spare;

  const end = (worker: Worker): Promise<void> =>
    new Promise((resolve) => {
      worker.once('exit', () => resolve());
      worker.postMessage({ kind: 'end' } satisfies Command);
    });

  const start = (): Worker => {
    const worker = new Worker(script, { workerData: turn });
    const { threadId } = worker;
    // Who holds the thread hears of its end, too; should it end while it is idle, there is nothing to say.
    worker.on('error', () => {});
    worker.once('exit', () => {
      endTurn(turn, threadId);
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
    });
    return worker;
  };

  return {
    take: () => idle.pop() ?? start(),
    async giveBack(worker) {
      if (idle.length < kept) idle.push(worker);
      else await end(worker);
    },
    async close() {
      kept = 0;
      await Promise.all(idle.splice(0).map(end));
    },
  };
}
