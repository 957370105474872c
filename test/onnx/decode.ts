/** The bytes of an ONNX file back to a graph, for the operators of the table: how tests see what was written. */

import type { onnx as Onnx } from 'onnx-proto';
import { InputError, messageOf } from '../../src/errors.ts';
import { createBuilder } from '../../src/onnx/build.ts';
import {
  type Attribute,
  type Attributes,
  constantValue,
  type Graph,
  inputValue,
  type TensorType,
  type Value,
} from '../../src/onnx/ir.ts';
import { dialectOpset, isOperatorName, qualifiedName } from '../../src/onnx/operators.ts';
import { type ModelInfo, readModelInfo, type TensorInfo } from '../../src/onnx/serde/info.ts';
import { isStandardDomain, onnx } from '../../src/onnx/serde/proto.ts';
import { unifySymbolic } from '../../src/onnx/symbolic.ts';
import { probeSizes, type Sizes, symbolsOf, typeAt } from '../../src/onnx/symbols.ts';
import { decodeTensor } from './decode-tensor.ts';

const types = onnx.AttributeProto.AttributeType;

const numberOf = (value: unknown): number => Number(String(value));

/** How the value of an attribute is read, by its type. */
const attributeReaders: Readonly<Record<number, (attribute: Onnx.AttributeProto) => Attribute>> = {
  [types.INT]: ({ i }) => numberOf(i),
  [types.INTS]: ({ ints }) => ints.map(numberOf),
  [types.STRING]: ({ s }) => new TextDecoder().decode(s),
  [types.FLOAT]: ({ f }) => ({ float: f }),
  [types.FLOATS]: ({ floats }) => ({ floats: [...floats] }),
};

function decodeAttributes(attributes: readonly Onnx.IAttributeProto[]): Attributes {
  return Object.fromEntries(
    attributes.map((message) => {
      const attribute = onnx.AttributeProto.create(message);
      const read = attributeReaders[attribute.type];
      if (!read) throw new InputError(`the attribute ${attribute.name} has a type that is not supported`);
      return [attribute.name, read(attribute)];
    }),
  );
}

/** The scope that a node's name was derived from: `cell0/Conv_1` → `cell0`. */
const scopeOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('/')));

function inputType({ name, dtype, shape }: TensorInfo): TensorType {
  if (!dtype || !shape) throw new InputError(`the input ${name} is no tensor of known type and rank`);
  return {
    dtype,
    shape: shape.map((dimension, axis) => (dimension === '?' ? `${name}_${axis}` : dimension)),
  };
}

/** Builds the graph with its named dimensions at the given sizes, so that every type can be inferred. */
function buildGraph(
  graph: Onnx.IGraphProto,
  info: ModelInfo,
  constants: ReadonlyMap<string, Value>,
  sizes: Sizes,
): Graph {
  const values = new Map(constants);
  const inputs = info.inputs.map((input) => inputValue(input.name, typeAt(inputType(input), sizes)));
  for (const value of inputs) if (value.source.kind === 'input') values.set(value.source.name, value);
  const lookUp = (name: string): Value => {
    const value = values.get(name);
    if (!value) throw new InputError(`the value ${name} is read before a node computes it`);
    return value;
  };
  let scope = '';
  const builder = createBuilder(() => scope);
  for (const message of graph.node ?? []) {
    const { name, opType, domain, input, output, attribute } = onnx.NodeProto.create(message);
    const operator = qualifiedName({ op: opType, domain: isStandardDomain(domain) ? '' : domain });
    if (!isOperatorName(operator))
      throw new InputError(`the operator ${operator} of node ${name} is not supported`);
    scope = scopeOf(name);
    const operands = input.map((read) => (read === '' ? null : lookUp(read)));
    const results = builder.nodes(operator, operands, decodeAttributes(attribute), output.length);
    results.forEach((value, index) => {
      values.set(output[index] ?? '', value);
    });
  }
  const outputs = info.outputs.map(({ name }) => ({ name, value: lookUp(name) }));
  return { name: graph.name ?? '', inputs, outputs };
}

function decodeConstants(tensors: readonly Onnx.ITensorProto[]): ReadonlyMap<string, Value> {
  return new Map(
    tensors.map((message) => {
      const { type, data } = decodeTensor(message);
      const name = message.name ?? '';
      return [name, constantValue(data, type)];
    }),
  );
}

function decodeModel(bytes: Uint8Array, info: ModelInfo): Graph {
  const { graph } = onnx.ModelProto.decode(bytes);
  if (!graph) throw new InputError('it holds no graph');
  const constants = decodeConstants(graph.initializer ?? []);
  const symbols = symbolsOf(info.inputs.map(inputType));
  const [first, second] = probeSizes(symbols);
  const build = (sizes: Sizes): Graph => buildGraph(graph, info, constants, sizes);
  return symbols.length === 0 ? build({}) : unifySymbolic(build(first), build(second), first, second);
}

/**
 * Reads a graph from the bytes of an ONNX file. All types are inferred anew, so the graph is a verified one.
 *
 * @throws InputError where the bytes are not an ONNX model, or one with operators or types that the table lacks
 */
export function deserialize(bytes: Uint8Array): {
  readonly graph: Graph;
  readonly metadata: Readonly<Record<string, string>>;
  readonly opset: number;
} {
  const info = readModelInfo(bytes);
  const { metadata, opset } = info;
  if (opset > dialectOpset) {
    throw new InputError(`the model is of opset ${opset}; up to ${dialectOpset} can be read`);
  }
  try {
    return { graph: decodeModel(bytes, info), metadata, opset };
  } catch (error) {
    throw new InputError(`the model cannot be read: ${messageOf(error)}`);
  }
}
