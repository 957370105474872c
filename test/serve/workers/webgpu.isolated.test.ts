/** Sessions on WebGPU in several threads at once: they share one context, which bears one of them at a time. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openInstance } from '../../../src/serve/workers/instance.ts';
import { provideVulkan } from '../../engine/vulkan.ts';
import { linearModel, makeFolder, removeFolder } from '../onnx.ts';

const missing = provideVulkan();
if (missing) console.info(`skipped: serving on WebGPU: ${missing}`);

let folder: string;
beforeAll(async () => {
  folder = await makeFolder({ 'linear.onnx': linearModel() });
});
afterAll(() => removeFolder(folder));

describe.skipIf(missing !== undefined)('instances on WebGPU', () => {
  it('load, run and end side by side', async () => {
    const path = join(folder, 'linear.onnx');
    const open = () => openInstance({ path, device: 'webgpu' });
    const answerOf = async (instance: Awaited<ReturnType<typeof open>>) => {
      const x = { dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, 0, 2) } as const;
      return (await instance.run(new Map([['x', x]]), ['y'])).outputs.get('y')?.data;
    };
    for (let round = 0; round < 3; round++) {
      const instances = await Promise.all([open(), open(), open()]);
      const answers = Array.from({ length: 10 }, () => instances.map(answerOf)).flat();
      for (const answer of await Promise.all(answers)) expect(answer).toEqual(Float32Array.of(11, 14));
      await Promise.all(instances.map((instance) => instance.close()));
    }
  });
});
