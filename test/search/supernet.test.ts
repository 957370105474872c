import type { Scalar, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compiled, Elements } from '../../src/engine/engine.ts';
import { random } from '../../src/random.ts';
import { supernetLoss } from '../../src/search/architect.ts';
import { softmaxWeights } from '../../src/search/methods/darts.ts';
import { alphaShape, alphaSize, searchSpace } from '../../src/search/spaces.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import { float32, int32, type Signature, type TensorFunction } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { compute, reference, tracedEngines } from '../engine/engines.ts';
import { normals, relativeError } from '../nn/differentiable.ts';

describe('parameters', () => {
  it.each([
    // quark0/darts, CIFAR-10.
    ['darts', { channels: 16, cells: 8, imageChannels: 3, classes: 10 }, 1_930_618],
    // Less the stem's two other image channels, 2·9·48.
    ['darts', { channels: 16, cells: 8, imageChannels: 1, classes: 10 }, 1_930_618 - 864],
  ])('of %s at %o', (space, options, count) => {
    expect(makeSupernet(searchSpace(space), options).parameters.size).toBe(count);
  });

  it('are said to lack a kind of cell that so few have no place for', () => {
    const lacking = (space: string, cells: number) =>
      makeSupernet(searchSpace(space), { channels: 4, cells, imageChannels: 1, classes: 2 }).unsearched;
    expect(lacking('darts', 2)).toEqual(['normal']);
    expect(lacking('darts', 3)).toEqual([]);
    expect(lacking('nas-bench-201', 3)).toEqual([]);
  });

  it('name each edge and operation of a cell', () => {
    const space = searchSpace('simple');
    const { parameters } = makeSupernet(space, { channels: 4, cells: 1, imageChannels: 1, classes: 2 });
    const names = parameters.parameters.map(({ name }) => name);
    for (let edge = 0; edge < 14; edge++) {
      for (const operation of ['conv_3x3', 'conv_5x5']) {
        expect(names).toContain(`cell0/edge${edge}/${operation}/filter`);
      }
    }
  });
});

describe('softmaxWeights', () => {
  it('are the softmax of each edge', async () => {
    await tf.setBackend('cpu');
    const space = searchSpace('darts');
    const alpha = normals(alphaSize(space), 'alpha');
    const weights = softmaxWeights(tf.tensor3d(alpha, [2, 14, 8]), space);
    for (const [kind, edges] of weights.entries()) {
      edges.forEach(({ operations: scalars }, edge) => {
        const begin = (kind * 14 + edge) * 8;
        const row = [...alpha.subarray(begin, begin + 8)].map(Math.exp);
        const sum = row.reduce((total, x) => total + x, 0);
        scalars.forEach((scalar, i) => {
          expect(scalar.dataSync()[0]).toBeCloseTo((row[i] as number) / sum, 6);
        });
      });
    }
  });
});

/** Loss and gradients of a whole supernet: three cells, of which two reduce; sides 6 → 3 → 2; two blocks of channels. */
function subject(name: string) {
  const space = searchSpace(name);
  // Batch norm over many pixels or images is well conditioned; over two it magnifies the last digits a thousandfold.
  const [channels, batch, side, classes] = [16, 4, 6, 10];
  const supernet = makeSupernet(space, { channels, cells: 3, imageChannels: 3, classes });
  const loss = supernetLoss(supernet);
  const signature: Signature = {
    theta: float32(supernet.parameters.size),
    alpha: float32(...alphaShape(space)),
    images: float32(batch, 3, side, side),
    labels: int32(batch),
  };
  const fn: TensorFunction = ({ theta, alpha, images, labels }) => {
    const objective = (w: Tensor, a: Tensor): Scalar =>
      loss(supernet.parameters.split(w), a, { images: images as Tensor4D, labels: labels as Tensor1D }).loss;
    const { value, grads } = tf.valueAndGrads(objective)([theta as Tensor, alpha as Tensor]);
    return { loss: value, theta: grads[0] as Tensor, alpha: grads[1] as Tensor };
  };
  const feeds = (seed: number) => ({
    theta: supernet.parameters.initialize(random(seed)),
    alpha: normals(alphaSize(space), seed).map((x) => 0.3 * x),
    images: normals(batch * 3 * side * side, 'images', seed),
    labels: Int32Array.from({ length: batch }, (_, i) => (i + seed) % classes),
  });
  return { space, fn, signature, feeds };
}

describe.each(['darts', 'simple', 'nas-bench-201'])('the space %s', (name) => {
  const { space, fn, signature, feeds } = subject(name);
  const traced = new Map<string, Compiled>();

  beforeAll(async () => {
    for (const { name: on, engine } of await tracedEngines()) {
      traced.set(on, await engine.compile(fn, signature, on));
    }
  });
  afterAll(async () => {
    for (const compiled of traced.values()) await compiled.dispose();
  });

  /** The relative error of each output on each engine. */
  async function errorsAt(seed: number): Promise<Record<string, number>> {
    const expected = await compute(await reference(), fn, signature, feeds(seed));
    const errors: Record<string, number> = {};
    for (const [on, compiled] of traced) {
      const actual = await compiled.run(feeds(seed));
      for (const [output, elements] of Object.entries(expected)) {
        errors[`${output} on ${on}`] = relativeError(actual[output] as Elements, elements);
      }
    }
    return errors;
  }

  it('has the same gradients traced as eagerly', async () => {
    // Rounding may take a number to the other side of a ReLU's kink or to another maximum, and then gradients differ
    // by a term. That is rare; a wrong gradient is wrong for every seed.
    let errors = await errorsAt(1);
    for (let seed = 2; seed <= 4 && Math.max(...Object.values(errors)) > 1e-5; seed++) {
      errors = await errorsAt(seed);
    }
    expect(Math.max(...Object.values(errors)), JSON.stringify(errors)).toBeLessThan(1e-5);
  });

  it('has a gradient for the weight of every candidate', async () => {
    const [compiled] = traced.values();
    const alpha = (await compiled?.run(feeds(1)))?.alpha as Float32Array;
    const [, , length] = alphaShape(space);
    for (let begin = 0; begin < alpha.length; begin += length) {
      const row = [...alpha.subarray(begin, begin + length)];
      // The candidate none too, through the softmax: what weight it takes, the others lose.
      expect(row.every((x) => x !== 0)).toBe(true);
      const scale = Math.max(...row.map(Math.abs));
      expect(Math.abs(row.reduce((sum, x) => sum + x, 0)) / scale).toBeLessThan(1e-4);
    }
  });
});
