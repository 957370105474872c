/** Whether requests have come to a server, as its metrics tell: a pause would be a guess about the machine. */
import { expect } from 'vitest';

/** Resolves when so many requests to a model wait to be run; who is running does not. */
export async function untilWaiting(url: string, model: string, count: number): Promise<void> {
  const pattern = new RegExp(`^nv_inference_pending_request_count\\{model="${model}".*\\} (\\d+)$`, 'm');
  const waiting = async (): Promise<number> => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    return Number(pattern.exec(metrics)?.[1]);
  };
  await expect.poll(waiting, { timeout: 10_000, interval: 5 }).toBe(count);
}
