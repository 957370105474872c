/** `nas doctor`, and devices that this machine does not have. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Diagnosis } from '../../src/cli/tasks/doctor.ts';
import { expectRefused, nas, nasJson, newFolder, stackTrace } from './nas.ts';

let folder: Awaited<ReturnType<typeof newFolder>>;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => folder.remove());

describe('nas doctor', () => {
  it('says what there is, for people', async () => {
    const { code, stdout, stderr } = await nas(folder.path, 'doctor');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^onnx-nas +\d+\.\d+\.\d+, Node \d+.*onnxruntime \d+/m);
    expect(stdout).toMatch(/^cpu +works: .*\d+ cores/m);
    for (const device of ['cuda', 'webgpu'])
      expect(stdout).toMatch(new RegExp(`^${device} +(works|not usable)`, 'm'));
    expect(stdout).toMatch(/^auto +--device auto is (cpu|cuda|webgpu) \(.+\)$/m);
    expect(stdout + stderr).not.toMatch(stackTrace);
    // Drivers write to the console of the process that tries them; it is not this one.
    expect(stderr).toBe('');
  });

  it('and for programs', async () => {
    const diagnosis = (await nasJson(folder.path, 'doctor')) as unknown as Diagnosis;
    expect(diagnosis.devices.cpu).toEqual({ state: 'usable', what: 'every CPU', problems: [] });
    expect(diagnosis.versions.node).toBe(process.versions.node);
    expect(diagnosis.cpu.cores).toBeGreaterThan(0);
    for (const { state, problems } of Object.values(diagnosis.devices)) {
      expect(problems.length > 0).toBe(state !== 'usable');
      for (const { what, remedy } of problems) expect(what && remedy).toBeTruthy();
    }
    const { device } = diagnosis.auto;
    expect(diagnosis.devices[device].state).toBe('usable');
  });
});

/** No Vulkan driver, whatever this machine has. */
const withoutVulkan = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };

describe.runIf(process.platform === 'linux')('a device that is missing', () => {
  beforeAll(() => Object.assign(process.env, withoutVulkan));
  afterAll(() => {
    for (const name of Object.keys(withoutVulkan)) delete process.env[name];
  });

  it.each([
    ['search', []],
    ['retrain', ['darts_v1']],
    ['quickstart', []],
    ['evaluate', ['MODEL']],
  ])('is refused before %s begins', async (command, args) => {
    const model = new URL('../../models/fashion-mnist/1/model.onnx', import.meta.url).pathname;
    const words = args.map((word) => (word === 'MODEL' ? model : word));
    const outcome = await nas(folder.path, command, ...words, '--device', 'webgpu');
    expectRefused(outcome, /the device webgpu cannot be used here:\n- .*Vulkan.*\n {2}→ apt-get install/, 1);
    expect(outcome.stderr).toMatch(/--device cpu works everywhere/);
    expect(outcome.stderr).not.toMatch(/epoch|Warning/);
  });

  it('is refused before nas serve listens', async () => {
    const models = new URL('../../models', import.meta.url).pathname;
    const outcome = await nas(folder.path, 'serve', models, '--port', '0', '--device', 'webgpu');
    expectRefused(outcome, /the device webgpu cannot be used here/, 1);
  });
});
