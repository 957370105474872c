/** Peak memory of a process, as the kernel counts it. */
import { readFileSync } from 'node:fs';
import { FailureError } from '../../src/errors.ts';

/** The highest resident memory of this process so far, in bytes. FailureError where there is no Linux /proc. */
export function peakMemory(): number {
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    throw new FailureError('peak memory is read from /proc/self/status, which only Linux has');
  }
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (!kibibytes) throw new FailureError('/proc/self/status has no line VmHWM');
  return 1024 * Number(kibibytes);
}
