/** The exported file: what is in it, and that it computes what the network computes. */

import proto from 'onnx-proto';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelBytes } from '../../src/export/model.ts';
import { graphNodes } from '../../src/onnx/ir.ts';
import { metadataFromProps } from '../../src/onnx/metadata.ts';
import { readModelInfo, serialize } from '../../src/onnx/serde.ts';
import { verify } from '../../src/onnx/verify.ts';
import * as ort from '../../src/runtime.ts';
import { softmax } from '../../src/softmax.ts';
import {
  classes,
  expectedLogits,
  genotypes,
  graphOf,
  initial,
  pixels,
  shapes,
  type Trained,
  trained,
} from './networks.ts';

/** All operators of an exported file: old, standard, and known to every runtime. */
const allowed = [
  'Add',
  'AveragePool',
  'BatchNormalization',
  'Concat',
  'Conv',
  'Flatten',
  'Gemm',
  'GlobalAveragePool',
  'MaxPool',
  'Pad',
  'Relu',
  'Slice',
  'Softmax',
];

/** What stands in a file, read by protobuf's own code. */
function decode(bytes: Uint8Array) {
  const { opsetImport, graph } = proto.onnx.ModelProto.decode(bytes);
  return {
    opsets: opsetImport.map(({ domain, version }) => [domain, Number(version)]),
    nodes: graph?.node ?? [],
    constants: (graph?.initializer ?? []).map(({ name }) => name),
    input: graph?.input?.[0],
    output: graph?.output?.[0],
  };
}

/** Runs a file in onnxruntime as users do, with all of its optimizations. */
async function run(bytes: Uint8Array, images: Float32Array, { shape }: Trained): Promise<Float32Array> {
  const { channels, height, width } = shape;
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const count = images.length / (channels * height * width);
  const image = new ort.Tensor('float32', images, [count, channels, height, width]);
  const results = Object.values(await session.run({ image }));
  expect(results).toHaveLength(1);
  expect(results[0]?.dims).toEqual([count, classes.length]);
  await session.release();
  return results[0]?.data as Float32Array;
}

const largestDifference = (a: Float32Array, b: Float32Array): number => {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - (b[i] as number))), 0);
};

const cases = Object.entries(shapes).flatMap(([size, shape]) =>
  Object.entries(genotypes).map(([name, genotype]) => [name, size, genotype, shape] as const),
);

describe.each(cases)('%s on %s images', (_, __, genotype, shape) => {
  const network = initial(genotype, shape);
  const graph = graphOf(network);
  const bytes = serialize(graph);
  const { opsets, nodes, constants, input, output } = decode(bytes);

  it('has standard operators only, each with a purpose', () => {
    verify(graph);
    expect(opsets).toEqual([['', 13]]);
    for (const node of nodes) expect(allowed).toContain(node.opType);
    const read = new Set(nodes.flatMap(({ input }) => input ?? []));
    for (const name of constants) expect(read).toContain(name);
    for (const node of nodes) {
      expect(node.output?.some((name) => name === 'logits' || read.has(name))).toBe(true);
    }
    // The pixels' normalisation; all others are inside the convolutions.
    expect(nodes.filter(({ opType }) => opType === 'BatchNormalization')).toHaveLength(1);
  });

  it('takes a batch of any size', async () => {
    const { channels, height, width } = shape;
    const dimensions = (value: proto.onnx.IValueInfoProto | undefined) =>
      value?.type?.tensorType?.shape?.dim?.map(({ dimParam, dimValue }) => dimParam || Number(dimValue));
    expect(dimensions(input)).toEqual(['N', channels, height, width]);
    expect(dimensions(output)).toEqual(['N', classes.length]);
    const images = pixels(17, shape);
    const all = await run(bytes, images, network);
    for (const count of [1, 3]) {
      const some = await run(bytes, images.subarray(0, (images.length / 17) * count), network);
      expect(largestDifference(some, all.subarray(0, some.length))).toBeLessThan(1e-5);
    }
  });

  it('computes what the network computes', async () => {
    const images = pixels(3, shape);
    const expected = await expectedLogits(network, images);
    expect(largestDifference(await run(bytes, images, network), expected)).toBeLessThan(1e-4);
    const probabilities = await run(serialize(graphOf(network, { softmax: true })), images, network);
    const rows = [0, 1, 2].flatMap((row) => softmax([...expected.subarray(3 * row, 3 * row + 3)]));
    expect(largestDifference(probabilities, Float32Array.from(rows))).toBeLessThan(1e-4);
  });

  it('is the same file each time', () => {
    expect(serialize(graphOf(network))).toEqual(bytes);
  });
});

describe('after training', () => {
  let network: Trained;
  beforeAll(async () => {
    network = await trained(genotypes.darts_v2 as Trained['genotype'], shapes.odd);
  });

  it('has statistics that matter, and computes what the network computes', async () => {
    const { statistics } = network.weights;
    expect(new Set(statistics).size).toBeGreaterThan(statistics.length / 2);
    const images = pixels(5, network.shape);
    const actual = await run(serialize(graphOf(network)), images, network);
    expect(largestDifference(actual, await expectedLogits(network, images))).toBeLessThan(1e-4);
  });
});

describe('the file', () => {
  const network = initial(genotypes.darts_v2 as Trained['genotype'], shapes.grey);
  const metadata = {
    labels: classes,
    image: shapes.grey,
    normalization: { mean: [0.5], std: [0.2] },
    genotype: 'Genotype(…)',
    dataset: 'noise',
    accuracy: 0.875,
    version: '1.2.3',
  };

  it('keeps what is known of the model', () => {
    const info = readModelInfo(modelBytes(graphOf(network), metadata));
    expect(metadataFromProps(info.metadata)).toEqual(metadata);
  });

  it('names nodes and weights by their place in the network', () => {
    const { nodes, constants, input, output } = decode(serialize(graphOf(network)));
    const names = nodes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect([input?.name, output?.name]).toEqual(['image', 'logits']);
    expect(names.slice(0, 7)).toEqual([
      'normalization/BatchNormalization',
      'stem/Conv',
      'cell0/preprocess0/Relu',
      'cell0/preprocess0/Conv',
      'cell0/preprocess1/Conv',
      'cell0/node2/0_sep_conv_3x3/Relu',
      'cell0/node2/0_sep_conv_3x3/Conv',
    ]);
    expect(names.at(-1)).toBe('classifier/Gemm');
    expect(constants).toContain('cell0/node2/0_sep_conv_3x3/Conv_1/bias');
  });

  it('is as lean as can be: one node a step', () => {
    const counts: Record<string, number> = {};
    for (const { op } of graphNodes(graphOf(network))) counts[op] = (counts[op] ?? 0) + 1;
    expect(counts).toMatchInlineSnapshot(`
      {
        "Add": 10,
        "BatchNormalization": 1,
        "Concat": 4,
        "Conv": 31,
        "Flatten": 1,
        "Gemm": 1,
        "GlobalAveragePool": 1,
        "MaxPool": 4,
        "Relu": 15,
      }
    `);
  });
});
