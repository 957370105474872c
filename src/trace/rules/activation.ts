/** The activations that tfjs fuses into convolutions and matrix products. */
import type { backend_util } from '@tensorflow/tfjs';
import type { Builder } from '../../onnx/build.ts';
import type { Value } from '../../onnx/ir.ts';
import { align, perElement } from '../align.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';

export interface FusedActivation {
  readonly activation?: backend_util.Activation | undefined;
  readonly leakyreluAlpha?: number | undefined;
}

type Activation = (graph: Builder, x: Value, alpha: number) => Value;

const activations: Record<Exclude<backend_util.Activation, 'linear' | 'prelu'>, Activation> = {
  relu: (graph, x) => graph.node('Relu', [x]),
  relu6: (graph, x) => graph.node('Clip', [x, graph.float(0), graph.float(6)]),
  elu: (graph, x) => graph.node('Elu', [x]),
  sigmoid: (graph, x) => graph.node('Sigmoid', [x]),
  leakyrelu: (graph, x, alpha) => graph.node('LeakyRelu', [x], { alpha: { float: alpha } }),
};

/** x after the activation that a fused kernel asks for; `slope` is the one of prelu. */
export function activate(
  lower: Lowering,
  x: Traced,
  { activation = 'linear', leakyreluAlpha = 0.2 }: FusedActivation,
  slope?: Traced,
): Traced {
  if (activation === 'linear') return x;
  if (activation !== 'prelu') {
    return perElement(lower, [x], x.dtype, (value) =>
      activations[activation](lower.graph, value, leakyreluAlpha),
    );
  }
  if (!slope) throw new Error('the activation prelu needs preluActivationWeights');
  // ONNX's slope broadcasts to x and never the other way round, so x is not narrowed here.
  const { values, layout, finish } = align(lower, [x, slope], x.shape);
  return lower.traced(finish(lower.graph.node('PRelu', values)), layout, x.shape);
}
