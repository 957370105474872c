/** Networks are exported with an open batch: what they are made of must not tie the graph to a size. */
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { serialize } from '../../src/onnx/serde.ts';
import { verify } from '../../src/onnx/verify.ts';
import { random } from '../../src/random.ts';
import * as ort from '../../src/runtime.ts';
import { float32, type TensorFunction } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { trace } from '../../src/trace/trace.ts';

// Keeps tfjs from advertising its node backend.
tf.enableProdMode();

const channels = 16;
const filter = (height: number, width: number, from: number, to: number): Tensor4D => {
  const draw = random(5, 'filter', height, width, from, to);
  const size = height * width * from * to;
  return tf.tensor4d(
    Float32Array.from({ length: size }, () => 0.1 * draw.normal()),
    [height, width, from, to],
  );
};

const operations: Readonly<Record<string, (x: Tensor4D) => Tensor>> = {
  convolution: (x) => tf.conv2d(x, filter(3, 3, channels, 8), 2, 'same'),
  'depthwise convolution': (x) => tf.depthwiseConv2d(x, filter(3, 3, channels, 1), 1, 'same'),
  'transposed convolution': (x) =>
    tf.conv2dTranspose(x, filter(3, 3, 8, channels), [x.shape[0], 12, 16, 8], 2, 'same'),
  pools: (x) => tf.add(tf.maxPool(x, 3, 2, 'same'), tf.avgPool(x, 3, 2, 'same')),
  'batch norm': (x) => tf.batchNorm(x, tf.range(0, 16) as Tensor1D, tf.range(1, 17) as Tensor1D),
  gate: (x) => tf.mul(x, tf.sigmoid(tf.mean(x, [1, 2], true))),
  'global pool and dense layer': (x) =>
    tf.softmax(tf.matMul(tf.mean<Tensor2D>(x, [1, 2]), tf.ones([channels, 3]))),
  'flattened and dense': (x) => tf.matMul(tf.reshape(x, [x.shape[0], -1]), tf.ones([6 * 8 * channels, 2])),
  choice: (x) => tf.where(tf.greater(x, 0), x, tf.zerosLike(x)),
  clipped: (x) => tf.clipByValue(tf.prelu<Tensor>(x, tf.fill([channels], 0.1)), -1, 2),
  'concatenated channels': (x) => tf.concat([x, tf.relu(x)], 3),
  'split channels': (x) => tf.add(...(tf.split(x, 2, 3) as [Tensor, Tensor])),
  padded: (x) =>
    tf.pad(x, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]),
  mirrored: (x) =>
    tf.mirrorPad(
      x,
      [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ],
      'symmetric',
    ),
  'every second pixel': (x) => tf.stridedSlice(x, [0, 0, 1, 0], [x.shape[0], 6, 8, channels], [1, 2, 2, 1]),
  'without the border': (x) => tf.slice(x, [0, 1, 1, 0], [-1, 4, 6, -1]),
  flipped: (x) => tf.image.flipLeftRight(x),
  'twice the size': (x) => tf.image.resizeBilinear(x, [12, 16]),
  'another size': (x) => tf.image.resizeNearestNeighbor(x, [5, 7]),
  'channels to pixels': (x) => tf.depthToSpace(x, 2),
  tiled: (x) => tf.tile(x, [1, 1, 2, 2]),
  'a vector for every pixel': (x) => tf.add(x, tf.tile(tf.mean(x, [1, 2], true), [1, 6, 8, 1])),
  'pixels as a sequence': (x) => {
    const sequence = tf.reshape(x, [x.shape[0], 48, channels]) as Tensor3D;
    return tf.matMul(tf.softmax(tf.matMul(sequence, sequence, false, true)), sequence);
  },
  'the most likely class': (x) => tf.argMax(tf.mean(x, [1, 2]), 1),
  'the largest and where': (x) => tf.topk(tf.mean(x, [1, 2]), 3).indices,
  'chosen channels': (x) => tf.gather(x, tf.tensor1d([3, 0, 7], 'int32'), 3),
  'one hot': (x) => tf.oneHot(tf.argMax(tf.mean(x, [1, 2]), 1) as Tensor1D, channels),
  'two of them': (x) => tf.stack([tf.mean(x, [1, 2]), tf.max(x, [1, 2])], 1),
  'zeros for each image': (x) => tf.concat([tf.mean<Tensor2D>(x, [1, 2]), tf.zeros([x.shape[0], 3])], 1),
  'a row of its own for each image': (x) =>
    tf.add(tf.sum(x, [1, 2]), tf.tile(tf.range(0, channels).reshape([1, channels]), [x.shape[0], 1])),
  'numbers that no input is in': (x) => tf.fill([2, x.shape[0]], 0.5),
  'a plane for each image': (x) => tf.mul(tf.broadcastTo(tf.range(0, 8), [x.shape[0], 6, 8]), tf.mean(x, 3)),
  'a recurrent cell from zeros': (x) => {
    const rows = tf.unstack(tf.mean<Tensor3D>(x, 2), 1) as Tensor2D[];
    const state = (): Tensor2D => tf.zeros([x.shape[0], 5]);
    const kernel = filter(1, 1, channels + 5, 20).reshape([channels + 5, 20]) as Tensor2D;
    const cell = tf.basicLSTMCell.bind(null, tf.scalar(1), kernel, tf.zeros([20]) as Tensor1D);
    return rows.reduce(
      ([c, h], row) => cell(row, c as Tensor2D, h as Tensor2D),
      [state(), state()],
    )[1] as Tensor;
  },
  'taken apart': (x) => tf.addN(tf.unstack(tf.reshape(x, [x.shape[0], 4, 12 * channels]), 1)),
};

test.each(Object.entries(operations))('%s of any number of images', async (_, run) => {
  const fn: TensorFunction = ({ x }) => ({
    y: run(tf.transpose(x as Tensor, [0, 2, 3, 1]) as Tensor4D),
  });
  const graph = trace(fn, { x: float32('N', channels, 6, 8) });
  verify(graph);
  const session = await ort.InferenceSession.create(serialize(graph), { logSeverityLevel: 3 });
  for (const n of [1, 4]) {
    const draw = random(6, n);
    const elements = Float32Array.from({ length: n * channels * 48 }, () => draw.normal());
    await tf.setBackend('cpu');
    const expected = fn({ x: tf.tensor(elements, [n, channels, 6, 8]) }).y as Tensor;
    const { y } = await session.run({ x: new ort.Tensor('float32', elements, [n, channels, 6, 8]) });
    expect(y?.dims).toEqual(expected.shape);
    const data = expected.dataSync();
    const worst = Math.max(
      ...Array.from(y?.data as Float32Array, (v, i) => Math.abs(v - (data[i] as number))),
    );
    expect(worst).toBeLessThan(1e-4);
  }
  await session.release();
});
