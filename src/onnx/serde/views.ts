/** Nodes that only give their operand another shape. onnxruntime hands its memory on. */
import { type Node, producerOf, type Value } from '../ir.ts';

export const isView = ({ op, domain }: Node): boolean => op === 'Reshape' && domain === '';

/** The value whose elements these are, in whatever shape. */
export function unviewed(value: Value): Value {
  let root = value;
  for (let node = producerOf(root); node && isView(node); node = producerOf(root)) {
    root = node.inputs[0] as Value;
  }
  return root;
}
