/**
 * onnxruntime's WebGPU provider against the CPU: operators, and a supernet's and a network's steps, of which no node may
 * fall back to the CPU. On machines without a GPU on SwiftShader, which compiles every shader anew: small networks.
 */
import { beforeAll, describe, expect, it, test } from 'vitest';
import { type Engine, type Feeds, zeroFeeds } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { measurePlacement } from '../../src/engine/placement.ts';
import { requireHalf } from '../../src/engine/trial.ts';
import { messageOf } from '../../src/errors.ts';
import { retrainDefaults } from '../../src/retrain/options.ts';
import { inferenceStep, trainStep } from '../../src/retrain/steps.ts';
import { type SearchOptions, searchDefaults } from '../../src/search/options.ts';
import { searchSpace } from '../../src/search/spaces.ts';
import { alphaStep, weightStep } from '../../src/search/steps.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import type { Step } from '../../src/signature.ts';
import { webgpu } from '../../src/trace/device.ts';
import { normals, normOf } from '../nn/differentiable.ts';
import { network } from '../retrain/networks.ts';
import { checkOp, type Row, type Target } from '../trace/check-op.ts';
import { allRows } from '../trace/rows/index.ts';
import { provideVulkan } from './vulkan.ts';

const missing = provideVulkan();
if (missing) console.info(`skipped: WebGPU: ${missing}`);

/** Every so many rows; all of them take minutes: NAS_WEBGPU_ROWS=all. */
const stride = process.env.NAS_WEBGPU_ROWS === 'all' ? 1 : 12;

/** WGSL promises trigonometry to 2⁻¹¹ only, and inverse functions as what they are made of. */
const tolerance = ({ name }: Row): number =>
  /^(sin|cos|tan|acos|asin|atan|chosenBranch)\b/.test(name) ? 5e-4 : 1e-4;
/** tanh is computed by exponentials there, without the digits of small numbers. */
const inexact = ['tiny numbers keep their digits'];

const target: Target = { ...webgpu, name: 'webgpu', provider: 'webgpu', level: 'disabled', tolerance };

// The auxiliary head normalises over single pixels: two images would leave its gradient nothing but noise.
const batch = 4;
const small = { channels: 3, height: 8, width: 8 };

function searchSteps(): Record<string, Step> {
  const options: SearchOptions = { ...searchDefaults, channels: 4, cells: 1, batch };
  const supernet = makeSupernet(searchSpace('darts'), { ...options, imageChannels: 3, classes: 3 });
  return {
    "a supernet's α step": alphaStep(supernet, options, small),
    "a supernet's weight step": weightStep(supernet, options, small),
  };
}

function retrainSteps(): Record<string, Step> {
  const image = { channels: 3, height: 32, width: 32 };
  const subject = network('darts_v2', { cells: 3, height: 32, width: 32, auxiliary: true });
  const options = { ...retrainDefaults, batch, dropPath: 0.3 };
  return {
    'a training step with drop path and auxiliary head': trainStep(subject, options, image),
    inference: inferenceStep(subject, batch, image),
  };
}

/** Numbers of the kind that each input holds. */
const fill: Readonly<Record<string, (x: number, index: number) => number>> = {
  theta: (x) => 0.2 * x,
  learningRate: () => 0.02,
  step: () => 3,
  pathMasks: (_, index) => (index % 3 === 0 ? 0 : 1.5),
  statistics: (x) => 0.5 + 0.1 * x * x,
};

const feedsOf = ({ signature }: Step): Feeds =>
  Object.fromEntries(
    Object.entries(zeroFeeds(signature)).map(([name, elements]) => {
      if (elements instanceof Int32Array) return [name, elements.map((_, index) => index % 3)];
      const draw = fill[name] ?? ((x: number) => (name.endsWith('second') ? x * x : 0.3 * x));
      return [name, Float32Array.from(normals(elements.length, name), draw)];
    }),
  );

describe.skipIf(missing !== undefined)('WebGPU', () => {
  let engines: Record<'cpu' | 'gpu', Engine>;
  beforeAll(async () => {
    engines = {
      cpu: await onnxruntimeEngine({ threads: 1 }),
      gpu: await onnxruntimeEngine({ provider: 'webgpu' }),
    };
  });

  const run = async (engine: Engine, { fn, signature }: Step, feeds: Feeds) => {
    const compiled = await engine.compile(fn, signature, 'step');
    const result = await compiled.run(feeds);
    await compiled.dispose();
    return result;
  };

  it.each(Object.entries({ ...searchSteps(), ...retrainSteps() }))('%s', async (_, step) => {
    const feeds = feedsOf(step);
    const expected = await run(engines.cpu, step, feeds);
    const actual = await run(engines.gpu, step, feeds);
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const [name, elements] of Object.entries(expected)) {
      const difference = elements.map((x, i) => x - (actual[name]?.[i] ?? Number.NaN));
      expect(normOf(difference) / (1e-9 + normOf(elements)), name).toBeLessThan(1e-5);
    }
    const { nodes, fallbacks, copies } = await measurePlacement(step, { provider: 'webgpu' }, feeds);
    expect(nodes).toBeGreaterThan(100);
    expect(fallbacks).toEqual({});
    // Where the graph is in segments, to the device: constants that a Slice reads on the CPU, and a Gather there.
    expect(copies).toBeLessThanOrEqual(3);
  });

  it('computes in float16, or says that it does not', async () => {
    const message = await requireHalf('webgpu').then(
      () => 'done',
      (error: unknown) => messageOf(error),
    );
    expect(message).toMatch(/^done$|does not compute in float16 here .*use --precision float32$/);
  });

  const rows = allRows.filter(({ name }, index) => index % stride === 0 && !inexact.includes(name));
  test.each(rows.map((row) => [row.name, row] as const))('%s', (_, row) => checkOp(row, [target]));
});
