/** Tiny ONNX models for the tests, written with onnx-proto directly, and folders to keep them in. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import proto from 'onnx-proto';
import { onTestFinished } from 'vitest';
import { dataTypeNumbers } from '../../src/onnx/data-types.ts';
import type { DataType, Dimension } from '../../src/onnx/ir.ts';
import { type ModelMetadata, metadataToProps } from '../../src/onnx/metadata.ts';

const { onnx } = proto;

interface Port {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly Dimension[];
}

interface ModelSpec {
  readonly nodes: readonly proto.onnx.INodeProto[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly initializers?: readonly proto.onnx.ITensorProto[];
  readonly props?: Readonly<Record<string, string>>;
}

const port = ({ name, dtype, shape }: Port): proto.onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: dataTypeNumbers[dtype],
      shape: { dim: shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) },
    },
  },
});

const floats = (name: string, dims: number[], values: number[]): proto.onnx.ITensorProto => ({
  name,
  dims,
  dataType: dataTypeNumbers.float32,
  rawData: new Uint8Array(Float32Array.from(values).buffer),
});

const int64s = (name: string, values: number[]): proto.onnx.ITensorProto => ({
  name,
  dims: [values.length],
  dataType: dataTypeNumbers.int64,
  rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

const intsAttribute = (name: string, ints: number[]): proto.onnx.IAttributeProto => ({
  name,
  type: onnx.AttributeProto.AttributeType.INTS,
  ints,
});

const modelBytes = ({ nodes, inputs, outputs, initializers = [], props = {} }: ModelSpec): Uint8Array =>
  onnx.ModelProto.encode({
    irVersion: 8,
    producerName: 'test',
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: Object.entries(props).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'test',
      node: [...nodes],
      input: inputs.map(port),
      output: outputs.map(port),
      initializer: [...initializers],
    },
  }).finish();

/** y = x·w with w = [[1, 2], [3, 4], [5, 6]] and a batch of any size. */
export const linearModel = (features: Dimension = 3): Uint8Array =>
  modelBytes({
    nodes: [{ opType: 'MatMul', input: ['x', 'w'], output: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', features] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
    initializers: [floats('w', [3, 2], [1, 2, 3, 4, 5, 6])],
  });

/** As {@link linearModel}, with a batch of one size. */
export const fixedModel = (batch: number): Uint8Array =>
  modelBytes({
    nodes: [{ opType: 'MatMul', input: ['x', 'w'], output: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', shape: [batch, 3] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [batch, 2] }],
    initializers: [floats('w', [3, 2], [1, 2, 3, 4, 5, 6])],
  });

/** y = x [n, features], and each run takes time by the square of n: rows are added to one another for nothing. */
export const crowdedModel = (features: number): Uint8Array =>
  modelBytes({
    nodes: [
      { opType: 'Unsqueeze', input: ['x', 'first'], output: ['row'] },
      { opType: 'Unsqueeze', input: ['x', 'second'], output: ['column'] },
      { opType: 'Add', input: ['row', 'column'], output: ['pairs'] },
      { opType: 'ReduceMean', input: ['pairs'], output: ['means'], attribute: [intsAttribute('axes', [0])] },
      { opType: 'Reshape', input: ['means', 'shape'], output: ['rows'] },
      { opType: 'Mul', input: ['rows', 'zero'], output: ['nothing'] },
      { opType: 'Add', input: ['x', 'nothing'], output: ['y'] },
    ],
    inputs: [{ name: 'x', dtype: 'float32', shape: ['n', features] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['n', features] }],
    initializers: [
      ...[int64s('first', [0]), int64s('second', [1]), int64s('shape', [-1, features])],
      floats('zero', [1], [0]),
    ],
  });

/** y = the sums of x [n, 1] up to each row: no row is independent, although the signature looks as if it were. */
export const cumulativeModel = (): Uint8Array =>
  modelBytes({
    nodes: [{ opType: 'CumSum', input: ['x', 'axis'], output: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 1] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['n', 1] }],
    initializers: [{ ...int64s('axis', [0]), dims: [] }],
  });

/** y = table[x], the table being [10, 20, 30]: the runtime fails for any other index than 0, 1 and 2. */
export const gatherModel = (): Uint8Array =>
  modelBytes({
    nodes: [{ opType: 'Gather', input: ['table', 'x'], output: ['y'] }],
    inputs: [{ name: 'x', dtype: 'int64', shape: ['batch', 1] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 1] }],
    initializers: [floats('table', [3], [10, 20, 30])],
  });

/** y = table[x], the table being three floats in a file beside the model. */
export const externalModel = (location: string): Uint8Array =>
  modelBytes({
    nodes: [{ opType: 'Gather', input: ['table', 'x'], output: ['y'] }],
    inputs: [{ name: 'x', dtype: 'int64', shape: ['batch', 1] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 1] }],
    initializers: [
      {
        name: 'table',
        dims: [3],
        dataType: dataTypeNumbers.float32,
        dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
        externalData: [{ key: 'location', value: location }],
      },
    ],
  });

/** y = x [n, 4] in 8 bits: the scale is that of all rows together. */
export const quantizedModel = (): Uint8Array =>
  modelBytes({
    nodes: [
      { opType: 'DynamicQuantizeLinear', input: ['x'], output: ['q', 'scale', 'zero'] },
      { opType: 'DequantizeLinear', input: ['q', 'scale', 'zero'], output: ['y'] },
    ],
    inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 4] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['n', 4] }],
  });

/** y = x, of any datatype. */
export const identityModel = (dtype: DataType, shape: readonly Dimension[] = ['batch', 2]): Uint8Array =>
  modelBytes({
    nodes: [{ opType: 'Identity', input: ['x'], output: ['y'] }],
    inputs: [{ name: 'x', dtype, shape }],
    outputs: [{ name: 'y', dtype, shape }],
  });

/** sum = a + b and product = a · b. The runtime fails when the lengths differ: the signature cannot say that they must not. */
export const pairModel = (): Uint8Array =>
  modelBytes({
    nodes: [
      { opType: 'Add', input: ['a', 'b'], output: ['sum'] },
      { opType: 'Mul', input: ['a', 'b'], output: ['product'] },
    ],
    inputs: [
      { name: 'a', dtype: 'float32', shape: ['n'] },
      { name: 'b', dtype: 'float32', shape: ['m'] },
    ],
    outputs: [
      { name: 'sum', dtype: 'float32', shape: ['k'] },
      { name: 'product', dtype: 'float32', shape: ['k'] },
    ],
  });

/** y = log x: -Infinity at 0 and NaN below. */
export const logModel = (): Uint8Array =>
  modelBytes({
    nodes: [{ opType: 'Log', input: ['x'], output: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', shape: ['n'] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['n'] }],
  });

/** A chain of matrix products that takes about ten milliseconds a product whatever x [1] is; y [1] = x. */
export function slowModel(products = 60): Uint8Array {
  const size = 1024;
  const chain = Array.from({ length: products }, (_, i) => ({
    opType: 'MatMul',
    input: [`m${i}`, 'm0'],
    output: [`m${i + 1}`],
  }));
  return modelBytes({
    nodes: [
      { opType: 'Sub', input: ['x', 'x'], output: ['zero'] },
      { opType: 'Expand', input: ['zero', 'shape'], output: ['m0'] },
      ...chain,
      {
        opType: 'ReduceMax',
        input: [`m${chain.length}`],
        output: ['max'],
        attribute: [intsAttribute('axes', [0])],
      },
      { opType: 'ReduceMax', input: ['max'], output: ['one'] },
      { opType: 'Reshape', input: ['one', 'vector'], output: ['last'] },
      { opType: 'Add', input: ['x', 'last'], output: ['y'] },
    ],
    inputs: [{ name: 'x', dtype: 'float32', shape: [1] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [1] }],
    initializers: [int64s('shape', [size, size]), int64s('vector', [1])],
  });
}

/** y [size] = x [1], repeated. */
export const largeModel = (size: number): Uint8Array =>
  modelBytes({
    nodes: [{ opType: 'Expand', input: ['x', 'shape'], output: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', shape: [1] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [size] }],
    initializers: [int64s('shape', [size])],
  });

export const classifierMetadata = (channels: number, labels: readonly string[]): ModelMetadata => ({
  labels,
  image: { channels, height: 2, width: 2 },
  normalization: { mean: [0], std: [1] },
  genotype: 'none',
  dataset: 'test',
  accuracy: 0.5,
  version: '0.1.0',
});

/** Flattens [N, channels, 2, 2]: every pixel is the logit of a class of its own. */
export const classifierModel = (
  channels: number,
  output = 'logits',
  props: Readonly<Record<string, string>> = metadataToProps(
    classifierMetadata(
      channels,
      Array.from({ length: channels * 4 }, (_, i) => `class ${i}`),
    ),
  ),
): Uint8Array =>
  modelBytes({
    nodes: [{ opType: 'Flatten', input: ['image'], output: [output] }],
    inputs: [{ name: 'image', dtype: 'float32', shape: ['batch', channels, 2, 2] }],
    outputs: [{ name: output, dtype: 'float32', shape: ['batch', channels * 4] }],
    props,
  });

/** A temporary folder with these files (path → bytes). The caller removes it. */
export async function makeFolder(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nas-serve-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true });

/** As {@link makeFolder}, removed when the test ends. */
export async function testFolder(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = await makeFolder(files);
  onTestFinished(() => removeFolder(folder));
  return folder;
}
