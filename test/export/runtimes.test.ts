/** The same file in other runtimes: onnxruntime-web (wasm), OpenCV, and before ONNX's own checker. */
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as web from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageShape } from '../../src/data/index.ts';
import { loadModel } from '../../src/engine/model.ts';
import { metadataFromProps } from '../../src/onnx/metadata.ts';
import { readModelInfo, serialize } from '../../src/onnx/serde.ts';
import { findModels } from '../../src/serve/models/repository.ts';
import { genotypes, graphOf, initial, pixels, shapes } from './networks.ts';
import { pythonWith, runPython } from './python.ts';

const batch = 3;

interface Case {
  readonly title: string;
  readonly shape: ImageShape;
  readonly bytes: Uint8Array;
}

const made = Object.entries(shapes).flatMap(([size, shape]) =>
  Object.entries(genotypes).flatMap(([name, genotype]) =>
    [false, true].map((softmax) => {
      const title = `${name} on ${size} images${softmax ? ', softmax' : ''}`;
      return { title, shape, bytes: serialize(graphOf(initial(genotype, shape), { softmax })) };
    }),
  ),
);

/** The models that come with the package. */
const shipped = (await findModels(fileURLToPath(new URL('../../models', import.meta.url)))).map(
  ({ name, versions: [latest] }): Case => {
    const path = latest?.path ?? '';
    const bytes = readFileSync(path);
    const { image } = metadataFromProps(readModelInfo(bytes).metadata);
    if (!image) throw new Error(`${path} says nothing of its images`);
    return { title: `the shipped ${name}`, shape: image, bytes };
  },
);

const models: readonly Case[] = [...made, ...shipped];

const inputShape = ({ shape: { channels, height, width } }: Case): number[] => [
  batch,
  channels,
  height,
  width,
];

/** What onnxruntime computes on this machine's processor. */
async function expectedOutput(model: Case): Promise<Float32Array> {
  const loaded = await loadModel(model.bytes, model.title, { threads: 1 });
  const output = await loaded.run(pixels(batch, model.shape), inputShape(model));
  await loaded.dispose();
  return output;
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect([...actual]).toEqual([...expected].map((x) => expect.closeTo(x, 4)));
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-export-'));
  // Workers would outlive the test.
  web.env.wasm.numThreads = 1;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('onnxruntime-web computes the same', () => {
  it.each(models)('$title', async (model) => {
    const session = await web.InferenceSession.create(model.bytes, { executionProviders: ['wasm'] });
    const image = new web.Tensor('float32', pixels(batch, model.shape), inputShape(model));
    const [output] = Object.values(await session.run({ image }));
    expectClose(output?.data as Float32Array, await expectedOutput(model));
    await session.release();
  });
});

/** The model's file, its input beside it. */
async function written(model: Case): Promise<{ onnx: string; input: string; output: string }> {
  const path = join(folder, model.title.replaceAll(/\W+/g, '_'));
  const files = { onnx: `${path}.onnx`, input: `${path}.in`, output: `${path}.out` };
  await writeFile(files.onnx, model.bytes);
  await writeFile(files.input, new Uint8Array(pixels(batch, model.shape).buffer));
  return files;
}

const checker = pythonWith('onnx', 'python3-onnx');

describe.skipIf(!checker)("ONNX's checker is content with", () => {
  it('all of them, types and shapes inferred', async () => {
    const files = await Promise.all(models.map(written));
    const program = `
import sys, onnx
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
print(len(sys.argv) - 1)`;
    const checked = await runPython(checker as string, program, ...files.map(({ onnx }) => onnx));
    expect(checked.trim()).toBe(String(models.length));
  });
});

const opencv = pythonWith('cv2', 'python3-opencv');

describe.skipIf(!opencv)('OpenCV computes the same', () => {
  const program = `
import sys, cv2, numpy
for i in range(1, len(sys.argv), 4):
    onnx, source, target, shape = sys.argv[i : i + 4]
    net = cv2.dnn.readNetFromONNX(onnx)
    net.setInput(numpy.fromfile(source, 'float32').reshape([int(size) for size in shape.split()]))
    net.forward().tofile(target)`;

  it('of all of them', async () => {
    const files = await Promise.all(models.map(written));
    const jobs = models.map((model, i) => ({ model, ...(files[i] as (typeof files)[number]) }));
    const args = jobs.flatMap(({ model, onnx, input, output }) => [
      onnx,
      input,
      output,
      inputShape(model).join(' '),
    ]);
    await runPython(opencv as string, program, ...args);
    for (const { model, output } of jobs) {
      const bytes = await readFile(output);
      const actual = new Float32Array(bytes.length / 4);
      new Uint8Array(actual.buffer).set(bytes);
      expectClose(actual, await expectedOutput(model));
    }
  });
});
