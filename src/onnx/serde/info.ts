/** What an ONNX file says about itself, for any model: of its nodes the operators are read, and weights are stepped over. */

import type { onnx as Onnx } from 'onnx-proto';
import { InputError, messageOf } from '../../errors.ts';
import { dataTypeOfNumber } from '../data-types.ts';
import type { DataType, Dimension } from '../ir.ts';
import { graphField, isStandardDomain, lengthDelimited, onnx, Reader } from './proto.ts';

/** An input or output of a model. */
export interface TensorInfo {
  readonly name: string;
  /** Undefined where it is no tensor (a sequence, a map) or has a data type that is not known here (bfloat16, …). */
  readonly dtype: DataType | undefined;
  /** Open dimensions are strings, `'?'` without a name. Undefined where not even the rank is known. */
  readonly shape: readonly Dimension[] | undefined;
}

export interface ModelInfo {
  /** `metadata_props` of the model. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What must be fed, without weights that old files list as inputs. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** The version of the standard domain; 0 where the model does not use it. */
  readonly opset: number;
  /** The operators that it has anywhere, by name, of whatever domain. */
  readonly operators: ReadonlySet<string>;
  /** The files beside it that hold weights, as it names them, relative to its folder. */
  readonly externalData: ReadonlySet<string>;
  readonly producer: { readonly name: string; readonly version: string };
}

/** The numbers of the fields that are read (onnx.proto3); all of them are messages or strings. */
const modelFields = {
  producerName: 2,
  producerVersion: 3,
  graph: graphField,
  opsetImport: 8,
  metadataProps: 14,
  functions: 25,
};
const graphFields = { node: 1, initializer: 5, input: 11, output: 12, sparseInitializer: 15 };
const valueFields = { name: 1, type: 2 };
const typeFields = { tensorType: 1 };
const nodeFields = { opType: 4, attribute: 5 };
const attributeFields = { tensor: 5, graph: 6, tensors: 10, graphs: 11 };
const functionFields = { node: 7 };
const tensorFields = { name: 8, externalData: 13 };
const sparseTensorFields = { values: 1 };

type Handlers = Readonly<Record<number, (bytes: Uint8Array) => unknown>>;

/** Hands the bytes of the wanted fields of a message to their handlers and steps over the others. Copies nothing. */
function readFields(message: Uint8Array, handlers: Handlers): void {
  const reader = Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const [field, wireType] = [tag >>> 3, tag & 7];
    const handler = handlers[field];
    if (handler && wireType === lengthDelimited) handler(reader.bytes());
    else reader.skipType(wireType, 0, field);
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function dimensionOf(dimension: Onnx.TensorShapeProto.IDimension): Dimension {
  const { dimParam, dimValue } = dimension;
  if (dimParam) return dimParam;
  // A size that is not set is decoded as the 0 of the message's prototype.
  const size = Object.hasOwn(dimension, 'dimValue') ? Number(String(dimValue)) : -1;
  return size >= 0 ? size : '?';
}

/** Reads tensor types only: a sequence of sequences of … may be nested deeper than the stack. */
function tensorInfo(bytes: Uint8Array): TensorInfo {
  let name = '';
  let tensor: Onnx.TypeProto.ITensor | undefined;
  readFields(bytes, {
    [valueFields.name]: (text) => {
      name = textOf(text);
    },
    [valueFields.type]: (type) =>
      readFields(type, {
        [typeFields.tensorType]: (message) => {
          tensor = onnx.TypeProto.Tensor.decode(message);
        },
      }),
  });
  return {
    name,
    dtype: dataTypeOfNumber(tensor?.elemType ?? 0),
    shape: tensor?.shape?.dim?.map(dimensionOf),
  };
}

/** What is found anywhere in a model, in branches of nodes, too. */
interface Contents {
  readonly operators: Set<string>;
  readonly externalData: Set<string>;
}

/** A tensor's name; the file that holds its elements is added to the contents. */
function readTensor(bytes: Uint8Array, { externalData }: Contents): string {
  let name = '';
  readFields(bytes, {
    [tensorFields.name]: (text) => {
      name = textOf(text);
    },
    [tensorFields.externalData]: (entry) => {
      const { key, value } = onnx.StringStringEntryProto.decode(entry);
      if (key === 'location') externalData.add(value);
    },
  });
  return name;
}

function readNode(bytes: Uint8Array, contents: Contents): void {
  const tensor = (message: Uint8Array): string => readTensor(message, contents);
  const graph = (message: Uint8Array): unknown => readGraph(message, contents);
  readFields(bytes, {
    [nodeFields.opType]: (text) => contents.operators.add(textOf(text)),
    [nodeFields.attribute]: (attribute) =>
      readFields(attribute, {
        [attributeFields.tensor]: tensor,
        [attributeFields.tensors]: tensor,
        [attributeFields.graph]: graph,
        [attributeFields.graphs]: graph,
      }),
  });
}

/** The graph's inputs and outputs. */
function readGraph(bytes: Uint8Array, contents: Contents) {
  const [inputs, outputs]: [TensorInfo[], TensorInfo[]] = [[], []];
  const initializers = new Set<string>();
  const addInitializer = (tensor: Uint8Array): unknown => initializers.add(readTensor(tensor, contents));
  readFields(bytes, {
    [graphFields.node]: (node) => readNode(node, contents),
    [graphFields.input]: (message) => inputs.push(tensorInfo(message)),
    [graphFields.output]: (message) => outputs.push(tensorInfo(message)),
    [graphFields.initializer]: addInitializer,
    [graphFields.sparseInitializer]: (message) =>
      readFields(message, { [sparseTensorFields.values]: addInitializer }),
  });
  return { inputs: inputs.filter(({ name }) => !initializers.has(name)), outputs };
}

function readModel(bytes: Uint8Array): ModelInfo {
  const metadata: [string, string][] = [];
  const opsets: number[] = [];
  const producer = { name: '', version: '' };
  const contents: Contents = { operators: new Set(), externalData: new Set() };
  let graph: ReturnType<typeof readGraph> | undefined;
  readFields(bytes, {
    [modelFields.producerName]: (text) => {
      producer.name = textOf(text);
    },
    [modelFields.producerVersion]: (text) => {
      producer.version = textOf(text);
    },
    [modelFields.graph]: (message) => {
      graph = readGraph(message, contents);
    },
    [modelFields.opsetImport]: (message) => {
      const { domain, version } = onnx.OperatorSetIdProto.decode(message);
      if (isStandardDomain(domain)) opsets.push(Number(String(version)));
    },
    [modelFields.metadataProps]: (message) => {
      const { key, value } = onnx.StringStringEntryProto.decode(message);
      metadata.push([key, value]);
    },
    [modelFields.functions]: (message) =>
      readFields(message, { [functionFields.node]: (node) => readNode(node, contents) }),
  });
  if (!graph || graph.outputs.length === 0) throw new InputError('it holds no graph with outputs');
  return {
    ...graph,
    ...contents,
    metadata: Object.fromEntries(metadata),
    opset: Math.max(0, ...opsets),
    producer,
  };
}

/**
 * Reads what an ONNX model says about itself, whatever operators it uses.
 *
 * @throws InputError where the bytes are not an ONNX model, or only the beginning of one
 */
export function readModelInfo(bytes: Uint8Array): ModelInfo {
  try {
    return readModel(bytes);
  } catch (error) {
    throw new InputError(`not a complete ONNX model (${bytes.byteLength} bytes): ${messageOf(error)}`);
  }
}
