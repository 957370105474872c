import { expect, it } from 'vitest';
import { blockSize } from '../../src/engine/block-size.ts';
import { loadModel } from '../../src/engine/model.ts';
import { InputError } from '../../src/errors.ts';
import { serialize } from '../../src/onnx/serde.ts';
import { float32, int32, type Signature, type TensorFunction } from '../../src/signature.ts';
import { trace } from '../../src/trace/trace.ts';
import { tensor } from './functions.ts';

const modelOf = (fn: TensorFunction, signature: Signature): Uint8Array => serialize(trace(fn, signature));

it('runs a model on batches of any size', async () => {
  const model = await loadModel(
    modelOf(({ x }) => ({ y: tensor(x).mul(2) }), { x: float32('N', 2) }),
    'double.onnx',
  );
  expect(model.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['N', 2] }]);
  expect(await model.run(Float32Array.of(1, 2), [1, 2])).toEqual(Float32Array.of(2, 4));
  expect(await model.run(Float32Array.of(1, 2, 3, 4), [2, 2])).toEqual(Float32Array.of(2, 4, 6, 8));
  await model.dispose();
});

it.each([
  ['bytes that are no model', Uint8Array.of(1, 2, 3), 'm.onnx cannot be loaded by onnxruntime'],
  [
    'integers',
    modelOf(({ x }) => ({ y: tensor(x).mul(2) }), { x: int32(2) }),
    'm.onnx: expected a model with one float32 input and a float32 output, got x int32 [2] and y float32 [2]',
  ],
  [
    'two inputs',
    modelOf(({ a, b }) => ({ y: tensor(a).mul(tensor(b)) }), { a: float32(2), b: float32(2) }),
    'm.onnx: expected a model with one float32 input and a float32 output, got a float32 [2], b float32 [2] and y float32 [2]',
  ],
])('refuses %s', async (_, bytes, message) => {
  const loaded = loadModel(bytes, 'm.onnx');
  await expect(loaded).rejects.toThrow(message);
  await expect(loaded).rejects.toThrow(InputError);
});

it('the block of the blocked layout is 8, 16 or none', async () => {
  expect([0, 8, 16]).toContain(await blockSize());
});
