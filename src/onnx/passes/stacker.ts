/** The graph with groups of nodes as one node each, as it is built: what became of each value, and what operands are made of. */

import { type Builder, createBuilder } from '../build.ts';
import type { Node, Value } from '../ir.ts';
import { isConstant } from './constants.ts';
import { rebuilt } from './rewrite.ts';
import {
  gather,
  join,
  type Operand,
  pick,
  reshaped,
  runLength,
  type Stack,
  type Stacking,
  shapeOf,
  unstack,
} from './stacks.ts';

/** Nodes that become one, in the order of the program. */
export type Group = readonly Node[];

/** Operands that a GPU joins at a time. */
const joinedAtOnce = 7;

/** A value of the graph before as part of a stacked one: its entry. */
interface Entry {
  readonly whole: Stack;
  readonly index: number;
}

/** Entries of one stack, in this order, or a value by itself. */
type Piece = { readonly whole: Stack; readonly indices: readonly number[] } | Value;

const isOfStack = (piece: Piece): piece is Exclude<Piece, Value> => 'whole' in piece;

/** One value for all, or constants, which are alike. */
const isShared = (values: readonly Value[]): boolean =>
  values.every((value) => isConstant(value) || value === values[0]);

/** Whether it is a whole stack as it lies. */
const isComplete = (piece: Piece): boolean =>
  isOfStack(piece) &&
  piece.indices.length === piece.whole.count &&
  piece.indices.every((entry, place) => entry === place);

const isSingle = (piece: Piece): boolean => !isOfStack(piece) || piece.indices.length === 1;

export class Stacker {
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
    const value = apply(this.build, given, group.length, head);
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
    const priced = (order: Group): { order: Group; cost: number } => ({
      order,
      cost: this.columnsOf(order).reduce((sum, values, i) => sum + costOf(values, operands[i] as number), 0),
    });
    let best = priced(group);
    for (const values of this.columnsOf(group)) {
      if (best.cost === 0) break;
      const places = new Map(group.map((node, index) => [node, place(values[index] as Value)]));
      const order = [...group].sort((a, b) => (places.get(a) as number) - (places.get(b) as number));
      const other = priced(order);
      if (other.cost < best.cost) best = other;
    }
    return best;
  }

  /** What a value of the graph before is now; entries of stacks go by the names that they had. */
  private current(before: Value): Value {
    return this.single.get(before) ?? before;
  }

  /** Values as parts of stacks within so many `outer`: many of one stack in any order, few where they lie next to each other. */
  private pieces(values: readonly Value[], outer: number): Piece[] {
    const pieces: Piece[] = [];
    const next = (place: number): Entry | undefined => {
      const entry = this.entries.get(values[place] as Value);
      return entry?.whole.outer === outer ? entry : undefined;
    };
    for (let place = 0; place < values.length; ) {
      const entry = next(place);
      if (!entry) {
        pieces.push(values[place++] as Value);
        continue;
      }
      const indices: number[] = [];
      for (let at = next(place); at?.whole === entry.whole; at = next(place + indices.length))
        indices.push(at.index);
      const isMany = indices.length >= joinedAtOnce || indices.length === values.length;
      const length = isMany ? indices.length : runLength(indices);
      pieces.push({ whole: entry.whole, indices: indices.slice(0, length) });
      place += length;
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
    const cut = pieces.filter((piece) => !isComplete(piece) && !isSingle(piece)).length;
    // A Split gives all of a stack's entries, to whoever reads them.
    const split = pieces.filter((piece) => !isComplete(piece) && isOfStack(piece) && isSingle(piece)).length;
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
      if (!isOfStack(piece)) return this.value(piece);
      const { whole, indices } = piece;
      if (isComplete(piece)) return whole;
      return isSingle(piece) ? this.entry(whole, indices[0] as number) : pick(this.build, whole, indices);
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
    return inOrder ? all : gather(this.build, all, positions);
  }
}
