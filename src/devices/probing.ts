/** Tries a device in a child process, and bears whatever becomes of it. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import type { GpuDevice } from './names.ts';

export interface Probe {
  /** Why a run of one node failed; null where it did not. */
  readonly failure: string | null;
  /** Why each library that the device stands on does not load; null where it does. */
  readonly libraries: Readonly<Record<string, string | null>>;
}

/** Milliseconds after which a driver is taken to hang. */
const patience = 60_000;

/** What a device answers. Never rejects. */
export function probeDevice(device: GpuDevice): Promise<Probe> {
  // The compiled file, also for tests that run from the sources.
  const script = createRequire(import.meta.url).resolve('#device-probe');
  return new Promise((resolve) => {
    execFile(process.execPath, [script, device], { timeout: patience }, (error, stdout, stderr) =>
      resolve(readAnswer(error, stdout, stderr)),
    );
  });
}

/** What onnxruntime means, without the source line and the condition that it puts in front. */
const plain = (message: string): string =>
  message
    .replace(/^.*\bwas false\. /s, '')
    .replace(/^.*\[ONNXRuntimeError\] : \d+ : \w+ : /s, '')
    .trim();

/** The answer of the child, or how it came to have none. What it threw is often told better by what was logged. */
export function readAnswer(
  error: { readonly killed?: boolean | undefined; readonly signal?: string | null | undefined } | null,
  stdout: string,
  stderr: string,
): Probe {
  const logged = /with error: (.*)/.exec(stderr)?.[1]?.trim();
  try {
    const probe = JSON.parse(stdout) as Probe;
    return probe.failure ? { ...probe, failure: logged ?? plain(probe.failure) } : probe;
  } catch {
    const last = stderr.trim().split('\n').at(-1);
    const how = error?.killed
      ? `the driver did not answer within ${patience / 1000} s`
      : `the process that tried it ended${error?.signal ? ` by ${error.signal}` : ''}${last ? `: ${last}` : ''}`;
    return { failure: how, libraries: {} };
  }
}
