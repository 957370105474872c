/**
 * Computes many nodes of one form as one. A training step of a supernet holds tens of thousands of nodes over
 * vectors of a few channels (statistics, optimizers, the order of filters), and onnxruntime spends some microseconds
 * on a node whatever its size; a GPU spends as much on one over images. Nodes with the same operator, attributes and
 * shapes at the same depth cannot depend on one another: they become one node over stacked operands
 * (`stacking-rules.ts`, `image-stacking-rules.ts`). Stacked results go from node to node; only what reads a single entry
 * gets it from a Split.
 */

import { remembered } from '../../remembered.ts';
import { elementCount, type Graph, graphNodes, type Node, type Value } from '../ir.ts';
import { attributesKey, smallConstantKey } from '../keys.ts';
import { formatType, qualifiedName } from '../operators.ts';
import { isConstant } from './constants.ts';
import { imageStackingOf, outerAfter } from './image-stacking-rules.ts';
import type { Pass } from './rewrite.ts';
import { type Group, Stacker } from './stacker.ts';
import { stackingOf } from './stacking-rules.ts';
import type { Stacking } from './stacks.ts';

/** Elements up to which a tensor is small: a matrix of 64 images by 64 channels. */
const smallSize = 4096;

/** Elements of a stack of images, at most: WebGPU promises 128 MiB in one binding. */
const largestStack = 2 ** 25;

/** Whether no dimension is open, or 0: with that Reshape means that of its operand. */
const isKnown = ({ type }: Value): boolean =>
  type.shape.every((size) => typeof size === 'number' && size > 0);

/** Whether a tensor is so small that its nodes, not its memory, are what it costs. */
const isSmall = (value: Value): boolean => isKnown(value) && elementCount(value.type) <= smallSize;

/** How each node could be stacked: over images where it reads such and `images` says so, else if all of it is small. */
function stackingsOf(nodes: readonly Node[], images: boolean): ReadonlyMap<Node, Stacking> {
  const outers = new Map<Value, number>();
  const stackings = new Map<Node, Stacking>();
  for (const node of nodes) {
    const all = (holds: (value: Value) => boolean): boolean =>
      node.inputs.every((value) => isConstant(value) || (value !== null && holds(value))) &&
      node.outputs.every(holds);
    const ofImages = images && all(isKnown) ? imageStackingOf(node, outers) : undefined;
    const ofSmall = all(isSmall) ? stackingOf(node) : undefined;
    const stacking = ofImages ?? ofSmall;
    if (stacking) stackings.set(node, stacking);
    if (!images) continue;
    const outer = outerAfter(node, stacking, outers);
    if (outer > 1) for (const value of node.outputs) outers.set(value, outer);
  }
  return stackings;
}

/** A constant that is small enough to be compared; undefined for others. */
const constantForm = remembered(({ source, type }: Value): string | undefined =>
  source.kind === 'constant' ? smallConstantKey(source.data, type) : undefined,
);

/** What operands of one group have in common. */
const operandForm = (value: Value): string | undefined =>
  value.source.kind === 'constant' ? constantForm(value) : formatType(value.type);

/** Operator, attributes and shapes: what nodes of one group have in common. Undefined for a node that stays alone. */
function formOf(node: Node, stacking: Stacking | undefined): string | undefined {
  if (!stacking || node.inputs.every((value) => isConstant(value))) return undefined;
  let form = `${qualifiedName(node)}|${attributesKey(node.attributes)}|${stacking.outer}`;
  for (const [index, value] of node.inputs.entries()) {
    const operand = value ? operandForm(value) : '_';
    if (operand === undefined) return undefined;
    form += `|${stacking.operands[index]}:${operand}`;
  }
  return form;
}

/** As many nodes as may be one, for the largest of their tensors; of small ones any number. */
function largestGroup(node: Node, { outer, operands }: Stacking): number {
  if (outer === 1 && operands.every((each) => each === 1)) return Number.POSITIVE_INFINITY;
  const sizes = [...node.inputs, ...node.outputs].map((value) => (value ? elementCount(value.type) : 0));
  return Math.max(1, Math.floor(largestStack / Math.max(...sizes)));
}

/**
 * Nodes of one form at one depth: with as many nodes that could be stacked on the longest way to them. On the way from
 * one such node to another the depth grows, so none of a group depends on another, nor groups on one another in turn.
 */
function groupsOf(nodes: readonly Node[], stackings: ReadonlyMap<Node, Stacking>): ReadonlyMap<Node, Group> {
  const depth = new Map<Node, number>();
  /** By form and depth. */
  const alike = new Map<string, Map<number, Node[]>>();
  for (const node of nodes) {
    const form = formOf(node, stackings.get(node));
    let own = 0;
    for (const value of node.inputs) {
      if (value?.source.kind === 'node') own = Math.max(own, depth.get(value.source.node) ?? 0);
    }
    if (form !== undefined) own++;
    depth.set(node, own);
    if (form === undefined) continue;
    const levels = alike.get(form) ?? new Map<number, Node[]>();
    alike.set(form, levels);
    const group = levels.get(own);
    if (group) group.push(node);
    else levels.set(own, [node]);
  }
  const groups = [...alike.values()]
    .flatMap((levels) => [...levels.values()])
    .flatMap((group) => {
      const [head] = group as [Node];
      const most = largestGroup(head, stackings.get(head) as Stacking);
      if (group.length <= most) return [group];
      const chunks = Math.ceil(group.length / most);
      return Array.from({ length: chunks }, (_, i) => group.slice(i * most, (i + 1) * most));
    });
  return new Map(
    groups.filter(({ length }) => length > 1).flatMap((group) => group.map((node) => [node, group] as const)),
  );
}

/** The nodes that read each node. */
function readersOf(nodes: readonly Node[]): ReadonlyMap<Node, readonly Node[]> {
  const readers = new Map<Node, Node[]>();
  for (const node of nodes) {
    for (const value of node.inputs) {
      if (value?.source.kind !== 'node') continue;
      const known = readers.get(value.source.node);
      if (!known) readers.set(value.source.node, [node]);
      // Who reads two values of a node, or one twice, is its last reader so far.
      else if (known.at(-1) !== node) known.push(node);
    }
  }
  return readers;
}

/** Open dimensions count as one. */
const elements = (values: readonly (Value | null)[]): number =>
  values.reduce((sum, value) => {
    const size = value?.type.shape.reduce<number>(
      (n, length) => n * (typeof length === 'number' ? length : 1),
      1,
    );
    return sum + (size ?? 0);
  }, 0);

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
