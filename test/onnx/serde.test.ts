import fc from 'fast-check';
import onnxProto from 'onnx-proto';
import { Writer } from 'protobufjs/minimal.js';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { type Graph, graphNodes, inputValue } from '../../src/onnx/ir.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { readModelInfo, serialize } from '../../src/onnx/serde.ts';
import { probeSizes, unifySymbolic } from '../../src/onnx/symbolic.ts';
import { deserialize } from './decode.ts';
import { randomGraphs } from './random-graph.ts';
import { bool, difference, float32, graphOf, int64, randomFeeds, run } from './support.ts';

const { onnx } = onnxProto;

const protoOf = (graph: Graph) => onnx.ModelProto.decode(serialize(graph));

/** A graph with all kinds of attributes and constants. */
const variety = graphOf({ image: float32(2, 3, 8, 8), ids: int64(2) }, (b, { image, ids }) => {
  const kernel = b.constant(new Float32Array(108).fill(0.5), float32(4, 3, 3, 3));
  return {
    features: b.node('Conv', [image, kernel], { strides: [2, 2] }),
    leaky: b.node('LeakyRelu', [image], { alpha: { float: 0.25 } }),
    rows: b.node('Flatten', [image], { axis: 2 }),
    blocked: b.node('com.microsoft.nchwc.Conv', [image, kernel], {
      kernel_shape: [3, 3],
      activation: 'HardSigmoid',
      activation_params: { floats: [0.25, 0.5] },
    }),
    chosen: b.node('Where', [b.constant(Uint8Array.of(1, 0), bool(2)), b.int(-(2 ** 40)), b.int(7)]),
    gathered: b.node('Gather', [b.constant(Float32Array.of(0, 1), float32(2)), ids]),
    half: b.constant(Uint16Array.of(0x3c00), { dtype: 'float16', shape: [1] }),
    clipped: b.node('Clip', [image, null, b.float(0.5)]),
    double: b.constant(Float64Array.of(1 / 3), { dtype: 'float64', shape: [] }),
  };
});

/** y = flatten(x) · w for any number of rows N. */
const symbolic = ((): Graph => {
  const [first, second] = probeSizes(['N']);
  const at = ({ N = 0 }) =>
    graphOf({ x: float32(N, 2, 3) }, (b, { x }) => {
      const w = b.constant(Float32Array.of(1, 2, 3, 4, 5, 6), float32(6, 1));
      return { y: b.node('MatMul', [b.node('Reshape', [x, b.ints([N, 6])]), w]) };
    });
  return unifySymbolic(at(first), at(second), first, second);
})();

describe('round trip', () => {
  test('any graph is read back as it was written, and computes the same', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs(), async (graph) => {
        const bytes = serialize(graph, { metadata: { key: 'value' } });
        const { graph: read, metadata } = deserialize(bytes);
        expect(metadata).toEqual({ key: 'value' });
        expect(Buffer.compare(serialize(read, { metadata }), bytes)).toBe(0);
        expect(difference(await run(graph), await run(read, randomFeeds(graph)))).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ['every kind of attribute and constant', variety],
    ['open dimensions', symbolic],
  ])('%s', (_, graph) => {
    const bytes = serialize(graph);
    expect(Buffer.compare(serialize(deserialize(bytes).graph), bytes)).toBe(0);
  });

  test('open dimensions are in the types of all values', () => {
    expect(printGraph(deserialize(serialize(symbolic)).graph)).toMatchInlineSnapshot(`
      "graph test(x: float32[N,2,3]) -> (y: float32[N,1])
        v0 = Reshape(x, [-1, 6])                        : float32[N,6]
        y = MatMul(v0, float32[6,1]{1, 2, 3, 4, 5, 6})  : float32[N,1]"
    `);
  });

  test('elements that other writers put into list fields are read', () => {
    const model = protoOf(variety);
    const initializers = model.graph?.initializer ?? [];
    for (const tensor of initializers) {
      if (tensor.dataType !== onnx.TensorProto.DataType.FLOAT || !tensor.rawData) continue;
      tensor.floatData = [...new Float32Array(new Uint8Array(tensor.rawData).buffer)];
      tensor.rawData = null;
    }
    const read = deserialize(onnx.ModelProto.encode(model).finish()).graph;
    expect(Buffer.compare(serialize(read), serialize(variety))).toBe(0);
  });
});

describe('the file', () => {
  test('has readable, unique names', () => {
    let scope = '';
    const graph = graphOf(
      { x: float32(2, 3) },
      (b, { x }) => {
        const at = (place: string, value: () => ReturnType<typeof b.node>) => {
          scope = place;
          return value();
        };
        const one = b.constant(Float32Array.of(1, 1, 1), float32(3));
        const a = at('cell 0/edge→1', () => b.node('Relu', [x]));
        const c = at('cell 0/edge→1', () => b.node('Relu', [b.node('Add', [a, one])]));
        const d = at('', () => b.node('Relu', [b.node('Relu', [b.node('Reshape', [c, b.ints([3, 2])])])]));
        return { y: d };
      },
      () => scope,
    );
    const { graph: proto } = protoOf(graph);
    const lines = proto?.node?.map(
      (node) => `${node.name}: ${node.input?.join(' ')} -> ${node.output?.join(' ')}`,
    );
    expect(lines?.join('\n')).toMatchInlineSnapshot(`
      "cell_0/edge_1/Relu: x -> cell_0/edge_1/Relu_output_0
      cell_0/edge_1/Add: cell_0/edge_1/Relu_output_0 cell_0/edge_1/Add/constant -> cell_0/edge_1/Add_output_0
      cell_0/edge_1/Relu_1: cell_0/edge_1/Add_output_0 -> cell_0/edge_1/Relu_1_output_0
      Reshape_0: cell_0/edge_1/Relu_1_output_0 Reshape_0/shape -> Reshape_0_output_0
      Relu_0: Reshape_0_output_0 -> Relu_0_output_0
      Relu_1: Relu_0_output_0 -> y"
    `);
  });

  test('declares the domains that it uses, with the lowest version that is enough', () => {
    const plain = graphOf({ x: float32(2), i: int64(1), u: float32(1) }, (b, { x, i, u }) => ({
      y: b.node('ScatterElements', [x, i, u], { reduction: 'add' }),
    }));
    const blocked = graphOf({ x: float32(1, 16, 2, 2) }, (b, { x }) => ({
      y: b.node('com.microsoft.nchwc.ReorderInput', [x]),
    }));
    const imports = (graph: Graph) =>
      protoOf(graph).opsetImport?.map(({ domain, version }) => `${domain}:${version}`);
    expect(imports(plain)).toEqual([':16']);
    expect(imports(blocked)).toEqual([':13', 'com.microsoft.nchwc:1']);
    expect(() => serialize(plain, { opset: 13 })).toThrow('cannot be written as opset 13: it needs 16 to 17');
  });

  test('keeps every output a result of its own', async () => {
    const graph = graphOf({ x: float32(2) }, (b, { x }) => {
      const sum = b.node('Add', [x, x]);
      return { same: x, sum, again: sum, constant: b.float(3) };
    });
    expect(printGraph(deserialize(serialize(graph)).graph)).toMatchInlineSnapshot(`
      "graph test(x: float32[2]) -> (same: float32[2], sum: float32[2], again: float32[2], constant: float32[])
        sum = Add(x, x)         : float32[2]
        same = Identity(x)      : float32[2]
        again = Identity(sum)   : float32[2]
        constant = Identity(3)  : float32[]"
    `);
    const { same, sum, again, constant } = await run(graph);
    expect([same?.shape, constant?.data[0]]).toEqual([[2], 3]);
    expect(again).toEqual(sum);
  });

  test('an input cannot be an output of the same name', () => {
    const x = inputValue('x', float32(2));
    const graph: Graph = { name: 'g', inputs: [x], outputs: [{ name: 'x', value: x }] };
    expect(() => serialize(graph)).toThrow('an input and an output named x');
  });

  test('20,000 nodes are written and read in time that grows with their number only', () => {
    const graph = graphOf({ x: float32(4) }, (b, { x }) => {
      let y = x;
      for (let count = 0; count < 10_000; count++) y = b.node('Mul', [b.node('Add', [y, b.float(count)]), x]);
      return { y };
    });
    expect(graphNodes(graph).length).toBe(20_000);
    const seconds = [1, 2, 3].map(() => {
      const start = performance.now();
      deserialize(serialize(graph));
      return (performance.now() - start) / 1000;
    });
    // The bound only tells linear from quadratic: the machine may be busy.
    expect(Math.min(...seconds)).toBeLessThan(3);
  });
});

describe('model information', () => {
  test('of our own file', () => {
    const bytes = serialize(symbolic, {
      metadata: { labels: '["cat"]', note: 'ä' },
      producer: { name: 'onnx-nas', version: '1.2.3' },
    });
    expect(readModelInfo(bytes)).toEqual({
      metadata: { labels: '["cat"]', note: 'ä' },
      inputs: [{ name: 'x', dtype: 'float32', shape: ['N', 2, 3] }],
      outputs: [{ name: 'y', dtype: 'float32', shape: ['N', 1] }],
      opset: 13,
      operators: new Set(graphNodes(symbolic).map(({ op }) => op)),
      externalData: new Set(),
      producer: { name: 'onnx-nas', version: '1.2.3' },
    });
  });

  test('of a foreign file: unknown operators, weights among the inputs, unusual types', () => {
    const tensor = (elemType: number, dim?: { dimValue?: number; dimParam?: string }[]) => ({
      tensorType: { elemType, ...(dim && { shape: { dim } }) },
    });
    const elsewhere = (location: string) => ({
      name: location,
      dataType: 1,
      externalData: [
        { key: 'location', value: location },
        { key: 'length', value: '4' },
      ],
    });
    const bytes = onnx.ModelProto.encode({
      functions: [{ name: 'f', node: [{ opType: 'InFunction' }] }],
      opsetImport: [
        { domain: 'com.example', version: 3 },
        { domain: 'ai.onnx', version: 21 },
      ],
      graph: {
        node: [
          { opType: 'Mystery', domain: 'com.example', input: ['x'], output: ['y'] },
          {
            opType: 'If',
            attribute: [
              {
                name: 'then_branch',
                g: { node: [{ opType: 'Inner' }], initializer: [elsewhere('inner.bin')] },
              },
            ],
          },
          { opType: 'Constant', attribute: [{ name: 'value', t: elsewhere('constant.bin') }] },
        ],
        initializer: [{ name: 'w', dataType: 1, dims: [1], floatData: [1] }, elsewhere('weights.bin')],
        input: [
          { name: 'x', type: tensor(1, [{ dimParam: 'batch' }, {}, { dimValue: 0 }, { dimValue: -1 }]) },
          { name: 'w', type: tensor(1, [{ dimValue: 1 }]) },
          { name: 'bfloat16', type: tensor(16) },
        ],
        output: [{ name: 'y', type: { sequenceType: { elemType: tensor(1) } } }],
      },
    }).finish();
    expect(readModelInfo(bytes)).toEqual({
      metadata: {},
      inputs: [
        { name: 'x', dtype: 'float32', shape: ['batch', '?', 0, '?'] },
        { name: 'bfloat16', dtype: undefined, shape: undefined },
      ],
      outputs: [{ name: 'y', dtype: undefined, shape: undefined }],
      opset: 21,
      operators: new Set(['Mystery', 'If', 'Inner', 'Constant', 'InFunction']),
      externalData: new Set(['inner.bin', 'constant.bin', 'weights.bin']),
      producer: { name: '', version: '' },
    });
    expect(() => deserialize(bytes)).toThrow(
      new InputError('the model is of opset 21; up to 17 can be read'),
    );
  });
});

describe('damaged and foreign bytes', () => {
  /** Reads the bytes both ways; anything but an InputError is a crash. */
  const survives = (bytes: Uint8Array): void => {
    for (const read of [readModelInfo, deserialize]) {
      try {
        read(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }
  };

  test('random bytes are refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 2000 });
  });

  test('a file cut anywhere is refused or is still whole', () => {
    const bytes = serialize(variety, { metadata: { key: 'value' } });
    for (let length = 0; length < bytes.length; length++) survives(bytes.subarray(0, length));
    const half = bytes.subarray(0, bytes.length / 2);
    expect(() => readModelInfo(half)).toThrow(InputError);
    expect(() => readModelInfo(half)).toThrow(/^not a complete ONNX model \(\d+ bytes\): /);
    expect(() => readModelInfo(new Uint8Array())).toThrow(
      'not a complete ONNX model (0 bytes): it holds no graph',
    );
  });

  test('a file with changed bytes does not crash', () => {
    const bytes = serialize(variety);
    const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const damaged = Uint8Array.from(bytes);
        for (const [position, byte] of changes) damaged[position] = byte;
        survives(damaged);
      }),
      { numRuns: 3000 },
    );
  });

  test('messages nested without end do not overflow the stack', () => {
    const wrap = (field: number, content: Uint8Array): Uint8Array =>
      Writer.create()
        .uint32((field << 3) | 2)
        .bytes(content)
        .finish();
    // A sequence (field 4 of TypeProto) of elements (field 1 of it) that are sequences that …
    let type = new Uint8Array();
    for (let depth = 0; depth < 15_000; depth++) type = Uint8Array.from(wrap(4, wrap(1, type)));
    const graph = wrap(11, wrap(2, type));
    const output = wrap(12, wrap(1, Buffer.from('y')));
    const model = wrap(7, Buffer.concat([graph, output]));
    expect(readModelInfo(model).inputs).toEqual([{ name: '', dtype: undefined, shape: undefined }]);
    expect(() => deserialize(model)).toThrow(InputError);
  });

  const unsupported: readonly [string, (model: InstanceType<typeof onnx.ModelProto>) => void][] = [
    ['the operator Mystery of node Elu_0 is not supported', (model) => rename(model, 'Elu', 'Mystery')],
    ['read before a node computes it', (model) => model.graph?.node?.reverse()],
    ['lies in another file', (model) => external(model)],
    ['has the data type 16, which is not supported', (model) => retype(model, 16)],
    ['elements', (model) => retype(model, 7)],
  ];
  test.each(unsupported)('%s', (message, damage) => {
    const model = protoOf(
      graphOf({ x: float32(3) }, (b, { x }) => ({
        y: b.node('Add', [b.node('Elu', [x]), b.constant(Float32Array.of(1, 2, 3), float32(3))]),
      })),
    );
    damage(model);
    const bytes = onnx.ModelProto.encode(model).finish();
    expect(() => deserialize(bytes)).toThrow(InputError);
    expect(() => deserialize(bytes)).toThrow(message);
  });
});

type Model = InstanceType<typeof onnx.ModelProto>;

function rename(model: Model, from: string, to: string): void {
  for (const node of model.graph?.node ?? []) if (node.opType === from) node.opType = to;
}

function external(model: Model): void {
  for (const tensor of model.graph?.initializer ?? [])
    tensor.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL;
}

function retype(model: Model, dataType: number): void {
  for (const tensor of model.graph?.initializer ?? []) tensor.dataType = dataType;
}
