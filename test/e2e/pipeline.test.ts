/** The whole way, as a user goes it: search → retrain → export → evaluate → serve, in child processes. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dataset, loadDataset, pixelsOf } from '../../src/data/index.ts';
import { loadModel } from '../../src/engine/model.ts';
import { type ModelMetadata, metadataFromProps } from '../../src/onnx/metadata.ts';
import { readModelInfo } from '../../src/onnx/serde.ts';
import { random } from '../../src/random.ts';
import { softmax } from '../../src/softmax.ts';
import { nas, nasJson, newFolder, start, tiny } from '../cli/nas.ts';

let folder: Awaited<ReturnType<typeof newFolder>>;
const place = (...names: string[]): string => join(folder.path, ...names);
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => folder.remove());

const run = (...args: string[]): Promise<Record<string, unknown>> => nasJson(folder.path, ...args);
const onnxOf = (model: string): string => `models/${model}/1/model.onnx`;

/** An image of a data set as a PNG file, and the tensor that it stands for: [1, C, H, W] in [0, 1]. */
async function picture(
  { test, shape }: Dataset,
  index: number,
): Promise<{ png: Buffer; pixels: Float32Array }> {
  const { channels, height, width } = shape;
  const size = pixelsOf(shape);
  const planes = test.images.subarray(index * size, (index + 1) * size);
  const interleaved = planes.map(
    (_, i) => planes[(i % channels) * height * width + Math.floor(i / channels)] as number,
  );
  const raw = { width, height, channels: channels as 1 | 3 };
  const png = await sharp(interleaved, { raw })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
  return { png, pixels: Float32Array.from(planes, (x) => x / 255) };
}

const post = async (url: string, body: string | Buffer): Promise<Record<string, unknown>> => {
  const response = await fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
};

/** Serves the exported models, compares every answer with onnxruntime's own result, and stops the server. */
async function expectServed(model: string, dataset: Dataset): Promise<void> {
  const bytes = await readFile(place(onnxOf(model)));
  const { labels = [], image } = metadataFromProps(readModelInfo(bytes).metadata) as Partial<ModelMetadata>;
  expect([labels, image]).toEqual([dataset.classes, dataset.shape]);
  const server = start(folder.path, 'serve', 'models', '--port', '0', '--json', '--threads', '1');
  const [line] = await server.said(/^\{.*\}$/m);
  const { url, port } = JSON.parse(line) as { url: string; port: number };
  expect(url).toBe(`http://127.0.0.1:${port}`);

  const direct = await loadModel(bytes, model, { threads: 1 });
  const { channels, height, width } = dataset.shape;
  for (const index of [0, 1, 2]) {
    const { png, pixels } = await picture(dataset, index);
    const shape = [1, channels, height, width];
    const expected = [...(await direct.run(pixels, shape))];

    const input = { name: 'image', datatype: 'FP32', shape, data: [...pixels] };
    const { outputs } = await post(`${url}/v2/models/${model}/infer`, JSON.stringify({ inputs: [input] }));
    expect(outputs).toEqual([
      {
        name: 'logits',
        datatype: 'FP32',
        shape: [1, labels.length],
        data: expected.map((x) => expect.closeTo(x, 4)),
      },
    ]);

    const answer = await post(`${url}/v2/models/${model}/classify?top=${labels.length}`, png);
    const probabilities = softmax(expected);
    const byIndex = (answer.labels as { index: number; label: string; probability: number }[]).sort(
      (a, b) => a.index - b.index,
    );
    expect(byIndex).toEqual(
      probabilities.map((x, i) => ({ index: i, label: labels[i], probability: expect.closeTo(x, 4) })),
    );
  }
  await direct.dispose();

  server.process.kill('SIGTERM');
  const { code, stdout } = await server.ended;
  expect(code).toBe(0);
  expect(stdout).toBe(`${line}\n`);
}

/** Retrains a genotype, exports the network, evaluates run and file, and serves it. */
async function expectUsable(
  genotype: string,
  model: string,
  data: readonly string[],
  dataset: Dataset,
): Promise<void> {
  const out = `runs/${model}`;
  const trained = await run('retrain', genotype, '--out', out, ...tiny, ...data);
  expect(trained).toMatchObject({ run: out, accuracy: expect.any(Number) });
  const exported = await run('export', out, '--onnx', onnxOf(model), '--images', '20');
  expect(exported).toMatchObject({
    onnx: onnxOf(model),
    accuracy: trained.bestAccuracy,
    parameters: trained.parameters,
    samples: dataset.classes.length,
    verification: { images: Math.min(20, dataset.test.count) },
  });
  const count = ['--test-limit', String(dataset.test.count)];
  expect((await run('evaluate', out)).accuracy).toBe(exported.accuracy);
  expect((await run('evaluate', onnxOf(model), ...data, ...count)).accuracy).toBe(exported.accuracy);
  await expectServed(model, dataset);
}

const embedded = (): Promise<Dataset> => loadDataset('embedded', { limit: { train: 100, test: 50 } });

describe('from the embedded images to a served model', () => {
  it.each([
    ['darts', '1'],
    ['darts', '2'],
    ['simple', '1'],
  ])('in the space %s, order %s', async (space, order) => {
    const name = `${space}${order}`;
    const found = await run('search', ...tiny, '--space', space, '--order', order, '--out', `runs/${name}`);
    expect(found.genotype).toMatch(/^Genotype\(normal=/);
    await expectUsable(`runs/${name}`, name, [], await embedded());
  });

  it('with a genotype given as text', async () => {
    const cell = "[('sep_conv_3x3', 0), ('skip_connect', 1)]";
    const text = `Genotype(normal=${cell}, normal_concat=[2], reduce=${cell}, reduce_concat=range(2, 3))`;
    await expectUsable(text, 'text', [], await embedded());
  });
});

it('from a folder of pictures to a served model', async () => {
  const colours = { blue: [40, 60, 220], green: [30, 200, 60], red: [230, 40, 30] };
  const generator = random(1, 'pictures');
  for (const [label, [red = 0, green = 0, blue = 0]] of Object.entries(colours)) {
    for (let i = 0; i < 16; i++) {
      const [width, height] = [12 + generator.integer(20), 12 + generator.integer(20)];
      const alpha = 0.6 + 0.4 * generator.uniform();
      const background = { r: red, g: green, b: blue, alpha };
      const file = place('pictures', label, `${i}.png`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(
        file,
        await sharp({ create: { width, height, channels: 4, background } })
          .png()
          .toBuffer(),
      );
    }
  }
  const data = ['--data', 'pictures', '--image-size', '10'];
  const refused = await nas(folder.path, 'search', ...tiny, '--data', 'pictures');
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/Give --image-size/) });
  await run('search', ...tiny, '--space', 'simple', ...data, '--out', 'runs/pictures');
  const dataset = await loadDataset(place('pictures'), { imageSize: 10, limit: { train: 100, test: 50 } });
  expect(dataset.classes).toEqual(['blue', 'green', 'red']);
  await expectUsable('runs/pictures', 'pictures', data, dataset);

  // The same images may lie elsewhere when a run goes on.
  await cp(place('pictures'), place('moved'), { recursive: true });
  const resume = ['search', '--out', 'runs/pictures', '--resume'];
  await run(...resume, '--data', 'moved');
  const config = JSON.parse(await readFile(place('runs/pictures/config.json'), 'utf8'));
  expect(config.options.data).toMatch(/moved$/);
  await rm(place('moved', 'red', '0.png'));
  const fewer = await nas(folder.path, ...resume);
  expect(fewer).toMatchObject({ code: 2, stderr: expect.stringMatching(/images of moved are not those/) });

  // Which images are held out depends on how many there are.
  const others = /the images of pictures are not those of the training in .*: test images may be among those/;
  expect((await nas(folder.path, 'evaluate', 'runs/pictures')).stderr).not.toMatch(others);
  await cp(place('pictures', 'red', '0.png'), place('pictures', 'red', 'new.png'));
  expect(await nas(folder.path, 'evaluate', 'runs/pictures')).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(others),
  });

  // Grey ones will do for a model of colours, as they do where it is served.
  for (const label of Object.keys(colours)) {
    await mkdir(place('grey', label), { recursive: true });
    for (const name of ['0.png', '1.png', '2.png', '3.png', '4.png']) {
      await sharp(place('pictures', label, name))
        .flatten()
        .toColourspace('b-w')
        .toFile(place('grey', label, name));
    }
  }
  const grey = ['--data', 'grey', '--image-size', '10'];
  for (const source of ['runs/pictures', onnxOf('pictures')]) {
    expect(await run('evaluate', source, ...grey)).toMatchObject({ images: 3, dataset: 'grey' });
  }
});

it('from nothing to a verified model: quickstart, interrupted once', async () => {
  const options = '--max-steps 1 --train-limit 500 --test-limit 100 --seed 7 --threads 1'.split(' ');
  const running = start(folder.path, 'quickstart', ...options);
  await running.said(/search epoch 1\/\d+ {2}loss/);
  running.process.kill('SIGINT');
  const { code, stderr } = await running.ended;
  expect(code).toBe(130);
  const [, again = ''] =
    /continue with: nas (quickstart --out runs\/quickstart --resume .*)\n$/.exec(stderr) ?? [];
  const { run: out, onnx, verification } = await run(...again.split(' '));
  expect([out, onnx]).toEqual(['runs/quickstart', join('runs', 'quickstart', 'model', '1', 'model.onnx')]);
  expect(verification).toMatchObject({ images: 100 });
  expect(
    (await readFile(place('runs', 'quickstart', 'retrain', 'metrics.jsonl'), 'utf8')).split('\n').length,
  ).toBeGreaterThan(3);
});
