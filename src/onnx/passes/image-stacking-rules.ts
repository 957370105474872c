/**
 * How nodes over images become one over wide images: k images [N, C, H, W] side by side are the k·C channels of one, and
 * what treats every channel by itself treats those of all. For devices that spend more time on starting an operator than
 * on an image.
 *
 *     depthwise convolutions of k images   →  one, of k·C groups
 *     pointwise convolutions               →  a product of matrices, [k, O, I] · [N, k, I, H·W]
 *     sums over pixels, then over images   →  the same over k·C channels
 */

import type { Node, Value } from '../ir.ts';
import { type OperatorName, qualifiedName } from '../operators.ts';
import { sizeOf } from '../shapes.ts';
import { isConstant, numbersOf } from './constants.ts';
import { along, type Operand, reshaped, type Stacking, shapeOf, stackAxis, stackShape } from './stacks.ts';

/** The images of the batch that a value holds, one after the other in memory; 1 where it does not. */
export type Outers = ReadonlyMap<Value, number>;

type Shape = readonly number[];

const isScalar = (value: Value): boolean => sizeOf(shapeOf(value)) === 1;

/** Operator and attributes as they are, over a wider image; constants say how. */
const asItIs =
  (node: Node): Stacking['apply'] =>
  (graph, operands) =>
    graph.node(
      qualifiedName(node) as OperatorName,
      operands.map(({ value }) => value),
      node.attributes,
    );

/** The axes that a constant operand names, all counted from the front. */
function axesOf(node: Node, operand: number): number[] | undefined {
  const value = node.inputs[operand];
  const { length: rank } = shapeOf(node.inputs[0] as Value);
  return numbersOf(value)?.map((axis) => (axis < 0 ? axis + rank : axis));
}

type Rule = (node: Node, outers: Outers) => Stacking | undefined;

const outerOf = (outers: Outers, value: Value | null | undefined): number =>
  (value && outers.get(value)) || 1;

/** What leaves batch and channels alone; operands after the first are constants. */
const unary: Rule = (node, outers) => {
  const [x, ...settings] = node.inputs as [Value];
  const outer = outerOf(outers, x);
  const fits = shapeOf(x)[0] === outer && settings.every((value) => !value || isConstant(value));
  return fits ? { outer, operands: node.inputs.map(() => outer), apply: asItIs(node) } : undefined;
};

/** Pads and slices of rows and columns only. */
const ofPixels: Rule = (node, outers) => {
  const [x, y] = [node.inputs[0], node.outputs[0]] as [Value, Value];
  const [[n, c], [m, d]] = [shapeOf(x), shapeOf(y)] as [Shape, Shape];
  const axes = node.op === 'Slice' ? axesOf(node, 3) : [2];
  return n === m && c === d && axes?.every((axis) => axis >= 2) ? unary(node, outers) : undefined;
};

const elementwise: Rule = (node, outers) => {
  const shape = shapeOf(node.outputs[0] as Value);
  const [outer] = shape as [number];
  const operands = node.inputs.map((value) => {
    if (!value) return undefined;
    if (isConstant(value)) return isScalar(value) ? 1 : undefined;
    const own = shapeOf(value);
    if (own.length !== shape.length || own[1] !== shape[1]) return undefined;
    if (own[0] === outer && outerOf(outers, value) === outer) return outer;
    return own[0] === 1 ? 1 : undefined;
  });
  const known = operands.filter((each) => each !== undefined);
  if (shape.length < 2 || known.length < operands.length || !known.includes(outer)) return undefined;
  return {
    outer,
    operands: known,
    apply: (graph, given, count) => {
      // A stack of vectors [count, 1, C, 1, 1] lies as one of count·C channels does.
      const wide = given.map(({ value, stacked }, index) =>
        stacked && known[index] === 1
          ? reshaped(graph, value, along(shapeOf(node.inputs[index] as Value), 1, count))
          : value,
      );
      return graph.node(qualifiedName(node) as OperatorName, wide, node.attributes);
    },
  };
};

const convolution: Rule = (node, outers) => {
  const [x, filter, ...more] = node.inputs as [Value, Value];
  if (more.some((value) => value) || isConstant(filter)) return undefined;
  const [image, weights, result] = [x, filter, node.outputs[0] as Value].map(shapeOf) as [
    Shape,
    Shape,
    Shape,
  ];
  const outer = outerOf(outers, x);
  const { group = 1, pads, strides } = node.attributes;
  if (group === image[1] && group === result[1]) {
    // The filter is one for all images, or each has its own, as in gradients of filters.
    const own = image[0] === outer ? 1 : outer;
    if (own !== 1 && outerOf(outers, filter) !== outer) return undefined;
    return {
      outer,
      operands: [outer, own],
      apply: (graph, [images, filters], count) => {
        const groups = count * Number(group);
        const [n, , ...pixels] = image as [number, number, ...number[]];
        const y = graph.node(
          'Conv',
          [
            reshaped(graph, (images as Operand).value, [n, groups, ...pixels]),
            reshaped(graph, (filters as Operand).value, [groups, ...weights.slice(1)]),
          ],
          { ...node.attributes, group: groups },
        );
        return reshaped(graph, y, stackShape(result, outer, count));
      },
    };
  }
  const isPointwise =
    group === 1 &&
    [weights[2], weights[3], ...((strides as Shape) ?? [])].every((size) => size === 1) &&
    ((pads as Shape) ?? []).every((pad) => pad === 0);
  if (!isPointwise || image[0] !== outer) return undefined;
  return {
    outer,
    operands: [outer, 1],
    apply: (graph, [images, filters], count) => {
      const [n, c, h, w] = image as [number, number, number, number];
      const product = graph.node('MatMul', [
        reshaped(graph, (filters as Operand).value, [count, weights[0] as number, c]),
        reshaped(graph, (images as Operand).value, [n, count, c, h * w]),
      ]);
      return reshaped(graph, product, stackShape(result, outer, count));
    },
  };
};

const sum: Rule = (node, outers) => {
  const x = node.inputs[0] as Value;
  const shape = shapeOf(x);
  const outer = outerOf(outers, x);
  const axes = axesOf(node, 1);
  if (!axes || axes.length === 0 || axes.includes(1) || shape[0] !== outer || shape.length < 2)
    return undefined;
  const result = shapeOf(node.outputs[0] as Value);
  const left = axes.includes(0) ? 1 : outer;
  return {
    outer: left,
    operands: [outer, 1],
    apply: (graph, [images, over], count) => {
      const inputs = [(images as Operand).value, (over as Operand).value];
      return reshaped(
        graph,
        graph.node('ReduceSum', inputs, node.attributes),
        stackShape(result, left, count),
      );
    },
  };
};

/** Of each image. */
const product: Rule = (node, outers) => {
  const [a, b] = node.inputs as [Value, Value];
  const [left, right] = [shapeOf(a), shapeOf(b)];
  const outer = outerOf(outers, a);
  const fits = [left, right].every((shape) => shape.length === 3 && shape[0] === outer);
  if (!fits || outerOf(outers, b) !== outer || isConstant(a) || isConstant(b)) return undefined;
  return {
    outer,
    operands: [outer, outer],
    apply: (graph, operands, count) => {
      const apart = operands.map(({ value }, index) => {
        const [n, ...rest] = index === 0 ? left : right;
        return reshaped(graph, value, [n as number, count, ...rest]);
      });
      const each = graph.node('MatMul', apart);
      return reshaped(graph, each, stackShape(shapeOf(node.outputs[0] as Value), outer, count));
    },
  };
};

/** Of what follows the images. */
const transpose: Rule = (node, outers) => {
  const x = node.inputs[0] as Value;
  const outer = outerOf(outers, x);
  const [n, ...rest] = shapeOf(x) as [number, ...number[]];
  const [ahead, ...perm] = (node.attributes.perm ?? []) as number[];
  if (n !== outer || ahead !== 0 || perm.length === 0) return undefined;
  return {
    outer,
    operands: [outer],
    apply: (graph, [images], count) => {
      const apart = reshaped(graph, (images as Operand).value, [n, count, ...rest]);
      const turned = graph.node('Transpose', [apart], { perm: [0, 1, ...perm.map((axis) => axis + 1)] });
      return reshaped(graph, turned, stackShape(shapeOf(node.outputs[0] as Value), outer, count));
    },
  };
};

const reshape: Rule = (node, outers) => {
  const [x, target] = node.inputs as [Value, Value];
  const outer = outerOf(outers, x);
  const result = shapeOf(node.outputs[0] as Value);
  const fits = [shapeOf(x), result].every((shape) => stackAxis(shape, outer) !== undefined);
  if (!fits || !isConstant(target)) return undefined;
  return {
    outer,
    operands: [outer, 1],
    apply: (graph, [images], count) =>
      reshaped(graph, (images as Operand).value, stackShape(result, outer, count)),
  };
};

const rules: Readonly<Record<string, Rule>> = {
  Add: elementwise,
  AveragePool: unary,
  Conv: convolution,
  Div: elementwise,
  HardSigmoid: unary,
  MatMul: product,
  Max: elementwise,
  MaxPool: unary,
  Min: elementwise,
  Mul: elementwise,
  Neg: unary,
  Pad: ofPixels,
  ReduceSum: sum,
  Relu: unary,
  Reshape: reshape,
  Slice: ofPixels,
  Sub: elementwise,
  Transpose: transpose,
};

/** How nodes like this one are stacked within the images that they read; undefined where they read none, or cannot be. */
export function imageStackingOf(node: Node, outers: Outers): Stacking | undefined {
  const rule = rules[qualifiedName(node)];
  const reads = node.inputs.some((value) => outerOf(outers, value) > 1);
  return rule && reads && node.outputs.length === 1 ? rule(node, outers) : undefined;
}

/** Where images begin: convolutions and pools of a batch. */
const openers = new Set(['Conv', 'AveragePool', 'MaxPool']);

/** The images that the output of a node holds, from those of its operands. */
export function outerAfter(node: Node, stacking: Stacking | undefined, outers: Outers): number {
  if (stacking) return stacking.outer;
  const [n] = (node.outputs[0]?.type.shape ?? []) as readonly unknown[];
  const opens = openers.has(node.op) || node.inputs.some((value) => outerOf(outers, value) === n);
  return opens && typeof n === 'number' ? n : 1;
}
