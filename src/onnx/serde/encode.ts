/** A graph, or several that take turns, to the bytes of an ONNX file. */

import type { onnx as Onnx } from 'onnx-proto';
import { InputError } from '../../errors.ts';
import { alternativeName, chosenName } from '../alternatives.ts';
import { bodiesOf, createNode, exemplars, type Graph, graphNodes, type Node, type Value } from '../ir.ts';
import { dialectOpset } from '../operators.ts';
import { throughBranches } from '../passes/branches.ts';
import { rebuilt, rewrite } from '../passes/rewrite.ts';
import { requiredOpset } from '../verify.ts';
import { encodeBody, namingOf, type Writing } from './bodies.ts';
import { encodeType, spelled } from './messages.ts';
import { type Names, nameGraph } from './names.ts';
import { graphField, lengthDelimited, onnx, Writer } from './proto.ts';

/** The file format of ONNX 1.10, which every runtime of the last years reads. */
const irVersion = 8;

export interface SerializeOptions {
  /** `metadata_props` of the model. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The version of the standard domain to declare, up to 17; by default the lowest that the operators allow. */
  readonly opset?: number;
  /** The nodes of one segment, where the graph is to be written in segments (`segments.ts`): such a file is only run. */
  readonly segmentSize?: number;
  /** What wrote the file. */
  readonly producer?: { readonly name: string; readonly version: string };
}

/**
 * The graph with an Identity before each output that no node computes or that is listed twice: in a file an
 * output must be the result of a node, and a result has one name.
 */
function withOwnOutputs(given: Graph): Graph {
  const graph = withCompleteBodies(given);
  const inputNames = new Set(
    graph.inputs.flatMap(({ source }) => (source.kind === 'input' ? [source.name] : [])),
  );
  const used = new Set<Value>();
  const outputs = graph.outputs.map(({ name, value }) => {
    if (inputNames.has(name)) {
      throw new InputError(
        `${graph.name} has an input and an output named ${name}: in a file a name is one value's; call the output something else`,
      );
    }
    const own = value.source.kind === 'node' && !used.has(value);
    used.add(value);
    if (own) return { name, value };
    const node = createNode({ op: 'Identity', domain: '', inputs: [value], attributes: {}, scope: '' }, [
      value.type,
    ]);
    return { name, value: node.outputs[0] ?? value };
  });
  const same = outputs.every(({ value }, index) => value === graph.outputs[index]?.value);
  return same ? graph : { ...graph, outputs };
}

/** The same for all branches. */
const withCompleteBodies = (graph: Graph): Graph =>
  graphNodes(graph).some((node) => bodiesOf(node).length > 0)
    ? rewrite(graph, (node, inputs) => {
        const complete = throughBranches(node.attributes, withOwnOutputs);
        return complete && rebuilt(node, inputs, complete);
      })
    : graph;

/**
 * The bytes of a graph, in parts: protobuf joins a message's parts that are written one behind the other, and what makes up
 * a node that is written can be forgotten.
 */
function encodeGraph(
  graph: Graph,
  names: Names,
  options: Pick<Writing, 'segmentSize' | 'chosen'>,
): Uint8Array[] {
  const nameOf = (value: Value): string => {
    const name = names.values.get(value);
    if (name !== undefined) return name;
    const { source } = value;
    throw new Error(
      `${graph.name} reads ${source.kind === 'input' ? source.name : 'a value'}, which it does not declare`,
    );
  };
  const nodeName = (node: Node): string => names.nodes.get(node) ?? '';
  const encode = (value: Value): Onnx.IValueInfoProto => encodeType(nameOf(value), value.type);
  const { nodes, initializer } = encodeBody(graph, names, { nameOf, nodeName, ...options });
  const parts = [];
  for (const node of nodes) parts.push(onnx.GraphProto.encode({ node: [node] }).finish());
  const input = graph.inputs.map(encode);
  const output = graph.outputs.map(({ value }) => encode(value));
  parts.push(onnx.GraphProto.encode({ name: graph.name, initializer, input, output }).finish());
  return parts;
}

/** A model as a file: its message with the field `graph`, whose bytes are given in parts. */
function fileOf(model: Onnx.IModelProto, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const opening = Writer.create()
    .uint32((graphField << 3) | lengthDelimited)
    .uint32(length)
    .finish();
  return Buffer.concat([onnx.ModelProto.encode(model).finish(), opening, ...parts]);
}

/** The domains that a graph uses, with their versions. */
function opsetImports(graph: Graph, opset: number): OperatorSet[] {
  const domains = new Set(['', ...exemplars(graph).map((node) => spelled(node).domain)]);
  return [...domains].sort().map((domain) => ({ domain, version: domain === '' ? opset : 1 }));
}

/**
 * The graph as the bytes of an ONNX file. Names are stable: the same graph gives the same bytes.
 *
 * @throws Error where the opset asked for is lower than the operators need or higher than the dialect's; InputError where an
 * input and an output have one name
 */
export function serialize(graph: Graph, options: SerializeOptions = {}): Uint8Array {
  const complete = withOwnOutputs(graph);
  const least = requiredOpset(complete);
  const { metadata = {}, opset = least, producer = { name: 'onnx-nas', version: '' }, segmentSize } = options;
  if (opset < least || opset > dialectOpset) {
    throw new Error(
      `${graph.name} cannot be written as opset ${opset}: it needs ${least} to ${dialectOpset}`,
    );
  }
  const model = {
    irVersion,
    opsetImport: opsetImports(complete, opset),
    producerName: producer.name,
    producerVersion: producer.version,
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
  const names = nameGraph(complete, namingOf(segmentSize));
  return fileOf(model, encodeGraph(complete, names, { segmentSize }));
}

interface OperatorSet {
  readonly domain: string;
  readonly version: number;
}

/** A graph as a part of a file of several. */
export interface Alternative {
  readonly bytes: Uint8Array;
  readonly operatorSets: readonly OperatorSet[];
}

/**
 * A graph for a file of several, in segments. Its inputs and outputs are there under {@link alternativeName}, and for the
 * graph whether it is computed ({@link chosenName}); what it yields otherwise is of no meaning.
 */
export function serializeAlternative(
  graph: Graph,
  name: string,
  { segmentSize }: { readonly segmentSize: number },
): Alternative {
  const complete = withOwnOutputs(graph);
  const chosen = chosenName(name);
  const names = nameGraph(complete, namingOf(segmentSize), alternativeName(name, ''));
  const input = [encodeType(chosen, { dtype: 'bool', shape: [] })];
  const parts = encodeGraph(complete, names, { segmentSize, chosen });
  return {
    bytes: Buffer.concat([onnx.GraphProto.encode({ input }).finish(), ...parts]),
    operatorSets: opsetImports(complete, requiredOpset(complete)),
  };
}

/**
 * One file of several graphs, of which a run computes one. Their segments lie side by side: onnxruntime checks a node twice
 * as often for each level of branches above it.
 */
export function joinAlternatives(alternatives: readonly Alternative[]): Uint8Array {
  const versions = new Map<string, number>();
  for (const { domain, version } of alternatives.flatMap(({ operatorSets }) => operatorSets)) {
    versions.set(domain, Math.max(version, versions.get(domain) ?? 0));
  }
  const opsetImport = [...versions].map(([domain, version]) => ({ domain, version }));
  const parts = alternatives.map(({ bytes }) => bytes);
  return fileOf({ irVersion, opsetImport }, [
    onnx.GraphProto.encode({ name: 'alternatives' }).finish(),
    ...parts,
  ]);
}
