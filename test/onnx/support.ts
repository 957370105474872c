/** Graphs to test with, and running them in onnxruntime. */

import { type Builder, createBuilder } from '../../src/onnx/build.ts';
import { dataTypeNumbers, typedArrays } from '../../src/onnx/data-types.ts';
import {
  type DataType,
  elementCount,
  type Graph,
  inputValue,
  type TensorData,
  type TensorType,
  type Value,
} from '../../src/onnx/ir.ts';
import { type SerializeOptions, serialize } from '../../src/onnx/serde.ts';
import { random as createRandom } from '../../src/random.ts';
import * as ort from '../../src/runtime.ts';

export const float32 = (...shape: readonly (number | string)[]): TensorType => ({ dtype: 'float32', shape });
export const int64 = (...shape: readonly (number | string)[]): TensorType => ({ dtype: 'int64', shape });
export const bool = (...shape: readonly (number | string)[]): TensorType => ({ dtype: 'bool', shape });

/** A graph with inputs of the given types; `build` returns its outputs. */
export function graphOf<Inputs extends Record<string, TensorType>>(
  types: Inputs,
  build: (builder: Builder, inputs: { readonly [name in keyof Inputs]: Value }) => Record<string, Value>,
  scope?: () => string,
): Graph {
  const inputs = Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, inputValue(name, type)]),
  ) as { readonly [name in keyof Inputs]: Value };
  const outputs = Object.entries(build(createBuilder(scope), inputs));
  return {
    name: 'test',
    inputs: Object.values(inputs),
    outputs: outputs.map(([name, value]) => ({ name, value })),
  };
}

/** Elements in [0, 1): below 1 for floats, 0 or 1 for integers and bools, so that they are indices too. */
function randomData(dtype: DataType, count: number, random: () => number): TensorData {
  if (dtype === 'string') throw new Error('strings are not tested');
  const data = new typedArrays[dtype](count);
  const isFloat = dtype === 'float32' || dtype === 'float64';
  for (let index = 0; index < count; index++) {
    const element = isFloat ? random() : Math.floor(2 * random());
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = BigInt(element);
    else data[index] = element;
  }
  return data;
}

export interface Result {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

export type Feeds = Readonly<Record<string, { readonly type: TensorType; readonly data: TensorData }>>;

/** Random elements for every input of a graph, the same ones for the same seed. */
export function randomFeeds(graph: Graph, seed = 1): Feeds {
  const random = createRandom(seed);
  return Object.fromEntries(
    graph.inputs.map(({ source, type }) => [
      source.kind === 'input' ? source.name : '',
      { type, data: randomData(type.dtype, elementCount(type), () => random.uniform()) },
    ]),
  );
}

/** Runs a graph in onnxruntime, without its optimizations. */
export const run = (
  graph: Graph,
  feeds: Feeds = randomFeeds(graph),
  options: SerializeOptions = {},
): Promise<Record<string, Result>> => runModel(serialize(graph, options), feeds);

/** The same of the bytes of a file. */
export async function runModel(model: Uint8Array, feeds: Feeds): Promise<Record<string, Result>> {
  const session = await ort.InferenceSession.create(model, {
    logSeverityLevel: 4,
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
  });
  const tensors = Object.entries(feeds)
    .filter(([name]) => session.inputNames.includes(name))
    .map(([name, { type, data }]) => [name, ortTensor(data, type)]);
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [
      name,
      { dtype: tensor.type, shape: tensor.dims, data: tensor.data as ArrayLike<number | bigint> },
    ]),
  );
}

function ortTensor(data: TensorData, { dtype, shape }: TensorType): ort.Tensor {
  if (!(dtype in dataTypeNumbers) || dtype === 'string') throw new Error(`${dtype} is not tested`);
  return new ort.Tensor(dtype, data, shape.map(Number));
}

/** The greatest difference of two results, in units of 1 + their size; infinite where their shapes differ. */
export function difference(a: Record<string, Result>, b: Record<string, Result>): number {
  let greatest = 0;
  for (const [name, left] of Object.entries(a)) {
    const right = b[name];
    if (!right || String(left.shape) !== String(right.shape) || left.dtype !== right.dtype) return Infinity;
    for (let index = 0; index < left.data.length; index++) {
      const [x, y] = [Number(left.data[index]), Number(right.data[index])];
      if (!Object.is(x, y)) greatest = Math.max(greatest, Math.abs(x - y) / (1 + Math.abs(x)));
    }
  }
  return greatest;
}
