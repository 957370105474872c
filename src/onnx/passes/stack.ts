/**
 * Computes many small nodes of one form as one. A training step of a supernet holds tens of thousands of nodes over
 * vectors of a few channels (statistics, optimizers, the order of filters), and onnxruntime spends some microseconds
 * on a node whatever its size. Nodes with the same operator, attributes and shapes at the same depth cannot depend on
 * one another: they become one node over stacked operands (`stacking-rules.ts`). Stacked results go from
 * node to node; only what reads a single entry gets it from a Split.
 */

import { type Builder, createBuilder } from '../build.ts';
import { elementCount, type Graph, graphNodes, type Node, type Value } from '../ir.ts';
import { attributesKey, smallConstantKey } from '../keys.ts';
import { formatType, qualifiedName } from '../operators.ts';
import { type Pass, rebuilt } from './rewrite.ts';
import { type Operand, stack, stackingRule, unstack } from './stacking-rules.ts';

/** Elements up to which a tensor is small: a matrix of 64 images by 64 channels. */
const smallSize = 4096;

/** Nodes that become one, in the order of the program. */
type Group = readonly Node[];

/** Whether a tensor is so small that its nodes, not its memory, are what it costs. An open dimension is not. */
const isSmall = ({ type }: Value): boolean =>
  type.shape.every((size) => typeof size === 'number') && elementCount(type) <= smallSize;

const isConstant = (value: Value | null): boolean => value?.source.kind === 'constant';

/** Operator, attributes and shapes: what nodes of one group have in common. Undefined for a node that stays alone. */
function formOf(node: Node): string | undefined {
  const tensors = [...node.inputs.filter((value) => !isConstant(value)), ...node.outputs];
  if (!tensors.every((value) => value && isSmall(value)) || !stackingRule(node)) return undefined;
  const operands = node.inputs.map((value) => {
    if (value?.source.kind !== 'constant') return value ? formatType(value.type) : '_';
    return smallConstantKey(value.source.data, value.type);
  });
  if (operands.includes(undefined) || operands.every((_, index) => isConstant(node.inputs[index] ?? null))) {
    return undefined;
  }
  return [qualifiedName(node), attributesKey(node.attributes), ...operands].join('|');
}

/**
 * Nodes of one form at one depth: with as many nodes that could be stacked on the longest way to them. On the way from
 * one such node to another the depth grows, so none of a group depends on another, nor groups on one another in turn.
 */
function groupsOf(nodes: readonly Node[]): ReadonlyMap<Node, Group> {
  const depth = new Map<Node, number>();
  const alike = new Map<string, Node[]>();
  for (const node of nodes) {
    const form = formOf(node);
    const before = node.inputs.map((v) => (v?.source.kind === 'node' ? (depth.get(v.source.node) ?? 0) : 0));
    const own = Math.max(0, ...before) + Number(form !== undefined);
    depth.set(node, own);
    if (form === undefined) continue;
    const key = `${own}|${form}`;
    const known = alike.get(key);
    if (known) known.push(node);
    else alike.set(key, [node]);
  }
  const groups = [...alike.values()].filter(({ length }) => length > 1);
  return new Map(groups.flatMap((group) => group.map((node) => [node, group] as const)));
}

/** A value of the graph before as part of a stacked one: its entry. */
interface Entry {
  readonly whole: Value;
  readonly index: number;
}

/** The graph as it is built anew. */
class Stacker {
  private readonly single = new Map<Value, Value>();
  private readonly entries = new Map<Value, Entry>();
  private readonly parts = new Map<Value, readonly Value[]>();
  private scope = '';
  private readonly build: Builder = createBuilder(() => this.scope);

  /** The value by itself. */
  value(before: Value): Value {
    const entry = this.entries.get(before);
    if (!entry) return this.single.get(before) ?? before;
    const parts = this.parts.get(entry.whole) ?? unstack(this.build, entry.whole);
    this.parts.set(entry.whole, parts);
    return parts[entry.index] as Value;
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
    this.scope = head.scope;
    const operands = head.inputs.map((_, index) =>
      this.operand(group.map((node) => node.inputs[index] as Value)),
    );
    const rule = stackingRule(head);
    if (!rule) throw new Error(`${head.op} has no stacking rule`);
    const isShared = operands.every(({ stacked }) => !stacked);
    if (isShared) this.copy(head);
    const whole = isShared ? undefined : rule(this.build, head, operands, group.length);
    group.forEach((node, index) => {
      const [output] = node.outputs as [Value];
      if (whole) this.entries.set(output, { whole, index });
      else this.single.set(output, this.value(head.outputs[0] as Value));
    });
  }

  /** One operand of all nodes of a group: shared, or stacked from what there is, each piece as large as possible. */
  private operand(before: readonly Value[]): Operand {
    const values = before.map((value) => this.single.get(value) ?? value);
    const [head] = values as [Value];
    if (isConstant(head)) return { value: head, stacked: false };
    if (values.every((value) => value === head)) return { value: this.value(head), stacked: false };
    // The stacked values that entries come from, then the others as a stack of their own.
    const wholes = [...new Set(values.flatMap((value) => this.entries.get(value)?.whole ?? []))];
    const others = [...new Set(values.filter((value) => !this.entries.has(value)))];
    const loose =
      others.length > 0
        ? [
            stack(
              this.build,
              others.map((value) => this.value(value)),
            ),
          ]
        : [];
    const places = new Map(others.map((value, place) => [value, place]));
    const pieces = [...wholes, ...loose];
    const begins = new Map<Value, number>();
    let total = 0;
    for (const piece of pieces) {
      begins.set(piece, total);
      total += piece.type.shape[0] as number;
    }
    const all = pieces.length > 1 ? this.build.node('Concat', pieces, { axis: 0 }) : (pieces[0] as Value);
    const positions = values.map((value) => {
      const { whole, index } = this.entries.get(value) ?? {
        whole: loose[0] as Value,
        index: places.get(value) ?? 0,
      };
      return (begins.get(whole) ?? 0) + index;
    });
    const inOrder = positions.length === total && positions.every((position, index) => position === index);
    const value = inOrder ? all : this.build.node('Gather', [all, this.build.ints(positions)], { axis: 0 });
    return { value, stacked: true };
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

/** Small nodes of one form as one. */
export const stackSmall: Pass = (graph: Graph) => {
  const nodes = graphNodes(graph);
  const groups = groupsOf(nodes);
  const readers = readersOf(nodes);
  const stacker = new Stacker();
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
