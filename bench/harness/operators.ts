/** The operators of an ONNX file, of whatever domain; of an If those of the branch that is taken in a segmented file. */
import proto, { type onnx } from 'onnx-proto';
import { chosenName } from '../../src/onnx/alternatives.ts';

/** How many nodes there are of each operator, the most frequent first. */
export type OperatorCounts = Readonly<Record<string, number>>;

const taken = 'then_branch';

export const operatorCounts = (model: Uint8Array): OperatorCounts =>
  countsOf(proto.onnx.ModelProto.decode(model).graph);

/** The same of each of the graphs that take turns in a file. */
export function alternativeCounts<Name extends string>(
  model: Uint8Array,
  graphs: readonly Name[],
): Readonly<Record<Name, OperatorCounts>> {
  const { graph: whole } = proto.onnx.ModelProto.decode(model);
  const counts = graphs.map((graph) => {
    const segments = whole?.node?.filter(({ input }) => input?.includes(chosenName(graph))) ?? [];
    return [graph, countsOf({ node: segments })] as const;
  });
  return Object.fromEntries(counts) as Record<Name, OperatorCounts>;
}

function countsOf(whole: onnx.IGraphProto | null | undefined): OperatorCounts {
  const counts = new Map<string, number>();
  const count = (graph: onnx.IGraphProto | null | undefined): void => {
    for (const { domain, opType, attribute } of graph?.node ?? []) {
      const name = domain && domain !== 'ai.onnx' ? `${domain}.${opType}` : String(opType);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      for (const { name: branch, g } of attribute ?? []) if (branch === taken) count(g);
    }
  };
  count(whole);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

export const nodeCount = (counts: OperatorCounts): number => Object.values(counts).reduce((a, b) => a + b, 0);
