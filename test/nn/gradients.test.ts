/** Gradients in closed form against slopes, and the traced forms, values and gradients, against the eager ones. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Elements, Engine, Feeds } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { tfjsEngine } from '../../src/engine/tfjs.ts';
import type { Signature, TensorFunction } from '../../src/signature.ts';
import {
  type Differentiable,
  dot,
  evaluationOf,
  gradientsOf,
  moved,
  normals,
  operandsOf,
  randomSteps,
  relativeError,
  signatureOf,
  slopeOf,
  valueShape,
} from './differentiable.ts';
import { differentiables } from './gradient-table.ts';

let eager: Engine;
let traced: readonly Engine[];

beforeAll(async () => {
  eager = await tfjsEngine('cpu');
  traced = [await onnxruntimeEngine({ blocked: true }), await onnxruntimeEngine({ blocked: false })];
});

async function run(engine: Engine, fn: TensorFunction, signature: Signature, feeds: Feeds) {
  const compiled = await engine.compile(fn, signature, 'test');
  const results = await compiled.run(feeds);
  await compiled.dispose();
  return results;
}

/** Feeds for `gradientsOf`: the operands and a dy. */
function withDy(subject: Differentiable): { signature: Signature; feeds: Record<string, Float32Array> } {
  const shape = valueShape(subject);
  const size = shape.reduce((product, d) => product * d, 1);
  return {
    signature: { ...signatureOf(subject), dy: { shape, dtype: 'float32' } },
    feeds: { ...operandsOf(subject), dy: normals(size, subject.name, 'dy') },
  };
}

describe.each(differentiables.map((subject) => [subject.name, subject] as const))('%s', (name, subject) => {
  it('has the gradient that finite differences have', async () => {
    const { signature, feeds } = withDy(subject);
    const operands = operandsOf(subject);
    const gradients = await run(eager, gradientsOf(subject), signature, feeds);
    const value = await eager.compile(evaluationOf(subject), signatureOf(subject), name);
    for (const key of [1, 2, 3]) {
      const direction = randomSteps(operands, key);
      const along = Object.keys(operands).map((operand): [Elements, Elements] => [
        gradients[`d${operand}`] as Elements,
        direction[operand] as Elements,
      ]);
      const expected = await slopeOf(async (t) => {
        const { y } = await value.run(moved(operands, direction, t));
        return dot(y as Elements, feeds.dy as Elements);
      }, 0.05);
      const actual = along.reduce((sum, [gradient, steps]) => sum + dot(gradient, steps), 0);
      const scale = Math.hypot(...along.flatMap(([gradient]) => [...gradient]));
      expect(Math.abs(actual - expected) / scale, `direction ${key}`).toBeLessThan(2e-4);
    }
  });

  it('is computed alike by the traced graph', async () => {
    const { signature, feeds } = withDy(subject);
    const expected = await run(eager, gradientsOf(subject), signature, feeds);
    for (const engine of traced) {
      const actual = await run(engine, gradientsOf(subject), signature, feeds);
      expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
      for (const [output, elements] of Object.entries(expected)) {
        const error = relativeError(actual[output] as Elements, elements);
        expect(error, `${output} on ${engine.name}`).toBeLessThan(2e-6);
      }
    }
  });
});
