/** Peak memory of a process, as the kernel counts it. */
import { readFileSync } from 'node:fs';
import { FailureError } from '../../src/errors.ts';

/** The highest resident memory of a process so far, in bytes; undefined where Linux's /proc does not tell. */
export function peakMemoryOf(process: number | 'self'): number | undefined {
  try {
    const status = readFileSync(`/proc/${process}/status`, 'utf8');
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? undefined : 1024 * Number(kibibytes);
  } catch {
    return undefined;
  }
}

/** That of this process. FailureError where there is no Linux /proc. */
export function peakMemory(): number {
  const bytes = peakMemoryOf('self');
  if (bytes === undefined) {
    throw new FailureError('peak memory is read from VmHWM in /proc/self/status, which only Linux has');
  }
  return bytes;
}
