/** What one operation costs at one shape, by tracing it. */
import type { Tensor4D } from '@tensorflow/tfjs';
import { declarations, sharing } from '../nn/layers.ts';
import { constantsOf, ParameterTable } from '../nn/parameters.ts';
import { countMacs } from '../onnx/cost.ts';
import type { Graph } from '../onnx/ir.ts';
import { optimizeForInference } from '../onnx/passes/index.ts';
import { random } from '../random.ts';
import { operationOf } from '../search/operations.ts';
import { float32 } from '../signature.ts';
import { tf } from '../tfjs.ts';
import { portable } from '../trace/device.ts';
import { trace } from '../trace/trace.ts';
import type { OperationShape } from './places.ts';

export interface OperationCost {
  readonly parameters: number;
  readonly macs: number;
}

interface TracedOperation {
  readonly parameters: number;
  /** From an image [1, C, H, W] to the operation's result; its weights are constants. */
  readonly graph: Graph;
}

/** The operation as it is in a network in use, its weights as they begin; after the passes of an export unless told otherwise. */
export function traceOperation(
  { operation, stride, channels, height, width }: OperationShape,
  optimize = optimizeForInference,
): TracedOperation {
  const [parameters, statistics] = [new ParameterTable(), new ParameterTable()];
  const layer = operationOf(operation).make(declarations(parameters, statistics), {
    channels,
    stride,
    affine: true,
    normalizePools: false,
  });
  const constants = (table: ParameterTable) => constantsOf(table.initialize(random(0, 'weights')));
  const graph = trace(
    ({ image }) => {
      const x = tf.transpose(image as Tensor4D, [0, 2, 3, 1]);
      const y = layer(x, {
        parameter: constants(parameters),
        statistic: constants(statistics),
        normalization: 'running',
        once: sharing(),
      });
      return { result: tf.transpose(y, [0, 3, 1, 2]) };
    },
    { image: float32(1, channels, height, width) },
    { device: portable, name: operation, optimize },
  );
  return { parameters: parameters.size, graph };
}

/** What an operation computes, as `networkCost` counts it: before passes, which may trade products for speed. */
export function operationCost(shape: OperationShape): OperationCost {
  const { parameters, graph } = traceOperation(shape, (plain) => plain);
  return { parameters, macs: countMacs(graph) };
}
