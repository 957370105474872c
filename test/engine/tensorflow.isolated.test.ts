/** libtensorflow as an engine: loading it, its memory over many steps, and a search that agrees with onnxruntime's. */
import util from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Tensor } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { tfjsEngine } from '../../src/engine/tfjs.ts';
import { FailureError } from '../../src/errors.ts';
import type { StepReport } from '../../src/runs/epochs.ts';
import { searchDefaults } from '../../src/search/options.ts';
import { type SearchResult, search } from '../../src/search/search.ts';
import { tf } from '../../src/tfjs.ts';
import { relativeError } from '../nn/differentiable.ts';
import { brightness } from '../runs/datasets.ts';
import { tensorflowEngine } from './engines.ts';
import type { FunctionCase } from './functions.ts';
import { steps } from './training.ts';

/** As Node 23 and later are: before anything of tfjs-node is loaded. */
const utilities = util as unknown as Record<string, unknown>;
delete utilities.isArray;
delete utilities.isNullOrUndefined;

// Memory is compared after a collection, which Node offers on demand only.
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const tensorflow = (await tensorflowEngine())?.engine as Engine;

describe.skipIf(tensorflow)('where libtensorflow is not installed', () => {
  it('says what to install', async () => {
    const opened = tfjsEngine('tensorflow');
    await expect(opened).rejects.toThrow(FailureError);
    await expect(opened).rejects.toThrow(
      /the engine tensorflow needs @tensorflow\/tfjs-node-gpu or @tensorflow\/tfjs-node; docs\/tensorflow\.md/,
    );
  });
});

describe.skipIf(!tensorflow)('libtensorflow', () => {
  it('says what it is, and leaves the present backend alone', async () => {
    expect(tensorflow.name).toMatch(/^tfjs \(libtensorflow \d+\.\d+\.\d+, (cpu|gpu)\)$/);
    await tf.setBackend('cpu');
    await tfjsEngine('tensorflow');
    expect(tf.getBackend()).toBe('cpu');
  });

  it('does what tfjs-node needs of node:util, which Node 23 lacks', async () => {
    const compiled = await tensorflow.compile(
      ({ x }) => {
        const { values, indices } = tf.topk(x as Tensor, 2);
        return { values, indices };
      },
      { x: { shape: [3], dtype: 'float32' } },
      'topk',
    );
    const { values, indices } = await compiled.run({ x: Float32Array.of(1, 3, 2) });
    expect([values, indices]).toEqual([Float32Array.of(3, 2), Int32Array.of(1, 2)]);
  });

  it('keeps nothing over 200 steps', async () => {
    const { fn, signature, feeds, name } = steps[1] as FunctionCase;
    const compiled = await tensorflow.compile(fn, signature, name);
    const run = async (count: number) => {
      for (let i = 0; i < count; i++) await compiled.run(feeds);
      collectGarbage();
      return { tensors: tf.memory().numTensors, bytes: process.memoryUsage.rss() };
    };
    // Allocators take up to 20 MiB before they settle, and not always at once; what leaks grows in every span.
    const spans = [await run(100), await run(200), await run(200), await run(200)];
    const growths = spans.slice(1).map((span, i) => span.bytes - (spans[i] as typeof span).bytes);
    expect(new Set(spans.map(({ tensors }) => tensors)).size).toBe(1);
    expect(Math.min(...growths), 'growth of the resident set').toBeLessThan(4 << 20);
  });

  // Without cropping, with which the two engines part after a few steps (docs/tensorflow.md).
  it.each([
    { space: 'darts', channels: 4, cells: 1, batch: 32 },
    { space: 'simple', channels: 4, cells: 3, batch: 16 },
  ])('finds in 20 steps of the space $space what onnxruntime finds', async (settings) => {
    const options = { ...searchDefaults, ...settings, epochs: 2, maxSteps: 10, crop: 0 };
    const searchOn = async (engine: Engine): Promise<SearchResult & { losses: number[] }> => {
      const losses: number[] = [];
      const onStep = ({ means }: StepReport) =>
        losses.push(means.loss as number, means.validationLoss as number);
      const dataset = brightness({ count: 20 * settings.batch });
      return { ...(await search(dataset, options, { engine, observer: { onStep } })), losses };
    };
    const expected = await searchOn(await onnxruntimeEngine({ threads: 1 }));
    const actual = await searchOn(tensorflow);
    expect(actual.losses).toHaveLength(40);
    const differences = {
      losses: Math.max(
        ...actual.losses.map((loss, i) => Math.abs(loss / (expected.losses[i] as number) - 1)),
      ),
      alpha: relativeError(actual.alpha, expected.alpha),
      theta: relativeError(actual.theta, expected.theta),
    };
    console.info(`20 steps of ${settings.space}, relative differences: ${JSON.stringify(differences)}`);
    expect(differences.losses).toBeLessThan(1e-4);
    expect(differences.alpha).toBeLessThan(1e-3);
    expect(differences.theta).toBeLessThan(1e-3);
    expect(actual.genotype).toEqual(expected.genotype);
  });
});
