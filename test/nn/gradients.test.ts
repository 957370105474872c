/** Gradients in closed form against slopes, and values and gradients of every other engine against the eager ones. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Elements, Engine } from '../../src/engine/engine.ts';
import type { Signature } from '../../src/signature.ts';
import { compute, type NamedEngine, reference, tensorflowEngine, tracedEngines } from '../engine/engines.ts';
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
let others: readonly NamedEngine[];

beforeAll(async () => {
  eager = await reference();
  const tensorflow = await tensorflowEngine();
  others = [...(await tracedEngines()), ...(tensorflow ? [tensorflow] : [])];
});

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
    const gradients = await compute(eager, gradientsOf(subject), signature, feeds);
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

  it('is computed alike by the other engines', async () => {
    const { signature, feeds } = withDy(subject);
    const expected = await compute(eager, gradientsOf(subject), signature, feeds);
    for (const { name: on, engine } of others) {
      const actual = await compute(engine, gradientsOf(subject), signature, feeds);
      expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
      for (const [output, elements] of Object.entries(expected)) {
        const error = relativeError(actual[output] as Elements, elements);
        expect(error, `${output} on ${on}`).toBeLessThan(2e-6);
      }
    }
  });
});
