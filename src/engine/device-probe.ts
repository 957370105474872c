/**
 * The program behind `devices/probing.ts`: tries a device and says what came of it, as JSON on stdout. In a process of its own,
 * as drivers crash, hang, and write to the console.
 */

import { libraries } from '../devices/libraries.ts';
import type { GpuDevice } from '../devices/names.ts';
import type { Probe } from '../devices/probing.ts';
import { messageOf } from '../errors.ts';
import * as ort from '../runtime.ts';
import { trial } from './trial.ts';

ort.env.logLevel = 'error';

/** Why a library does not load; null where it does. Node complains of one that is no addon only once it is loaded. */
function loading(library: string): string | null {
  try {
    process.dlopen({ exports: {} }, library);
    return null;
  } catch (error) {
    const message = messageOf(error);
    return message.startsWith('Module did not self-register') ? null : message;
  }
}

async function running(device: GpuDevice): Promise<string | null> {
  try {
    await (await trial(device)).release();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

const device = process.argv[2] as GpuDevice;
const failure = await running(device);
const probe: Probe = {
  failure,
  libraries: Object.fromEntries(libraries(device, process.platform).map((name) => [name, loading(name)])),
};
process.stdout.write(JSON.stringify(probe));
