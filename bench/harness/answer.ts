/** Our contestants' side of the conversation: answers requests from stdin, one a line, until it ends. */
import { createInterface } from 'node:readline';
import { messageOf } from '../../src/errors.ts';
import { peakMemory } from './memory.ts';

export type Handlers = Readonly<Record<string, (request: never) => Promise<object> | object>>;

export async function answer(handlers: Handlers): Promise<void> {
  const all: Handlers = { memory: () => ({ peakBytes: peakMemory() }), ...handlers };
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as { command: string };
    const response = await respond(all, request);
    process.stdout.write(`${JSON.stringify(response)}\n`);
  }
}

async function respond(handlers: Handlers, request: { command: string }): Promise<object> {
  const handle = handlers[request.command];
  if (!handle) return { error: `unknown command ${request.command}` };
  try {
    return await handle(request as never);
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** A step's milliseconds and its loss. */
export interface Timed {
  readonly milliseconds: number;
  readonly loss: number;
}

export async function timed(step: () => Promise<number>): Promise<Timed> {
  const begin = performance.now();
  const loss = await step();
  return { milliseconds: performance.now() - begin, loss };
}
