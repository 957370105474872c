/**
 * The step that runs (blocked layout, all passes) is the step that was traced: against the plain trace in NCHW, without
 * any pass, over many updates of both α and w.
 */

import { expect, it } from 'vitest';
import type { Elements, Feeds } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { serialize } from '../../src/onnx/serde.ts';
import { random } from '../../src/random.ts';
import * as ort from '../../src/runtime.ts';
import { type SearchOptions, searchDefaults } from '../../src/search/options.ts';
import { alphaSize, searchSpace } from '../../src/search/spaces.ts';
import { alphaStep, searchSteps, weightStep } from '../../src/search/steps.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import type { Signature, Step } from '../../src/signature.ts';
import { trace } from '../../src/trace/trace.ts';
import { normals, relativeError } from '../nn/differentiable.ts';

const [batch, classes, updates] = [4, 3, 50];
const image = { channels: 3, height: 8, width: 8 };
const options: SearchOptions = { ...searchDefaults, channels: 16, cells: 2, batch };
const space = searchSpace('darts');
const supernet = makeSupernet(space, { ...options, imageChannels: 3, classes });
type Run = (feeds: Feeds) => Promise<Record<string, Elements>>;

/** Each step's own trace in onnxruntime, nothing done to it. */
const plain = async () => ({
  alpha: await plainly(alphaStep(supernet, options, image)),
  weights: await plainly(weightStep(supernet, options, image)),
});

async function plainly({ fn, signature }: Step): Promise<Run> {
  const graph = trace(fn, signature);
  const outputs = graph.outputs.map(({ name, value }) => ({ name: `output/${name}`, value }));
  const session = await ort.InferenceSession.create(serialize({ ...graph, outputs }), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  return async (feeds) => {
    const tensors = session.inputNames.map((name) => {
      const { shape, dtype } = signature[name] as Signature[string];
      return [name, new ort.Tensor(dtype, feeds[name] as Float32Array, shape as number[])] as const;
    });
    const results = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name.slice('output/'.length), data as Elements]),
    );
  };
}

/** As a search compiles them: traced once for both. */
async function optimized() {
  const engine = await onnxruntimeEngine({ threads: 1 });
  return (await engine.compileAll(searchSteps(supernet, options, image))).run;
}

const batchFeeds = (part: 'train' | 'validation', step: number): Feeds => ({
  images: normals(batch * 3 * 64, `${part}${step}`),
  labels: Int32Array.from({ length: batch }, (_, i) => (i + step) % classes),
});

const initial = () => ({
  theta: supernet.parameters.initialize(random(1)),
  'theta/momentum': new Float32Array(supernet.parameters.size),
  alpha: normals(alphaSize(space), 'alpha').map((x) => 0.1 * x),
  'alpha/first': new Float32Array(alphaSize(space)),
  'alpha/second': new Float32Array(alphaSize(space)),
});

const takeOver = (state: object, { loss: _, correct: __, ...vectors }: Record<string, Elements>): void => {
  Object.assign(state, vectors);
};

/** The losses of a short search, and the two states after its first update, momenta of which are the gradients. */
async function search(run: { readonly alpha: Run; readonly weights: Run }) {
  const state = initial();
  const losses: number[] = [];
  let gradients: { first: Float32Array; momentum: Float32Array } | undefined;
  for (let step = 0; step < updates; step++) {
    const number = Float32Array.of(step + 1);
    const { 'theta/momentum': _, ...alphaState } = state;
    const a = await run.alpha({ ...alphaState, step: number, ...batchFeeds('validation', step) });
    takeOver(state, a);
    const { 'alpha/first': first, 'alpha/second': __, ...weightState } = state;
    const learningRate = Float32Array.of(0.002);
    const w = await run.weights({
      ...weightState,
      learningRate,
      step: number,
      ...batchFeeds('train', step),
    });
    takeOver(state, w);
    gradients ??= { first, momentum: state['theta/momentum'] };
    losses.push(a.loss?.[0] as number, w.loss?.[0] as number);
  }
  return { losses, gradients: gradients as NonNullable<typeof gradients> };
}

it('an optimised search is the plain one', async () => {
  const [slow, fast] = [await search(await plain()), await search(await optimized())];
  expect(relativeError(fast.gradients.first, slow.gradients.first)).toBeLessThan(1e-4);
  expect(relativeError(fast.gradients.momentum, slow.gradients.momentum)).toBeLessThan(1e-4);
  // Rounding errors grow from update to update, as they do between any two orders of summation.
  const worst = (from: number, to: number): number =>
    Math.max(
      ...slow.losses.slice(from, to).map((loss, i) => Math.abs((fast.losses[from + i] as number) - loss)),
    );
  expect(worst(0, 10)).toBeLessThan(1e-3);
  expect(worst(0, 2 * updates)).toBeLessThan(0.05);
});
