/** What a function must not do while it is traced, and what is no function or signature to trace. */
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { graphNodes } from '../../src/onnx/ir.ts';
import { float32, type TensorFunction } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { trace } from '../../src/trace/trace.ts';

const neg: TensorFunction = ({ x }) => ({ y: tf.neg(x as Tensor) });

describe('a signature', () => {
  it.each([
    [[-1, 3], /the input x must have dimensions that are whole numbers from 0, or names .*, got \[-1, 3\]/],
    [[null, 3], /got \[null, 3\]/],
    [[1.5], /got \[1.5\]/],
    [[Number.NaN], /got \[NaN\]/],
    [['', 3], /got \['', 3\]/],
  ])('with the dimensions %j is refused', (shape, message) => {
    const signature = { x: float32(...(shape as number[])) };
    expect(() => trace(neg, signature)).toThrow(InputError);
    expect(() => trace(neg, signature)).toThrow(message);
  });
});

describe('a function', () => {
  it.each<[string, (inputs: { x: Tensor }) => unknown, RegExp]>([
    ['a tensor', ({ x }) => x, /must return an object of tensors by name$/],
    ['a number', () => ({ y: 3 }), /must return an object of tensors by name$/],
    ['a list', ({ x }) => ({ y: [x] }), /must return an object of tensors by name$/],
    ['nothing', () => undefined, /must return an object of tensors by name$/],
    ['no tensors', () => ({}), /must return an object of tensors by name$/],
    ['a promise', async ({ x }) => ({ x }), /: it is async, and a trace cannot wait$/],
  ])('that returns %s is refused', (_, fn, message) => {
    const traced = (): unknown => trace(fn as unknown as TensorFunction, { x: float32(2) }, { name: 'mine' });
    expect(traced).toThrow(InputError);
    expect(traced).toThrow(/^the traced function mine must/);
    expect(traced).toThrow(message);
  });

  it('cannot read a value', () => {
    const fn: TensorFunction = ({ x }) => ({ y: tf.scalar((x as Tensor).dataSync()[0] as number) });
    expect(() => trace(fn, { x: float32(2) })).toThrow(
      /a value was read; .* express the decision with tf.where/,
    );
  });

  it('that assigns to a variable is refused, and the variable keeps what it has', async () => {
    await tf.setBackend('cpu');
    const variable = tf.variable(tf.tensor1d([1, 2]), true, 'weights');
    const sum: TensorFunction = ({ x }) => {
      const loss = (): Scalar => tf.sum(tf.mul(variable, x as Tensor)).asScalar();
      return { loss: tf.train.sgd(0.1).minimize(loss, true) as Tensor };
    };
    const read: TensorFunction = ({ x }) => ({ y: tf.mul(variable, x as Tensor) });
    const assigned: TensorFunction = ({ x }) => ({ y: variable.assign(x as never) as unknown as Tensor });
    for (const fn of [sum, assigned]) {
      expect(() => trace(fn, { x: float32(2) })).toThrow(
        new InputError('the traced function assigns to the variable weights: return the new value instead'),
      );
    }
    expect(graphNodes(trace(read, { x: float32(2) }))).toHaveLength(1);
    variable.assign(tf.add(variable, 1) as typeof variable);
    expect([...(await variable.data())]).toEqual([2, 3]);
    variable.dispose();
  });
});

it('images of another size are as large by all who multiply with the scale', () => {
  const side = fc.integer({ min: 1, max: 64 });
  fc.assert(
    fc.property(side, side, (from, to) => {
      const resized: TensorFunction = ({ x }) => ({
        y: tf.image.resizeBilinear(x as Tensor4D, [to, 1]),
      });
      const graph = trace(resized, { x: float32(1, from, 1, 1) });
      const node = graphNodes(graph).find(({ op }) => op === 'Resize');
      const scales = node?.inputs[2];
      // Of one size nothing is resized; where no scale reaches a size, the size stands there.
      if (scales?.source.kind !== 'constant') return;
      const scale = scales.source.data[2] as number;
      expect([Math.floor(from * scale), Math.floor(Math.fround(from * scale))]).toEqual([to, to]);
    }),
    { numRuns: 500 },
  );
});
