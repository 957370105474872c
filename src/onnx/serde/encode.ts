/** A graph, or several that take turns, to the bytes of an ONNX file. */

import type { onnx as Onnx } from 'onnx-proto';
import { alternativeName, chosenName } from '../alternatives.ts';
import { allNodes, createNode, type Graph, type Node, type Value } from '../ir.ts';
import { dialectOpset } from '../operators.ts';
import { throughBranches } from '../passes/branches.ts';
import { rebuilt, rewrite } from '../passes/rewrite.ts';
import { requiredOpset } from '../verify.ts';
import { encodeBody, type Writing } from './bodies.ts';
import { encodeType, spelled } from './messages.ts';
import { type Names, nameGraph } from './names.ts';
import { onnx } from './proto.ts';

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
    if (inputNames.has(name)) throw new Error(`${graph.name} has an input and an output named ${name}`);
    const own = value.source.kind === 'node' && !used.has(value);
    used.add(value);
    if (own) return { name, value };
    const node = createNode({ op: 'Identity', domain: '', inputs: [value], attributes: {}, scope: '' }, [
      value.type,
    ]);
    return { name, value: node.outputs[0] ?? value };
  });
  return { ...graph, outputs };
}

/** The same for all branches. */
const withCompleteBodies = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    const complete = throughBranches(node.attributes, withOwnOutputs);
    return complete && rebuilt(node, inputs, complete);
  });

/** The nodes, constants, inputs and outputs of a graph. */
function encodeGraph(graph: Graph, names: Names, options: Pick<Writing, 'segmentSize' | 'chosen'>) {
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
  return {
    ...encodeBody(graph, names, { nameOf, nodeName, ...options }),
    input: graph.inputs.map(encode),
    output: graph.outputs.map(({ value }) => encode(value)),
  };
}

/** The domains that graphs use, with their versions. */
function opsetImports(graphs: readonly Graph[], opset: number): Onnx.IOperatorSetIdProto[] {
  const domains = new Set(['', ...graphs.flatMap(allNodes).map((node) => spelled(node).domain)]);
  return [...domains].sort().map((domain) => ({ domain, version: domain === '' ? opset : 1 }));
}

/**
 * The graph as the bytes of an ONNX file. Names are stable: the same graph gives the same bytes.
 *
 * @throws Error where the opset asked for is lower than the operators need or higher than the dialect's
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
  return onnx.ModelProto.encode({
    irVersion,
    opsetImport: opsetImports([complete], opset),
    producerName: producer.name,
    producerVersion: producer.version,
    graph: { ...encodeGraph(complete, nameGraph(complete), { segmentSize }), name: complete.name },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  }).finish();
}

/**
 * Several graphs as the bytes of one file, in segments, of which a run computes one. Its inputs are theirs, under
 * {@link alternativeName}, and for each graph whether it is computed ({@link chosenName}); what a graph that is not yields
 * is of no meaning. The graphs' segments lie side by side: onnxruntime checks a node twice as often for each level of
 * branches above it.
 */
export function serializeAlternatives(
  graphs: Readonly<Record<string, Graph>>,
  { segmentSize }: { readonly segmentSize: number },
): Uint8Array {
  const complete = Object.entries(graphs).map(([name, graph]) => [name, withOwnOutputs(graph)] as const);
  const parts = complete.map(([name, graph]) => {
    const chosen = chosenName(name);
    const body = encodeGraph(graph, nameGraph(graph, alternativeName(name, '')), { segmentSize, chosen });
    return { ...body, input: [encodeType(chosen, { dtype: 'bool', shape: [] }), ...body.input] };
  });
  const own = complete.map(([, graph]) => graph);
  return onnx.ModelProto.encode({
    irVersion,
    opsetImport: opsetImports(own, Math.max(...own.map(requiredOpset))),
    graph: {
      name: Object.keys(graphs).join('_or_'),
      node: parts.flatMap(({ node }) => node),
      initializer: parts.flatMap(({ initializer }) => initializer),
      input: parts.flatMap(({ input }) => input),
      output: parts.flatMap(({ output }) => output),
    },
  }).finish();
}
