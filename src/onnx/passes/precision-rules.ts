/** Which nodes compute in float16 in mixed precision (`half-precision.ts`), and which keep to float32. */
import { halfMax } from '../../half.ts';
import { elementCount, type Node, producerOf, type Value } from '../ir.ts';
import { type Inputs, qualifiedName } from '../operators.ts';

export type Precision = 'float32' | 'float16';

/** How an operator takes part: a product, what may lie between two of them, or what computes nothing. */
type Part = 'product' | 'between' | 'move';

const operators: Readonly<Record<Part, string>> = {
  product: 'Conv ConvTranspose MatMul Gemm com.microsoft.FusedMatMul',
  between:
    'Add Sub Mul Neg Abs Relu LeakyRelu HardSigmoid Max Min Equal Greater GreaterOrEqual Less LessOrEqual Where ' +
    'MaxPool AveragePool Cast',
  move: 'Reshape Transpose Split Slice Concat Expand Pad Gather',
};

const parts = new Map(
  (Object.keys(operators) as Part[]).flatMap((part) =>
    operators[part].split(' ').map((name) => [name, part] as const),
  ),
);

/** undefined for what computes in float32. */
export const partOf = (node: Node): Part | undefined => parts.get(qualifiedName(node));

/** The nodes that compute in float16, or may: something that computes in float16 reads them. */
export function wantedInHalf(nodes: readonly Node[]): ReadonlySet<Node> {
  const wanted = new Set<Node>();
  for (const node of nodes.toReversed()) {
    if (partOf(node) === 'product') wanted.add(node);
    // The mean of an image is computed in float32, but what it averages loses nothing by being float16.
    if (!wanted.has(node) && node.op !== 'GlobalAveragePool') continue;
    for (const input of node.inputs) {
      const producer = producerOf(input);
      if (producer && partOf(producer)) wanted.add(producer);
    }
  }
  return wanted;
}

/** Truth values become numbers of the precision that is wanted of them. */
export const isMask = ({ op, inputs }: Node): boolean => op === 'Cast' && inputs[0]?.type.dtype === 'bool';

/** What is zero up to 0 and one above it, by so steep a slope as float16 does not have. */
export const isStep = ({ op, attributes }: Node): boolean => {
  const { alpha } = attributes;
  return op === 'HardSigmoid' && typeof alpha === 'object' && 'float' in alpha && alpha.float > halfMax;
};

/** Whether a value is no constant that float16 would turn into zero or infinity. */
const fitsHalf = (value: Value | null): boolean => {
  if (value?.source.kind !== 'constant' || value.type.dtype !== 'float32') return true;
  return (value.source.data as Float32Array).every((x) => {
    const size = Math.abs(x);
    return x === 0 || size === Number.POSITIVE_INFINITY || (size >= 2 ** -24 && size <= halfMax);
  });
};

const isHalf = (value: Value | null): boolean => value?.type.dtype === 'float16';
const isFloat = (value: Value | null): boolean => value?.type.dtype === 'float32' || isHalf(value);

/** Whether all operands that are as large as the result are float16; those that the node would have to cast are small. */
function hasHalfOperands({ outputs }: Node, inputs: Inputs): boolean {
  const size = Math.max(...outputs.map(({ type }) => elementCount(type)));
  const full = inputs.filter(
    (value) =>
      value && isFloat(value) && value.source.kind !== 'constant' && elementCount(value.type) >= size,
  );
  return full.length > 0 && full.every(isHalf);
}

type Rule = (node: Node, inputs: Inputs, wanted: boolean) => boolean;

/** When a node computes in float16. */
const rules: Readonly<Record<Part, Rule>> = {
  product: () => true,
  between: (node, inputs, wanted) =>
    wanted && (node.op === 'Cast' ? isMask(node) : inputs.every(fitsHalf) && hasHalfOperands(node, inputs)),
  // What spreads a small value is as cheap to cast before as it is dear afterwards.
  move: ({ op }, inputs, wanted) =>
    (op === 'Expand' && wanted) || (op === 'Concat' ? inputs : inputs.slice(0, 1)).every(isHalf),
};

/**
 * The precision that a node computes in.
 *
 * @param inputs what it reads, each in its own precision
 */
export function precisionOf(node: Node, inputs: Inputs, wanted: ReadonlySet<Node>): Precision {
  const part = partOf(node);
  return part && rules[part](node, inputs, wanted.has(node)) ? 'float16' : 'float32';
}
