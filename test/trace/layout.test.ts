/** Images stay in the device's layout: no Transpose but at the ends, and none at all in an exported network. */
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { type Graph, graphNodes } from '../../src/onnx/ir.ts';
import { optimize } from '../../src/onnx/passes/index.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { verify } from '../../src/onnx/verify.ts';
import { float32, type TensorFunction } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { cpu } from '../../src/trace/device.ts';
import { trace } from '../../src/trace/trace.ts';

const blocked = cpu(16);

const count = (graph: Graph, ...ops: string[]): number =>
  graphNodes(graph).filter(({ op }) => ops.includes(op)).length;

type Images = (x: Tensor4D, vector: Tensor1D) => Tensor;

/** From images to images, in operations that every layout allows. */
const within: Readonly<Record<string, Images>> = {
  'scale and shift': (x, v) => tf.add(tf.mul(x, v), tf.scalar(1)),
  activation: (x) => tf.selu(tf.leakyRelu(x)),
  'a choice': (x) => tf.where(tf.greater(x, 0), x, tf.scalar(-1) as Tensor),
  'a gate': (x) => tf.mul(x, tf.sigmoid(tf.mean(x, [1, 2], true))),
  'attention to pixels': (x) =>
    tf.mul(x, tf.softmax(tf.reshape(tf.mean(x, 3), [2, 64])).reshape([2, 8, 8, 1])),
  'normalised pixels': (x) => tf.div(x, tf.sqrt(tf.sum(tf.square(x), 3, true))),
  'centred channels': (x) => tf.sub(x, tf.mean(x, [0, 1, 2])),
  'parts of rows and columns': (x) => tf.slice(x, [0, 1, 0, 0], [2, 4, 8, 32]),
  'every second pixel': (x) => tf.stridedSlice(x, [0, 0, 1, 0], [2, 8, 8, 32], [1, 2, 2, 1]),
  'half of the channels, and the other': (x) => tf.concat(tf.split(x, 2, 3).reverse(), 3),
  'one of the images': (x) => tf.slice(x, [1, 0, 0, 0], [1, 8, 8, 32]),
  'batches joined': (x) => tf.concat([x, tf.relu(x)], 0),
  'rows joined': (x) => tf.concat([x, tf.relu(x)], 1),
  'channels joined': (x) => tf.concat([x, tf.relu(x)], 3),
  'zeros around': (x) =>
    tf.pad(x, [
      [0, 0],
      [1, 1],
      [2, 0],
      [0, 16],
    ]),
  'a mirror around': (x) =>
    tf.mirrorPad(
      x,
      [
        [0, 0],
        [1, 1],
        [2, 0],
        [0, 0],
      ],
      'symmetric',
    ),
  'turned around': (x) => tf.reverse(x, [1, 2]),
  'rows as columns': (x) => tf.transpose(x, [0, 2, 1, 3]),
  repeated: (x) => tf.tile(x, [1, 2, 2, 1]),
  'running sums': (x) => tf.cumsum(x, 1),
  'pixels renumbered': (x) => tf.reshape(x, [2, 16, 4, 32]),
  pools: (x) => tf.add(tf.maxPool(x, 3, 1, 'same'), tf.avgPool(x, 3, 1, 'same')),
  'a convolution': (x, v) => tf.add(tf.conv2d(x, tf.ones([3, 3, 32, 32]), 2, 'same'), v),
};

/** The function with images that enter and leave with the channels first. */
const framed = (run: Images, enter: (x: Tensor4D) => Tensor4D = (x) => x): TensorFunction => {
  const last = (x: Tensor): Tensor4D => tf.transpose(x, [0, 2, 3, 1]) as Tensor4D;
  return ({ x, v }) => ({
    y: tf.transpose(run(enter(last(x as Tensor)), v as Tensor1D), [0, 3, 1, 2]),
  });
};

const signature = { x: float32(2, 32, 8, 8), v: float32(32) };

describe('operations on images move no pixels between layouts', () => {
  test.each(Object.entries(within))('nchw: %s', (_, run) => {
    const graph = optimize(trace(framed(run), signature));
    verify(graph);
    // Filters are transposed; the graph of an exported network has them as constants.
    const filters = count(graph, 'Conv');
    expect(count(graph, 'Transpose')).toBe(filters + (run === within['rows as columns'] ? 1 : 0));
  });

  test.each(Object.entries(within))('blocked: %s', (_, run) => {
    const enter = (x: Tensor4D): Tensor4D => tf.avgPool(x, 1, 1, 'valid');
    const graph = optimize(trace(framed(run, enter), signature, { device: blocked }));
    verify(graph);
    expect(count(graph, 'ReorderInput')).toBe(1);
    expect(count(graph, 'ReorderOutput')).toBe(1);
    const filters = count(graph, 'Conv');
    expect(count(graph, 'Transpose')).toBe(filters + (run === within['rows as columns'] ? 1 : 0));
  });
});

const classifier: TensorFunction = ({ image, filter, weights, bias }) => {
  const x = tf.transpose(image as Tensor, [0, 2, 3, 1]) as Tensor4D;
  const features = tf.relu(tf.conv2d(x, filter as Tensor4D, 1, 'same')) as Tensor4D;
  const pooled = tf.mean(tf.maxPool(features, 2, 2, 'valid'), [1, 2]);
  return { logits: tf.add(tf.matMul(pooled, weights as Tensor2D), bias as Tensor) };
};

const parameters = { filter: float32(3, 3, 3, 16), weights: float32(16, 10), bias: float32(10) };

test('a classifier of images, for every runtime', () => {
  const graph = optimize(trace(classifier, { image: float32('N', 3, 8, 8), ...parameters }));
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "graph graph(image: float32[N,3,8,8], filter: float32[3,3,3,16], weights: float32[16,10], bias: float32[10]) -> (logits: float32[N,10])
      v0 = Transpose(filter, perm=[3,2,0,1])                               : float32[16,3,3,3]
      v1 = Conv(image, v0, kernel_shape=[3,3], pads=[1,1,1,1], strides=[1,1], dilations=[1,1], group=1)  : float32[N,16,8,8]
      v2 = Relu(v1)                                                        : float32[N,16,8,8]
      v3 = MaxPool(v2, kernel_shape=[2,2], strides=[2,2], pads=[0,0,0,0])  : float32[N,16,4,4]
      v4 = GlobalAveragePool(v3)                                           : float32[N,16,1,1]
      v5 = Flatten(v4, axis=1)                                             : float32[N,16]
      v6 = MatMul(v5, weights)                                             : float32[N,10]
      logits = Add(v6, bias)                                               : float32[N,10]"
  `);
});

test('a classifier of images, in blocks', () => {
  const graph = optimize(
    trace(classifier, { image: float32(2, 3, 8, 8), ...parameters }, { device: blocked }),
  );
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "graph graph(image: float32[2,3,8,8], filter: float32[3,3,3,16], weights: float32[16,10], bias: float32[10]) -> (logits: float32[2,10])
      v0 = Reshape(filter, [3, 3, 3, 1, 16])                                     : float32[3,3,3,1,16]
      v1 = Transpose(v0, perm=[3,2,0,1,4])                                       : float32[1,3,3,3,16]
      v2 = Reshape(v1, [16, 3, 3, 3])                                            : float32[16,3,3,3]
      v3 = com.microsoft.nchwc.Conv(image, v2, pads=[1,1,1,1], activation=Relu)  : float32[2,16,8,8]
      v4 = com.microsoft.nchwc.MaxPool(v3, kernel_shape=[2,2], strides=[2,2], pads=[0,0,0,0])  : float32[2,16,4,4]
      v5 = Reshape(v4, [2, 1, 4, 4, 16])                                         : float32[2,1,4,4,16]
      v6 = ReduceMean(v5, axes=[2,3], keepdims=0)                                : float32[2,1,16]
      v7 = Reshape(v6, [2, 16])                                                  : float32[2,16]
      v8 = MatMul(v7, weights)                                                   : float32[2,10]
      logits = Add(v8, bias)                                                     : float32[2,10]"
  `);
});

test('the gradient of a mean is never spread out', () => {
  const fn: TensorFunction = ({ x }) => {
    const pooled = (images: Tensor): Scalar => {
      const image = tf.transpose(images, [0, 2, 3, 1]);
      return tf.sum(tf.square(tf.mean(tf.concat([tf.relu(image), image], 3), [1, 2])));
    };
    return { dx: tf.grad(pooled)(x as Tensor) };
  };
  const graph = optimize(trace(fn, { x: float32(2, 16, 8, 8) }));
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "graph graph(x: float32[2,16,8,8]) -> (dx: float32[2,16,8,8])
      v0 = Relu(x)                                               : float32[2,16,8,8]
      v1 = Concat(v0, x, axis=1)                                 : float32[2,32,8,8]
      v2 = GlobalAveragePool(v1)                                 : float32[2,32,1,1]
      v3 = Flatten(v2, axis=1)                                   : float32[2,32]
      v4 = Mul(v3, 2)                                            : float32[2,32]
      v5 = Reshape(v4, [2, 1, 1, 32])                            : float32[2,1,1,32]
      v6 = Div(v5, 64)                                           : float32[2,1,1,32]
      v7 = Slice(v6, [0], [16], [3])                             : float32[2,1,1,16]
      v8 = Slice(v6, [16], [32], [3])                            : float32[2,1,1,16]
      v9 = HardSigmoid(x, alpha=3.4028234663852886e+38, beta=0)  : float32[2,16,8,8]
      v10 = Reshape(v7, [2, 16, 1, 1])                           : float32[2,16,1,1]
      v11 = Mul(v10, v9)                                         : float32[2,16,8,8]
      v12 = Reshape(v8, [2, 16, 1, 1])                           : float32[2,16,1,1]
      dx = Add(v12, v11)                                         : float32[2,16,8,8]"
  `);
});
