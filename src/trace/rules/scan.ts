/** Running sums and products, and the largest elements: what goes along one axis without reducing it. */
import type { Value } from '../../onnx/ir.ts';
import { castValue, numbersOf, scalar } from '../dtypes.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { viewAlong } from '../view.ts';

interface ScanAttributes {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

function runningSum(lower: Lowering, given: Traced, attributes: ScanAttributes): Traced {
  const x = numbersOf(lower, given);
  const { value, position, finish } = viewAlong(lower, x, attributes.axis);
  const sums = lower.graph.node('CumSum', [value, lower.graph.int(position)], {
    exclusive: Number(attributes.exclusive),
    reverse: Number(attributes.reverse),
  });
  return finish(sums, x.shape);
}

/** ONNX has no running product: one multiplication an element of the axis. */
function runningProduct(
  lower: Lowering,
  given: Traced,
  { axis: along, exclusive, reverse }: ScanAttributes,
): Traced {
  const { graph } = lower;
  const x = numbersOf(lower, given);
  const { value, position: axis, finish } = viewAlong(lower, x, along);
  const size = value.type.shape[axis] as number;
  const parts = graph.nodes('Split', [value, graph.ints(Array<number>(size).fill(1))], { axis }, size);
  const inOrder = reverse ? parts.toReversed() : parts;
  const [first] = inOrder as [Value];
  const one = graph.node('Expand', [scalar(lower, 1, x.dtype), graph.ints(first.type.shape as number[])]);
  const products: Value[] = [exclusive ? one : first];
  for (const part of exclusive ? inOrder.slice(0, -1) : inOrder.slice(1)) {
    products.push(graph.node('Mul', [products[products.length - 1] as Value, part]));
  }
  return finish(graph.node('Concat', reverse ? products.toReversed() : products, { axis }), x.shape);
}

/** The k largest along the last axis with their positions; of equal ones the first. */
function largest(lower: Lowering, x: Traced, k: number): Traced[] {
  const shape = x.shape.with(-1, k);
  const inputs = [lower.as(x, 'plain'), lower.graph.ints([k])];
  // tfjs leaves the order open unless asked to sort; sorted is one of the orders.
  const [values, positions] = lower.graph.nodes('TopK', inputs, { axis: -1, largest: 1, sorted: 1 }, 2) as [
    Value,
    Value,
  ];
  return [
    lower.traced(values, 'plain', shape, x.dtype),
    lower.traced(castValue(lower, positions, 'int32'), 'plain', shape, 'int32'),
  ];
}

export const scan = {
  Cumprod: (lower, { x }, attributes) => runningProduct(lower, x, attributes),
  Cumsum: (lower, { x }, attributes) => runningSum(lower, x, attributes),
  TopK: (lower, { x }, { k }) => largest(lower, x, k),
} satisfies Partial<Rules>;
