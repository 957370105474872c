/** The operators of an ONNX file, of whatever domain; of an If those of the branch that is taken in a segmented file. */
import proto, { type onnx } from 'onnx-proto';

/** How many nodes there are of each operator, the most frequent first. */
export type OperatorCounts = Readonly<Record<string, number>>;

const taken = 'then_branch';

export function operatorCounts(model: Uint8Array): OperatorCounts {
  const counts = new Map<string, number>();
  const count = (graph: onnx.IGraphProto | null | undefined): void => {
    for (const { domain, opType, attribute } of graph?.node ?? []) {
      const name = domain && domain !== 'ai.onnx' ? `${domain}.${opType}` : String(opType);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      for (const { name: branch, g } of attribute ?? []) if (branch === taken) count(g);
    }
  };
  count(proto.onnx.ModelProto.decode(model).graph);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

export const nodeCount = (counts: OperatorCounts): number => Object.values(counts).reduce((a, b) => a + b, 0);
