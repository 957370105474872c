/**
 * The one way in which a lowering is tested: a tfjs function is computed eagerly on tfjs's `cpu` backend and, traced
 * for every kind of device, in onnxruntime; values and gradients must agree.
 */
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { blockSize } from '../../src/engine/block-size.ts';
import type { Graph } from '../../src/onnx/ir.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { serialize } from '../../src/onnx/serde.ts';
import { verify } from '../../src/onnx/verify.ts';
import { random } from '../../src/random.ts';
import * as ort from '../../src/runtime.ts';
import type { Signature, TensorFunction, Tensors } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { cpu, type Device, portable, webgpu } from '../../src/trace/device.ts';
import { legalize } from '../../src/trace/legalize.ts';
import { trace } from '../../src/trace/trace.ts';
import type { Input } from './inputs.ts';

// Keeps tfjs from advertising its node backend.
tf.enableProdMode();

type Result = Tensor | readonly Tensor[];

export interface Row {
  readonly name: string;
  readonly inputs: readonly Input[];
  run(...inputs: Tensor[]): Result;
  /** What the result must equal, where the cpu backend lacks a kernel of `run`. */
  reference?(...inputs: Tensor[]): Result;
  /** Greatest difference, relative to 1 + the expected number. */
  readonly tolerance?: number;
  /**
   * The gradients, with respect to all float inputs, are compared with the cpu backend's (`eager`), with finite
   * differences (`differences`, where the cpu backend's are wrong or missing), or with both.
   */
  readonly gradient?: 'eager' | 'differences' | 'both';
}

/** A row of a table. */
export const op = (
  name: string,
  inputs: readonly Input[],
  run: Row['run'],
  options: Omit<Row, 'name' | 'inputs' | 'run'> = {},
): Row => ({ name, inputs, run, ...options });

type Elements = Float32Array | Int32Array | Uint8Array;

interface Computed {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly elements: Elements;
}

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

const nameOf = (index: number): string => `x${index}`;

/** How an input is fed: images with the channels first. */
const fedShape = ({ shape, isImage }: Input): readonly number[] =>
  isImage ? [0, 3, 1, 2].map((axis) => shape[axis] as number) : shape;

/**
 * The input as the function sees it. An image goes through a pool of single pixels: it changes nothing, but brings
 * the image into the layout that the device has for images.
 */
const enter = (x: Tensor, { isImage }: Input): Tensor =>
  isImage ? tf.avgPool(tf.transpose(x, [0, 2, 3, 1]) as Tensor4D, 1, 1, 'valid') : x;

const listOf = (result: Result): readonly Tensor[] => (result instanceof tf.Tensor ? [result] : result);

/** The sum of all float results, each element with a weight of its own. */
function weightedSum(row: Row, results: readonly Tensor[]): Scalar {
  const terms = results.flatMap((y, index) => {
    if (y.dtype !== 'float32') return [];
    const draw = random(2, row.name, index);
    const weights = Float32Array.from({ length: y.size }, () => draw.normal());
    return [tf.sum(tf.mul(y, tf.tensor(weights, y.shape)))];
  });
  return tf.addN(terms) as Scalar;
}

/** The function that is traced: results `y0`, …, and gradients `g0`, … of their weighted sum. */
export function program(
  row: Row,
  run: Row['run'] = row.run,
  withGradients = row.gradient !== undefined,
): TensorFunction {
  return (inputs) => {
    const fed = row.inputs.map((_, index) => inputs[nameOf(index)] as Tensor);
    const apply = (tensors: readonly Tensor[]): readonly Tensor[] =>
      listOf(run(...tensors.map((x, index) => enter(x, row.inputs[index] as Input))));
    const outputs: Tensors = Object.fromEntries(apply(fed).map((y, index) => [`y${index}`, y]));
    if (!withGradients) return outputs;
    const differentiable = [...fed.keys()].filter((index) => fed[index]?.dtype === 'float32');
    const loss = (...floats: Tensor[]): Scalar =>
      weightedSum(row, apply(fed.map((x, index) => floats[differentiable.indexOf(index)] ?? x)));
    const gradients = tf.grads(loss)(differentiable.map((index) => fed[index] as Tensor));
    return {
      ...outputs,
      ...Object.fromEntries(gradients.map((gradient, i) => [`g${differentiable[i]}`, gradient])),
    };
  };
}

export const signatureOf = (row: Row): Signature =>
  Object.fromEntries(
    row.inputs.map((input, index) => [nameOf(index), { shape: fedShape(input), dtype: input.dtype }]),
  );

const feedsOf = (row: Row): Elements[] =>
  row.inputs.map(({ shape, dtype, draw }, index) => {
    const numbers = random(1, row.name, index);
    const size = shape.reduce((product, d) => product * d, 1);
    return new arrays[dtype](Array.from({ length: size }, (_, place) => draw(numbers, place)));
  });

/** The function's results on the cpu backend. */
async function eagerly(
  row: Row,
  fn: TensorFunction,
  feeds: readonly Elements[],
): Promise<Record<string, Computed>> {
  await tf.setBackend('cpu');
  const results = tf.tidy(() =>
    fn(
      Object.fromEntries(
        row.inputs.map((input, index) => [
          nameOf(index),
          tf.tensor(feeds[index] as Elements, [...fedShape(input)], input.dtype),
        ]),
      ),
    ),
  );
  const read = Object.entries(results).map(([name, y]): [string, Computed] => [
    name,
    { shape: y.shape, dtype: y.dtype, elements: y.dataSync() as Elements },
  ]);
  tf.dispose(results);
  return Object.fromEntries(read);
}

/** A graph's results in onnxruntime. */
async function inOnnxruntime(
  graph: Graph,
  row: Row,
  feeds: readonly Elements[],
  { level, provider = 'cpu' }: Target,
): Promise<Record<string, Computed>> {
  const session = await ort.InferenceSession.create(serialize(graph), {
    executionProviders: [provider],
    graphOptimizationLevel: level,
    logSeverityLevel: 3,
  });
  const tensors: Record<string, ort.Tensor> = {};
  row.inputs.forEach((input, index) => {
    const name = nameOf(index);
    if (!session.inputNames.includes(name)) return;
    tensors[name] = new ort.Tensor(input.dtype, feeds[index] as Float32Array, fedShape(input) as number[]);
  });
  const results = await session.run(tensors);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, type, data }]) => [
      name,
      { shape: dims, dtype: type, elements: data as Elements },
    ]),
  );
}

function expectClose(
  actual: Computed | undefined,
  expected: Computed,
  tolerance: number,
  what: string,
): void {
  expect(actual, what).toBeDefined();
  if (!actual) return;
  expect(`${actual.dtype}[${actual.shape}]`, what).toBe(`${expected.dtype}[${expected.shape}]`);
  expected.elements.forEach((number, place) => {
    const found = Number(actual.elements[place]);
    const close = Object.is(found, number) || Math.abs(found - number) <= tolerance * (1 + Math.abs(number));
    if (!close)
      expect.fail(`${what}: element ${place} of [${expected.shape}] is ${found}, expected ${number}`);
  });
}

/** A device with onnxruntime's optimisations as they are used there. */
export interface Target extends Device {
  /** What a failure calls it. */
  readonly name: string;
  readonly level: 'all' | 'disabled';
  readonly provider?: 'cpu' | 'webgpu';
  /** Least tolerance of a row, where the device computes less exactly. */
  readonly tolerance?: (row: Row) => number;
}

/** The kinds of devices, all on the CPU. */
async function devices(): Promise<readonly Target[]> {
  const block = await blockSize();
  return [
    { ...portable, name: 'portable', level: 'all' },
    { ...cpu(0), name: 'nchw', level: 'disabled' },
    ...(block > 0 ? [{ ...cpu(block), name: 'blocked', level: 'disabled' as const }] : []),
    // Its lowering alone: what WebGPU itself computes is tested in test/engine.
    { ...webgpu, name: 'webgpu', level: 'disabled' },
  ];
}

/** The slope of the weighted sum along a direction, by central differences, and by a gradient. */
async function slopes(
  row: Row,
  feeds: readonly Elements[],
  gradients: Readonly<Record<string, Computed>>,
): Promise<{ difference: number; gradient: number; scale: number }> {
  const step = 2e-3;
  const directions = feeds.map((elements, index) => {
    const draw = random(3, row.name, index);
    return Float32Array.from(elements, () => draw.normal());
  });
  const lossAt = async (distance: number): Promise<number> => {
    const moved = feeds.map((elements, index) =>
      elements instanceof Float32Array
        ? elements.map((x, place) => x + distance * (directions[index]?.[place] as number))
        : elements,
    );
    const run = program(row, row.reference ?? row.run, false);
    const loss: TensorFunction = (inputs) => ({ loss: weightedSum(row, Object.values(run(inputs))) });
    return (await eagerly(row, loss, moved)).loss?.elements[0] as number;
  };
  const products = Object.entries(gradients).flatMap(([name, { elements }]) =>
    Array.from(elements, (g, place) => g * (directions[Number(name.slice(1))]?.[place] as number)),
  );
  return {
    difference: ((await lossAt(step)) - (await lossAt(-step))) / (2 * step),
    gradient: products.reduce((sum, product) => sum + product, 0),
    scale: Math.sqrt(products.reduce((sum, product) => sum + product * product, 1)),
  };
}

/** Checks one row on every device, or on those given. */
export async function checkOp(row: Row, targets?: readonly Target[]): Promise<void> {
  const feeds = feedsOf(row);
  const { tolerance = 1e-5, gradient } = row;
  const byEager = gradient === 'eager' || gradient === 'both';
  const byDifferences = gradient === 'differences' || gradient === 'both';
  const expected = await eagerly(row, program(row, row.reference ?? row.run, byEager), feeds);
  const ran = new Set<string>();
  for (const device of targets ?? (await devices())) {
    const graph = legalize(device)(trace(program(row), signatureOf(row), { device, name: row.name }));
    const text = `${device.level}\n${printGraph(graph)}`;
    // Most rows are lowered alike for several devices.
    if (ran.has(text)) continue;
    ran.add(text);
    verify(graph);
    const actual = await inOnnxruntime(graph, row, feeds, device);
    const allowed = Math.max(tolerance, device.tolerance?.(row) ?? 0);
    for (const [name, value] of Object.entries(expected)) {
      expectClose(actual[name], value, allowed, `${name} on ${device.name}`);
    }
    if (!byDifferences) continue;
    const gradients = Object.fromEntries(Object.entries(actual).filter(([name]) => name.startsWith('g')));
    const slope = await slopes(row, feeds, gradients);
    const error = Math.abs(slope.gradient - slope.difference);
    expect(error, `slope on ${device.name}: ${JSON.stringify(slope)}`).toBeLessThan(0.02 * slope.scale);
  }
}

/** One test a row. */
export function checkRows(rows: readonly Row[]): void {
  for (const row of rows) test(row.name, () => checkOp(row));
}
