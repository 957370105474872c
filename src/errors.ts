/**
 * Errors are part of the interface. A message says what went wrong, where, what was expected, what was
 * found and what to do; nobody should need the stack trace.
 */

/** The user's input cannot be used: a wrong option, a damaged file, an unknown name. The command exits with 2. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** The input was good and the work failed all the same: a failed verification, a missing device. The command exits with 1. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
}

/** The training's loss or gradients are not numbers any more. What was trained beside it, of another seed, may go on. */
export class DivergenceError extends FailureError {}

/** The process exit code that an error stands for (2 for bad input, 1 for everything else). */
export const exitCodeOf = (error: unknown): 1 | 2 => (error instanceof InputError ? 2 : 1);

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
