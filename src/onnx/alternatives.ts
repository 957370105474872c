/**
 * Several graphs in one file, of which a run computes one. A session has one pool of memory: graphs that take turns in it
 * need together what the largest of them needs, where a session each would keep what it has once had.
 */
import { type Builder, createBuilder } from './build.ts';
import { typedArrays } from './data-types.ts';
import { constantValue, type Graph, inputValue, type Output, type TensorType, type Value } from './ir.ts';

/** What an input or an output of a graph is called in the file of all. */
export const alternativeName = (graph: string, name: string): string => `${graph}:${name}`;

/** The input, a bool without dimensions, that says whether a graph is computed. */
export const chosenName = (graph: string): string => `${graph}?`;

function nothing({ dtype }: TensorType): Value {
  if (dtype === 'string') throw new Error('an alternative cannot yield strings');
  return constantValue(new typedArrays[dtype](0), { dtype, shape: [0] });
}

/** What stands for a graph that is not computed: empty results. */
const uncomputed = ({ inputs, outputs }: Graph): Graph => ({
  name: 'uncomputed',
  inputs: inputs.map(({ type }, index) => inputValue(`${index}`, type)),
  outputs: outputs.map(({ name, value }) => ({ name, value: nothing(value.type) })),
});

interface Alternative {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Output[];
}

function alternative(build: Builder, name: string, graph: Graph): Alternative {
  const chosen = inputValue(chosenName(name), { dtype: 'bool', shape: [] });
  const inputs = graph.inputs.map(({ type, source }) =>
    inputValue(alternativeName(name, source.kind === 'input' ? source.name : ''), type),
  );
  const branches = { then_branch: { graph }, else_branch: { graph: uncomputed(graph) } };
  const results = build.nodes('If', [chosen, ...inputs], branches, graph.outputs.length);
  const outputs = graph.outputs.map((output, index) => ({
    name: alternativeName(name, output.name),
    value: results[index] as Value,
  }));
  return { inputs: [chosen, ...inputs], outputs };
}

/**
 * One graph of several. Its inputs are theirs, under {@link alternativeName}, and for each graph whether it is computed
 * ({@link chosenName}); the outputs of a graph that is not are empty.
 */
export function alternatives(graphs: Readonly<Record<string, Graph>>): Graph {
  const build = createBuilder();
  const parts = Object.entries(graphs).map(([name, graph]) => alternative(build, name, graph));
  return {
    name: Object.keys(graphs).join('_or_'),
    inputs: parts.flatMap(({ inputs }) => inputs),
    outputs: parts.flatMap(({ outputs }) => outputs),
  };
}
