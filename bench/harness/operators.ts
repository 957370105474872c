/** The operators of an ONNX file, of whatever domain. */
import proto from 'onnx-proto';

/** How many nodes there are of each operator, the most frequent first. */
export type OperatorCounts = Readonly<Record<string, number>>;

export function operatorCounts(model: Uint8Array): OperatorCounts {
  const counts = new Map<string, number>();
  for (const { domain, opType } of proto.onnx.ModelProto.decode(model).graph?.node ?? []) {
    const name = domain && domain !== 'ai.onnx' ? `${domain}.${opType}` : String(opType);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

export const nodeCount = (counts: OperatorCounts): number => Object.values(counts).reduce((a, b) => a + b, 0);
