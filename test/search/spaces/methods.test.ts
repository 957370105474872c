/** Every method takes its steps in the spaces of another skeleton, of noise and of edges with candidates of their own. */
import { describe, expect, it } from 'vitest';
import type { Feeds } from '../../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../../src/engine/onnxruntime.ts';
import { optimizers } from '../../../src/nn/optimizer-table.ts';
import { random } from '../../../src/random.ts';
import { drawnInputs } from '../../../src/search/inputs.ts';
import { learningMethodNames } from '../../../src/search/method-names.ts';
import { searchDefaultsOf } from '../../../src/search/method-options.ts';
import { searchMethod } from '../../../src/search/methods/index.ts';
import { searchSpace } from '../../../src/search/spaces.ts';
import { alphaInputs, alphaStep, slotName } from '../../../src/search/steps.ts';
import { makeSupernet } from '../../../src/search/supernet.ts';
import { compute } from '../../engine/engines.ts';
import { normals } from '../../nn/differentiable.ts';

const image = { channels: 1, height: 6, width: 6 };

describe.each(['nas-bench-201', 's1', 's4'])('in the space %s', (name) => {
  it.each(learningMethodNames)('%s learns', async (method) => {
    const options = { ...searchDefaultsOf(method), channels: 4, cells: 3, batch: 4 };
    const supernet = makeSupernet(
      searchSpace(name),
      { ...options, imageChannels: 1, classes: 3 },
      searchMethod({ ...options, method }),
    );
    const { fn, signature } = alphaStep(supernet, options, image);
    const alpha = supernet.architecture.initialize(random(1, 'alpha'));
    const slots = optimizers[options.alphaOptimizer].slots.map((slot) => slotName('alpha', slot));
    const inputs = alphaInputs(supernet, options, image, []);
    const feeds: Feeds = {
      theta: supernet.parameters.initialize(random(1, 'theta')),
      alpha,
      ...Object.fromEntries(slots.map((slot) => [slot, new Float32Array(alpha.length)])),
      step: Float32Array.of(1),
      ...drawnInputs(inputs, supernet, options, alpha, 'alpha', { epoch: 0, step: 0 }),
      images: normals(4 * 36, 'images'),
      labels: Int32Array.of(0, 1, 2, 0),
    };
    const engine = await onnxruntimeEngine({ threads: 1 });
    const next = await compute(engine, fn, signature, feeds);
    expect(Number.isFinite(next.loss?.[0])).toBe(true);
    expect(next.alpha?.every(Number.isFinite)).toBe(true);
    expect(next.alpha).not.toEqual(alpha);
  });
});
