/** Ctrl-C: the run saves its state and ends; what to do next is said. */
import { say } from './output.ts';

/** Thrown by a command that was interrupted and has saved its state. */
export class Interruption extends Error {
  override readonly name = 'Interruption';

  /** @param again the command that continues */
  constructor(again: string) {
    super(`saved; continue with: ${again}`);
  }
}

/** The exit code after an interrupt, as shells have it (128 + SIGINT). */
export const interruptedExitCode = 130;

const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs work that ends early when its signal fires: at the first Ctrl-C (or SIGTERM). A second one ends the process
 * as usual.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const release = (): void => {
    for (const name of signals) process.off(name, stop);
  };
  const stop = (): void => {
    release();
    controller.abort();
    say('interrupted: ending at the next step, with a checkpoint (again: quit at once)');
  };
  for (const name of signals) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    release();
  }
}
