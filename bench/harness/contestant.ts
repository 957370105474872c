/**
 * A contestant: a child process that prepares something and then does it once whenever it is asked. One request and
 * one answer a line, in JSON, so that contestants in different languages take their turns in one process tree.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { FailureError } from '../../src/errors.ts';

export interface Contestant {
  readonly name: string;
  /** Sends a command; its answer. FailureError where the contestant reports one, or ends. */
  ask<Answer extends object>(command: string, body?: object): Promise<Answer>;
  /** Ends the process; resolves when its memory is free again. */
  close(): Promise<void>;
}

export interface Launch {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Seconds that an answer may take; then the process is killed. Default: any time. */
  readonly limit?: number;
}

/** Ours: a file of bench/contestants, run by this Node with the loader that runs this file. */
export const ours = (name: string, file: string, ...args: string[]): Launch => {
  const path = fileURLToPath(new URL(`../contestants/${file}`, import.meta.url));
  return { name, program: process.execPath, args: [...process.execArgv, path, ...args] };
};

function start({ name, program, args, limit }: Launch): Contestant {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`));
  });
  // Writing to a process that has ended: the missing answer tells.
  child.stdin.on('error', () => {});
  return {
    name,
    ask: async <Answer extends object>(command: string, body: object = {}) => {
      child.stdin.write(`${JSON.stringify({ command, ...body })}\n`);
      let late = false;
      const timer =
        limit &&
        setTimeout(() => {
          late = true;
          child.kill('SIGKILL');
        }, 1000 * limit);
      const { value: line, done } = await answers.next();
      clearTimeout(timer);
      if (done && late) {
        throw new FailureError(`${name} did not answer "${command}" within ${limit} s`);
      }
      if (done) throw new FailureError(`${name} ended during "${command}": ${await ended}`);
      const answer = JSON.parse(line) as Answer | { error: string };
      if ('error' in answer) throw new FailureError(`${name} failed at "${command}": ${answer.error}`);
      return answer;
    },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

/** Runs `body` with a contestant, which ends with it. */
export async function withContestant<T>(
  launch: Launch,
  body: (contestant: Contestant) => Promise<T>,
): Promise<T> {
  const contestant = start(launch);
  try {
    return await body(contestant);
  } finally {
    await contestant.close();
  }
}
