/** Measures how long operations and networks take on this machine, in onnxruntime, as graphs for inference. */
import { loadModel } from '../engine/model.ts';
import type { OnnxruntimeOptions } from '../engine/onnxruntime.ts';
import { untrainedGraph } from '../export/untrained.ts';
import { createBuilder } from '../onnx/build.ts';
import { type Graph, inputValue } from '../onnx/ir.ts';
import { serialize } from '../onnx/serde.ts';
import { random } from '../random.ts';
import { makeNetwork, type NetworkSize } from '../retrain/network.ts';
import type { Genotype } from '../search/genotype.ts';
import { operationOf } from '../search/operations.ts';
import { traceOperation } from './operation.ts';
import type { OperationShape } from './places.ts';

export type Target = Pick<OnnxruntimeOptions, 'provider' | 'threads'>;

/** Of one run, in milliseconds. */
export interface Timing {
  readonly median: number;
  /** Between the quartiles. */
  readonly spread: number;
}

/** The fewest runs, and how many milliseconds they take in all: of those before any is timed, and of those that are. */
const warmUp = { fewest: 5, duration: 20 } as const;
const timed = { fewest: 15, duration: 60 } as const;

/** Times a graph of one image; its clock is no part of a result of training. */
async function timeGraph(graph: Graph, shape: readonly number[], target: Target): Promise<Timing> {
  const model = await loadModel(serialize(graph), graph.name, target);
  const generator = random(0, 'image');
  const size = shape.reduce((product, n) => product * n, 1);
  const image = Float32Array.from({ length: size }, () => generator.uniform());
  try {
    const timesOf = async ({ fewest, duration }: { fewest: number; duration: number }): Promise<number[]> => {
      const times: number[] = [];
      const begin = performance.now();
      while (times.length < fewest || performance.now() - begin < duration) {
        const from = performance.now();
        await model.run(image, shape);
        times.push(performance.now() - from);
      }
      return times;
    };
    await timesOf(warmUp);
    const times = (await timesOf(timed)).sort((a, b) => a - b);
    const at = (part: number): number => times[Math.floor(part * (times.length - 1))] as number;
    return { median: at(0.5), spread: at(0.75) - at(0.25) };
  } finally {
    await model.dispose();
  }
}

/** What a run takes in which next to nothing is computed. */
export function timeOverhead(target: Target): Promise<Timing> {
  const image = inputValue('image', { dtype: 'float32', shape: [1, 1, 1, 1] });
  const value = createBuilder().node('Neg', [image]);
  const graph = { name: 'overhead', inputs: [image], outputs: [{ name: 'result', value }] };
  return timeGraph(graph, [1, 1, 1, 1], target);
}

/** Whether nothing is computed where the operation is, so that there is nothing to time. */
export const isFree = ({ operation, stride }: OperationShape): boolean =>
  operation === 'none' || operation === 'noise' || (operationOf(operation).identity === true && stride === 1);

/** One operation by itself. */
export function timeOperation(shape: OperationShape, target: Target): Promise<Timing> {
  const { channels, height, width } = shape;
  return timeGraph(traceOperation(shape).graph, [1, channels, height, width], target);
}

/** The network of a genotype as it is exported, its weights as they begin. */
export function timeNetwork(genotype: Genotype, size: NetworkSize, target: Target): Promise<Timing> {
  const { imageChannels: channels, height, width } = size;
  const network = makeNetwork(genotype, { ...size, auxiliary: false });
  const graph = untrainedGraph(network, { channels, height, width });
  return timeGraph(graph, [1, channels, height, width], target);
}
