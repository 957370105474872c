/** The ONNX file of a trained network: pixels in [0, 1] in, logits (or probabilities) out. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { ImageShape, Normalization } from '../data/index.ts';
import { constantsOf } from '../nn/parameters.ts';
import type { Graph } from '../onnx/ir.ts';
import { type ModelMetadata, metadataToProps } from '../onnx/metadata.ts';
import { optimizeForInference } from '../onnx/passes/index.ts';
import { serialize } from '../onnx/serde.ts';
import { verify } from '../onnx/verify.ts';
import type { Network } from '../retrain/network.ts';
import { inference } from '../retrain/steps.ts';
import type { Weights } from '../retrain/weights.ts';
import { inScope } from '../scope.ts';
import { float32 } from '../signature.ts';
import { tf } from '../tfjs.ts';
import { portable } from '../trace/device.ts';
import { trace } from '../trace/trace.ts';

export interface ExportOptions {
  /** The output is `probabilities`, the softmax of the logits, instead of `logits`. */
  readonly softmax?: boolean;
}

/**
 * The inference graph, its weights as initializers: input `image` float32 [N, C, H, W] in [0, 1], N open; output
 * `logits` or `probabilities` [N, classes]. Only standard operators; batch norm is folded into the convolutions.
 */
export function inferenceGraph(
  network: Network,
  weights: Weights,
  normalization: Normalization,
  { channels, height, width }: ImageShape,
  { softmax = false }: ExportOptions = {},
): Graph {
  const values = {
    parameter: constantsOf(weights.theta),
    statistic: constantsOf(weights.statistics),
  };
  return trace(
    ({ image }) => {
      const normal = inScope('normalization', () => normalize(image as Tensor, normalization));
      const logits = inference(network, values, normal);
      return softmax ? { probabilities: tf.softmax(logits) } : { logits };
    },
    { image: float32('N', channels, height, width) },
    { device: portable, name: 'network', optimize: optimizeForInference },
  );
}

/** The bytes of the ONNX file. Other programs will read it: it keeps the rules of `onnx/verify.ts`. */
export function modelBytes(graph: Graph, metadata: ModelMetadata): Uint8Array {
  verify(graph);
  const producer = { name: 'onnx-nas', version: metadata.version };
  return serialize(graph, { metadata: metadataToProps(metadata), producer });
}

/**
 * (x − mean)/std by channel, of images [N, C, H, W] in [0, 1]. Written as the batch normalisation that it is: one
 * node, and no broadcasting of [1, C, 1, 1], which OpenCV 4.6 gets wrong for batches.
 */
function normalize(images: Tensor, { mean, std }: Normalization): Tensor {
  const pixels = tf.transpose(images, [0, 2, 3, 1]) as Tensor4D;
  const variance = std.map((deviation) => deviation ** 2);
  const normal = tf.batchNorm(pixels, [...mean], variance, undefined, undefined, 0);
  return tf.transpose(normal, [0, 3, 1, 2]);
}
