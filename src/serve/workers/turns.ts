/**
 * Turns between threads. onnxruntime's WebGPU sessions share one GPU context, whatever thread they are in, and two of
 * them at once end the process; so they create, run and release one at a time.
 */

/** What threads take turns by: the id of the thread that has the turn, 0 while none has. */
export type Turn = Int32Array<SharedArrayBuffer>;

export const createTurn = (): Turn => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

const none = 0;

/** Ends the turn of a thread, if it has it: after its task, or when the thread is gone. */
export function endTurn(turn: Turn, thread: number): void {
  if (Atomics.compareExchange(turn, 0, thread, none) === thread) Atomics.notify(turn, 0, 1);
}

/**
 * Does tasks of one thread in turns with other threads'. Waiting blocks the thread, as the tasks themselves do; the
 * tasks of the thread itself follow one another.
 */
export function takingTurns(turn: Turn, thread: number): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(async () => {
      for (;;) {
        const holder = Atomics.compareExchange(turn, 0, none, thread);
        if (holder === none) break;
        Atomics.wait(turn, 0, holder);
      }
      try {
        return await task();
      } finally {
        endTurn(turn, thread);
      }
    });
    last = next.catch(() => {});
    return next;
  };
}
