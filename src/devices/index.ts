/** Which devices this machine has, found out before work starts. */
import { FailureError } from '../errors.ts';
import { gatherFacts } from './facts.ts';
import { gpuVendors } from './hardware.ts';
import type { DeviceName, GpuDevice } from './names.ts';
import { chooseDevice, problemLines, type Verdict, verdictOf } from './verdict.ts';

export { type DeviceName, deviceNames, type GpuDevice } from './names.ts';
export { chooseDevice, type Verdict } from './verdict.ts';

const known = new Map<GpuDevice, Promise<Verdict>>();

/** Whether a device can be used here; found out once in a process, by a child of it that takes about a second. */
export function inspectDevice(device: GpuDevice): Promise<Verdict> {
  const verdict = known.get(device) ?? gatherFacts(device).then((facts) => verdictOf(device, facts));
  known.set(device, verdict);
  return verdict;
}

/** @throws FailureError where the device cannot be used, with what stands in the way and what mends it */
export async function requireDevice(device: DeviceName): Promise<Verdict | undefined> {
  if (device === 'cpu') return undefined;
  const verdict = await inspectDevice(device);
  if (verdict.state !== 'unusable') return verdict;
  throw new FailureError(
    [
      `the device ${device} cannot be used here:`,
      ...problemLines(verdict),
      '--device cpu works everywhere',
    ].join('\n'),
  );
}

/** What `auto` stands for on this machine, and why. */
export async function autoDevice(): Promise<ReturnType<typeof chooseDevice>> {
  // Nothing to try, and no second spent on trying.
  if (process.platform === 'linux' && gpuVendors().length === 0) {
    return { device: 'cpu', reason: 'no GPU is to be seen' };
  }
  const [cuda, webgpu] = await Promise.all([inspectDevice('cuda'), inspectDevice('webgpu')]);
  return chooseDevice({ cuda, webgpu });
}
