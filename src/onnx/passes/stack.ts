/**
 * Computes many nodes of one form as one. A training step of a supernet holds tens of thousands of nodes over
 * vectors of a few channels (statistics, optimizers, the order of filters), and onnxruntime spends some microseconds
 * on a node whatever its size; a GPU spends as much on one over images. Nodes with the same operator, attributes and
 * shapes at the same depth cannot depend on one another: they become one node over stacked operands
 * (`stacking-rules.ts`, `image-stacking-rules.ts`). Stacked results go from node to node; only what reads a single entry
 * gets it from a Split.
 */

import { type Builder, createBuilder } from '../build.ts';
import { elementCount, type Graph, graphNodes, type Node, type Value } from '../ir.ts';
import { attributesKey, smallConstantKey } from '../keys.ts';
import { formatType, qualifiedName } from '../operators.ts';
import { imageStackingOf, outerAfter } from './image-stacking-rules.ts';
import { type Pass, rebuilt } from './rewrite.ts';
import { stackingOf } from './stacking-rules.ts';
import { join, type Operand, reshaped, run, type Stack, type Stacking, shapeOf, unstack } from './stacks.ts';

/** Elements up to which a tensor is small: a matrix of 64 images by 64 channels. */
const smallSize = 4096;

/** Elements of a stack of images, at most: WebGPU promises 128 MiB in one binding. */
const largestStack = 2 ** 25;

/** Operands that a GPU joins at a time. */
const joinedAtOnce = 7;

/** Nodes that become one, in the order of the program. */
type Group = readonly Node[];

/** Whether a tensor is so small that its nodes, not its memory, are what it costs. An open dimension is not. */
const isKnown = ({ type }: Value): boolean => type.shape.every((size) => typeof size === 'number');

const isSmall = (value: Value): boolean => isKnown(value) && elementCount(value.type) <= smallSize;

const isConstant = (value: Value | null): boolean => value?.source.kind === 'constant';

/** How each node could be stacked: over images where it reads such and `images` says so, else if all of it is small. */
function stackingsOf(nodes: readonly Node[], images: boolean): ReadonlyMap<Node, Stacking> {
  const outers = new Map<Value, number>();
  const stackings = new Map<Node, Stacking>();
  for (const node of nodes) {
    const tensors = [...node.inputs.filter((value) => !isConstant(value)), ...node.outputs];
    const known = tensors.every((value) => value && isKnown(value));
    const ofImages = images && known ? imageStackingOf(node, outers) : undefined;
    const ofSmall = known && tensors.every((value) => isSmall(value as Value)) ? stackingOf(node) : undefined;
    const stacking = ofImages ?? ofSmall;
    if (stacking) stackings.set(node, stacking);
    if (!images) continue;
    const outer = outerAfter(node, stacking, outers);
    if (outer > 1) for (const value of node.outputs) outers.set(value, outer);
  }
  return stackings;
}

/** Operator, attributes and shapes: what nodes of one group have in common. Undefined for a node that stays alone. */
function formOf(node: Node, stacking: Stacking | undefined): string | undefined {
  if (!stacking) return undefined;
  const operands = node.inputs.map((value) => {
    if (value?.source.kind !== 'constant') return value ? formatType(value.type) : '_';
    return smallConstantKey(value.source.data, value.type);
  });
  if (operands.includes(undefined) || operands.every((_, index) => isConstant(node.inputs[index] ?? null))) {
    return undefined;
  }
  const { outer, operands: outers } = stacking;
  return [qualifiedName(node), attributesKey(node.attributes), outer, ...outers, ...operands].join('|');
}

/** As many nodes as may be one, for the largest of their tensors; of small ones any number. */
function largestGroup(node: Node, { outer, operands }: Stacking): number {
  if (outer === 1 && operands.every((each) => each === 1)) return Number.POSITIVE_INFINITY;
  const sizes = [...node.inputs, ...node.outputs].map((value) => (value ? elementCount(value.type) : 0));
  return Math.floor(largestStack / Math.max(1, ...sizes));
}

/**
 * Nodes of one form at one depth: with as many nodes that could be stacked on the longest way to them. On the way from
 * one such node to another the depth grows, so none of a group depends on another, nor groups on one another in turn.
 */
function groupsOf(nodes: readonly Node[], stackings: ReadonlyMap<Node, Stacking>): ReadonlyMap<Node, Group> {
  const depth = new Map<Node, number>();
  const alike = new Map<string, Node[]>();
  for (const node of nodes) {
    const form = formOf(node, stackings.get(node));
    const before = node.inputs.map((v) => (v?.source.kind === 'node' ? (depth.get(v.source.node) ?? 0) : 0));
    const own = Math.max(0, ...before) + Number(form !== undefined);
    depth.set(node, own);
    if (form === undefined) continue;
    const key = `${own}|${form}`;
    const known = alike.get(key);
    if (known) known.push(node);
    else alike.set(key, [node]);
  }
  const groups = [...alike.values()].flatMap((group) => {
    const [head] = group as [Node];
    const most = largestGroup(head, stackings.get(head) as Stacking);
    if (group.length <= most) return [group];
    return Array.from({ length: Math.ceil(group.length / Math.max(1, most)) }, (_, i) =>
      group.slice(i * Math.max(1, most), (i + 1) * Math.max(1, most)),
    );
  });
  return new Map(
    groups.filter(({ length }) => length > 1).flatMap((group) => group.map((node) => [node, group] as const)),
  );
}

/** A value of the graph before as part of a stacked one: its entry. */
interface Entry {
  readonly whole: Stack;
  readonly index: number;
}

/** Neighbouring entries of a stack, or a value by itself. */
type Piece = { readonly whole: Stack; readonly begin: number; readonly end: number } | Value;

const isRun = (piece: Piece): piece is Exclude<Piece, Value> => 'whole' in piece;

/** One value for all, or constants, which are alike. */
const isShared = (values: readonly Value[]): boolean =>
  values.every((value) => isConstant(value) || value === values[0]);

const isComplete = (piece: Piece): boolean => isRun(piece) && piece.end - piece.begin === piece.whole.count;

/** The graph as it is built anew. */
class Stacker {
  private readonly single = new Map<Value, Value>();
  private readonly entries = new Map<Value, Entry>();
  private readonly parts = new Map<Stack, readonly Value[]>();
  private readonly assembled = new Map<string, Stack>();
  private readonly numbers = new Map<Value | Stack, number>();
  private readonly stackings: ReadonlyMap<Node, Stacking>;
  private scope = '';
  private readonly build: Builder = createBuilder(() => this.scope);

  constructor(stackings: ReadonlyMap<Node, Stacking>) {
    this.stackings = stackings;
  }

  /** The value by itself. */
  value(before: Value): Value {
    const entry = this.entries.get(before);
    if (!entry) return this.single.get(before) ?? before;
    return this.entry(entry.whole, entry.index);
  }

  private entry(whole: Stack, index: number): Value {
    const parts = this.parts.get(whole) ?? unstack(this.build, whole);
    this.parts.set(whole, parts);
    return parts[index] as Value;
  }

  copy(node: Node): void {
    const inputs = node.inputs.map((value) => value && this.value(value));
    const outputs = rebuilt(node, inputs);
    node.outputs.forEach((value, index) => {
      this.single.set(value, outputs[index] as Value);
    });
  }

  stack(group: Group): void {
    const [head] = group as [Node];
    const stacking = this.stackings.get(head);
    if (!stacking) throw new Error(`${head.op} has no stacking rule`);
    this.scope = head.scope;
    if (this.columnsOf(group).every(isShared)) {
      this.copy(head);
      const [result] = head.outputs as [Value];
      for (const { outputs } of group) this.single.set(outputs[0] as Value, this.value(result));
      return;
    }
    const isSmall = stacking.outer === 1 && stacking.operands.every((outer) => outer === 1);
    if (isSmall) {
      const { order } = this.cheapest(group, stacking, (values) => this.smallCost(values));
      this.emit(order, stacking, (values) => this.operand(values));
      return;
    }
    const { order, cost } = this.cheapest(group, stacking, (values, outer) => this.cost(values, outer));
    if (1 + cost <= group.length) this.emit(order, stacking, (values, outer) => this.assembly(values, outer));
    else for (const node of group) this.copy(node);
  }

  /** The node for all of a group. */
  private emit(
    group: Group,
    { outer, operands, apply }: Stacking,
    operand: (values: readonly Value[], outer: number) => Operand,
  ): void {
    const [head] = group as [Node];
    const given = this.columnsOf(group).map((values, index) => operand(values, operands[index] as number));
    const value = apply(this.build, given, group.length);
    const whole: Stack = { value, outer, count: group.length, shape: shapeOf(head.outputs[0] as Value) };
    group.forEach((node, index) => {
      this.entries.set(node.outputs[0] as Value, { whole, index });
    });
  }

  /** The first operands of a group's nodes, their second ones, … */
  private columnsOf(group: Group): (readonly Value[])[] {
    const [head] = group as [Node];
    return head.inputs.map((_, index) => group.map((node) => this.current(node.inputs[index] as Value)));
  }

  /** The order of a group that takes the fewest nodes for its operands: the program's, or that of one operand's stacks. */
  private cheapest(
    group: Group,
    { operands }: Stacking,
    costOf: (values: readonly Value[], outer: number) => number,
  ): { order: Group; cost: number } {
    const place = (value: Value): number => {
      const entry = this.entries.get(value);
      return entry ? this.numberOf(entry.whole) * 2 ** 20 + entry.index : this.numberOf(value) * 2 ** 20;
    };
    const places = this.columnsOf(group).map((values) => values.map(place));
    const orders = [
      group,
      ...places.map((keys) => {
        const key = new Map(group.map((node, index) => [node, keys[index] as number]));
        return [...group].sort((a, b) => (key.get(a) as number) - (key.get(b) as number));
      }),
    ].map((order) => ({
      order,
      cost: this.columnsOf(order).reduce((sum, values, i) => sum + costOf(values, operands[i] as number), 0),
    }));
    return orders.reduce((best, other) => (other.cost < best.cost ? other : best));
  }

  /** What a value of the graph before is now; entries of stacks go by the names that they had. */
  private current(before: Value): Value {
    return this.single.get(before) ?? before;
  }

  /** Values as the longest runs of entries that lie next to each other in stacks within so many `outer`. */
  private pieces(values: readonly Value[], outer: number): Piece[] {
    const pieces: Piece[] = [];
    for (const value of values) {
      const entry = this.entries.get(value);
      const last = pieces.at(-1);
      if (!entry || entry.whole.outer !== outer) pieces.push(value);
      else if (last && isRun(last) && last.whole === entry.whole && last.end === entry.index) {
        pieces[pieces.length - 1] = { ...last, end: last.end + 1 };
      } else pieces.push({ whole: entry.whole, begin: entry.index, end: entry.index + 1 });
    }
    return pieces;
  }

  private numberOf(subject: Value | Stack): number {
    const number = this.numbers.get(subject) ?? this.numbers.size;
    this.numbers.set(subject, number);
    return number;
  }

  private keyOf(values: readonly Value[], outer: number): string {
    return [outer, ...values.map((value) => this.numberOf(value))].join();
  }

  /** The nodes that an operand of images takes before it can be read, about. */
  private cost(values: readonly Value[], outer: number): number {
    if (isConstant(values[0] as Value) || this.assembled.has(this.keyOf(values, outer))) return 0;
    const pieces = this.pieces(values, outer);
    const isSingle = (piece: Piece): boolean => !isRun(piece) || piece.end - piece.begin === 1;
    const cut = pieces.filter((piece) => !isComplete(piece) && !isSingle(piece)).length;
    // A Split gives all of a stack's entries, to whoever reads them.
    const split = pieces.filter((piece) => !isComplete(piece) && isRun(piece) && isSingle(piece)).length;
    return cut + split / joinedAtOnce + (pieces.length > 1 ? Math.ceil(pieces.length / joinedAtOnce) : 0);
  }

  /** The same for small ones, beyond what any order takes. */
  private smallCost(values: readonly Value[]): number {
    if (isShared(values) || this.assembled.has(this.keyOf(values, 1))) return 0;
    return this.sources(values).inOrder ? 0 : 1;
  }

  /** One operand of all nodes of a group over images. */
  private assembly(values: readonly Value[], outer: number): Operand {
    const [head] = values as [Value];
    if (isConstant(head)) return { value: head, stacked: false };
    const key = this.keyOf(values, outer);
    const known = this.assembled.get(key);
    if (known) return { value: known.value, stacked: true };
    const pieces = this.pieces(values, outer).map((piece) => {
      if (!isRun(piece)) return this.value(piece);
      const { whole, begin, end } = piece;
      if (isComplete(piece)) return whole;
      return end - begin > 1 ? run(this.build, whole, begin, end) : this.entry(whole, begin);
    });
    const joined = join(this.build, pieces, shapeOf(head), outer);
    this.assembled.set(key, joined);
    return { value: joined.value, stacked: true };
  }

  /** What an operand of small nodes is taken from: the stacks that entries come from, then the others as one more. */
  private sources(values: readonly Value[]) {
    const own = (value: Value): Entry | undefined => {
      const entry = this.entries.get(value);
      return entry?.whole.outer === 1 ? entry : undefined;
    };
    const wholes = [...new Set(values.flatMap((value) => own(value)?.whole ?? []))];
    const others = [...new Set(values.filter((value) => !own(value)))];
    const begins = new Map<Stack, number>();
    let total = 0;
    for (const whole of wholes) {
      begins.set(whole, total);
      total += whole.count;
    }
    const places = new Map(others.map((value, place) => [value, total + place]));
    const positions = values.map((value) => {
      const entry = own(value);
      return entry ? (begins.get(entry.whole) as number) + entry.index : (places.get(value) as number);
    });
    const isWhole = positions.length === total + others.length;
    const inOrder = isWhole && positions.every((position, index) => position === index);
    return { wholes, others, positions, inOrder };
  }

  /** One operand of all nodes of a small group: shared, or stacked from what there is, each piece as large as possible. */
  private operand(values: readonly Value[]): Operand {
    const [head] = values as [Value];
    if (isConstant(head)) return { value: head, stacked: false };
    if (isShared(values)) return { value: this.value(head), stacked: false };
    const key = this.keyOf(values, 1);
    const shape = shapeOf(head);
    const stack = this.assembled.get(key) ?? this.gathered(values, shape);
    this.assembled.set(key, stack);
    return { value: reshaped(this.build, stack.value, [stack.count, ...shape]), stacked: true };
  }

  private gathered(values: readonly Value[], shape: readonly number[]): Stack {
    const { wholes, others, positions, inOrder } = this.sources(values);
    const all = join(this.build, [...wholes, ...others.map((value) => this.value(value))], shape, 1);
    if (inOrder) return all;
    const indices = this.build.ints(positions);
    const value = this.build.node('Gather', [all.value, indices], { axis: 0 });
    return { value, outer: 1, count: values.length, shape };
  }
}

/** The nodes that read each node. */
function readersOf(nodes: readonly Node[]): ReadonlyMap<Node, readonly Node[]> {
  const readers = new Map<Node, Node[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) {
    for (const value of new Set(node.inputs)) {
      if (value?.source.kind === 'node') readers.get(value.source.node)?.push(node);
    }
  }
  return readers;
}

/** Open dimensions count as one. */
const elements = (values: readonly (Value | null)[]): number => {
  const sizes = values.map(
    (value) => value?.type.shape.map((size) => (typeof size === 'number' ? size : 1)) ?? [0],
  );
  return sizes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
};

/** Makes much smaller what it reads, or only names it anew. */
const reduces = (node: Node): boolean =>
  node.op === 'Reshape' || 8 * elements(node.outputs) <= elements(node.inputs);

const stackNodes = (graph: Graph, images: boolean): Graph => {
  const nodes = graphNodes(graph);
  const stackings = stackingsOf(nodes, images);
  const groups = groupsOf(nodes, stackings);
  const readers = readersOf(nodes);
  const stacker = new Stacker(stackings);
  const done = new Set<Node>();

  const isReady = (node: Node): boolean =>
    node.inputs.every((value) => value?.source.kind !== 'node' || done.has(value.source.node));

  /** What a group still waits for, the last operand first. */
  const missingFor = (members: Group): Node[] => {
    const missing: Node[] = [];
    for (const { inputs } of members) {
      for (const value of inputs) {
        if (value?.source.kind === 'node' && !done.has(value.source.node)) missing.push(value.source.node);
      }
    }
    return missing.reverse();
  };

  const emit = (members: Group): void => {
    for (const member of members) done.add(member);
    if (members.length > 1) {
      stacker.stack(members);
      return;
    }
    const [node] = members as [Node];
    stacker.copy(node);
    // What reduces a large tensor follows at once, while the cache still holds it.
    for (const reader of readers.get(node) ?? []) {
      if (!groups.has(reader) && !done.has(reader) && reduces(reader) && isReady(reader)) emit([reader]);
    }
  };

  // In the order of the program, but what a group needs comes before the first of its nodes.
  for (const root of nodes) {
    const pending: Node[] = [root];
    for (let node = pending.at(-1); node; node = pending.at(-1)) {
      const members = groups.get(node) ?? [node];
      const missing = done.has(node) ? [] : missingFor(members);
      if (missing.length > 0) {
        for (const other of missing) pending.push(other);
        continue;
      }
      pending.pop();
      if (!done.has(node)) emit(members);
    }
  }
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: stacker.value(value) }));
  const stacked: Graph = { ...graph, outputs };
  return graphNodes(stacked).length < nodes.length ? stacked : graph;
};

/** Small nodes of one form as one. */
export const stackSmall: Pass = (graph) => stackNodes(graph, false);

/** The same, and nodes over images. */
export const stackImages: Pass = (graph) => stackNodes(graph, true);
