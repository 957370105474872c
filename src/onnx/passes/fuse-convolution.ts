/**
 * Lets onnxruntime's blocked convolution do what follows it, so that its result crosses memory once:
 *
 *     conv(x, w, b) + s   →  conv(x, w, b, s)        the sum is made in s's own memory
 *     max(conv(…), 0)     →  conv(…; activation Relu)
 *
 * A sum of many convolutions so becomes a chain in which each adds to the one before.
 */

import { type Node, producerOf, type Value } from '../ir.ts';
import { formatType, type Inputs, qualifiedName } from '../operators.ts';
import { type Pass, readCounts, rebuilt, rewrite } from './rewrite.ts';

type Reads = ReadonlyMap<Value, number>;

/** The blocked convolution behind a value that nothing else reads and that can take more in. */
function openConvolution(before: Value | null | undefined, now: Value | null | undefined, reads: Reads) {
  const node = producerOf(now);
  if (!before || reads.get(before) !== 1 || !node) return undefined;
  const isOpen = qualifiedName(node) === 'com.microsoft.nchwc.Conv' && !node.attributes.activation;
  return isOpen ? node : undefined;
}

/** The sum as part of the later one of its convolutions; the other operand lends its memory, so it must be free. */
function withAddend(node: Node, inputs: Inputs, reads: Reads): readonly Value[] | undefined {
  const hosts = [0, 1].flatMap((side) => {
    const convolution = openConvolution(node.inputs[side], inputs[side], reads);
    const [addend, addendBefore] = [inputs[1 - side], node.inputs[1 - side]];
    if (!convolution || convolution.inputs[3] || !addend || !addendBefore) return [];
    const isFree = addend.source.kind === 'node' && reads.get(addendBefore) === 1;
    const fits = formatType(addend.type) === formatType((convolution.outputs[0] as Value).type);
    return isFree && fits ? [{ convolution, addend }] : [];
  });
  const [host] = hosts.sort((a, b) => b.convolution.id - a.convolution.id);
  if (!host) return undefined;
  const [x = null, weight = null, bias = null] = host.convolution.inputs;
  return rebuilt(host.convolution, [x, weight, bias, host.addend]);
}

function withRelu(node: Node, inputs: Inputs, reads: Reads): readonly Value[] | undefined {
  const convolution = openConvolution(node.inputs[0], inputs[0], reads);
  return (
    convolution && rebuilt(convolution, convolution.inputs, { ...convolution.attributes, activation: 'Relu' })
  );
}

const fusions: Readonly<Record<string, typeof withAddend>> = { Add: withAddend, Relu: withRelu };

/** Additions and rectifications of blocked convolutions, as part of these. */
export const fuseConvolution: Pass = (graph) => {
  const reads = readCounts(graph);
  return rewrite(graph, (node, inputs) => fusions[qualifiedName(node)]?.(node, inputs, reads));
};
