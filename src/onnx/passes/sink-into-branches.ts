/**
 * Moves into the branches of Ifs what nothing else needs, so that it is computed only where the branch is taken.
 *
 * A node whose results are read through Ifs of one condition only is *inside*: it is needed only where the condition holds.
 * The inside nodes of one condition become segments: a node outside that reads (at some distance) a result of a segment
 * is one *phase* later, and so is every inside node that depends on it in turn. Nodes of one condition and phase never
 * depend on one another through something outside, so a segment can be one If. What a later segment of the same
 * condition reads (a backward pass its forward pass) leaves the If as a further result, which is empty where the
 * condition does not hold.
 *
 * Expects the Ifs that the tracer makes: `then` hands a value on, `else` needs nothing from outside.
 */

import {
  type Attribute,
  constantValue,
  createNode,
  type Graph,
  graphNodes,
  holdsGraph,
  inputValue,
  type Node,
  type Output,
  producerOf,
  type Value,
} from '../ir.ts';
import { type Pass, rebuilt } from './rewrite.ts';

/** An If of the tracer's: its condition, the value that it lets pass, and what it gives instead. */
interface Passage {
  readonly condition: Value;
  readonly value: Value;
  readonly otherwise: Value;
}

const graphOf = (attribute: Attribute | undefined): Graph | undefined =>
  holdsGraph(attribute) ? attribute.graph : undefined;

function passageOf(node: Node): Passage | undefined {
  if (node.op !== 'If' || node.domain !== '') return undefined;
  const [condition, value] = node.inputs;
  const [then, otherwise] = [graphOf(node.attributes.then_branch), graphOf(node.attributes.else_branch)];
  const given = otherwise?.outputs[0]?.value;
  const passes = then?.outputs.length === 1 && then.outputs[0]?.value === then.inputs[0];
  if (node.inputs.length !== 2 || !condition || !value || !given || !passes) return undefined;
  return { condition, value, otherwise: given };
}

/** Under which condition each node is needed; absent where always. */
function conditionsOf(graph: Graph, nodes: readonly Node[]): ReadonlyMap<Node, Value> {
  const always = Symbol('always');
  const needs = new Map<Node, Value | typeof always>();
  const need = (value: Value | null, condition: Value | typeof always): void => {
    const node = producerOf(value);
    if (!node) return;
    const known = needs.get(node);
    needs.set(node, known === undefined || known === condition ? condition : always);
  };
  for (const { value } of graph.outputs) need(value, always);
  for (const node of nodes.toReversed()) {
    const passage = passageOf(node);
    if (passage) {
      // An If within a branch is left outside: it costs next to nothing.
      needs.set(node, always);
      need(passage.condition, always);
      need(passage.value, passage.condition);
    } else {
      for (const input of node.inputs) need(input, needs.get(node) ?? always);
    }
  }
  return new Map(
    [...needs].flatMap(([node, condition]) => (condition === always ? [] : [[node, condition as Value]])),
  );
}

/** What becomes one If, or a node that stays by itself. */
interface Unit {
  readonly condition?: Value;
  readonly members: Node[];
  /** The Ifs whose values the segment computes. */
  readonly passages: Node[];
}

function unitsOf(graph: Graph, nodes: readonly Node[]): Unit[] {
  const conditions = conditionsOf(graph, nodes);
  const phases = new Map<Node, number>();
  const segments = new Map<Value, Map<number, Unit>>();
  const units: Unit[] = [];
  const segment = (condition: Value, phase: number): Unit => {
    const ofCondition = segments.get(condition) ?? new Map<number, Unit>();
    segments.set(condition, ofCondition);
    const known = ofCondition.get(phase);
    if (known) return known;
    const unit: Unit = { condition, members: [], passages: [] };
    ofCondition.set(phase, unit);
    units.push(unit);
    return unit;
  };
  for (const node of nodes) {
    const phase = Math.max(0, ...node.inputs.map((value) => phases.get(producerOf(value) as Node) ?? 0));
    const passage = passageOf(node);
    const condition = conditions.get(node);
    // What reads the result of an If is a phase later.
    phases.set(node, passage ? phase + 1 : phase);
    if (passage) segment(passage.condition, phase).passages.push(node);
    else if (condition) segment(condition, phase).members.push(node);
    else units.push({ members: [node], passages: [] });
  }
  return units;
}

/** Builds the graph anew, unit by unit. */
class Sinker {
  /** What a value of the graph before has become, outside. */
  private readonly outside = new Map<Value, Value>();

  value(before: Value): Value {
    return this.outside.get(before) ?? before;
  }

  copy(node: Node): void {
    const outputs = rebuilt(
      node,
      node.inputs.map((value) => value && this.value(value)),
    );
    node.outputs.forEach((value, index) => {
      this.outside.set(value, outputs[index] as Value);
    });
  }

  /** @param exported results that another segment reads */
  segment({ condition, members, passages }: Unit, exported: readonly Value[]): void {
    /** What is read from outside, and the branches' inputs for it. */
    const captures = new Map<Value, Value>();
    const inside = new Map<Value, Value>();
    const read = (before: Value): Value => {
      const known = inside.get(before);
      if (known || before.source.kind === 'constant') return known ?? before;
      const outside = this.value(before);
      const captured = captures.get(outside) ?? inputValue(`x${captures.size}`, outside.type);
      captures.set(outside, captured);
      return captured;
    };
    for (const node of members) {
      const outputs = rebuilt(
        node,
        node.inputs.map((value) => value && read(value)),
      );
      node.outputs.forEach((value, index) => {
        inside.set(value, outputs[index] as Value);
      });
    }
    const given = passages.map((node) => passageOf(node) as Passage);
    const results = [...given.map(({ value }) => read(value)), ...exported.map(read)];
    const otherwise = [
      ...given.map((passage) => passage.otherwise),
      ...exported.map(({ type }) => nothing(type)),
    ];
    const outputs = (values: readonly Value[]): Output[] =>
      values.map((value, index) => ({ name: `y${index}`, value }));
    const body = (name: string, values: readonly Value[]) => ({
      graph: { name, inputs: [...captures.values()], outputs: outputs(values) },
    });
    const [head] = [...passages, ...members] as [Node];
    const node = createNode(
      {
        op: 'If',
        domain: '',
        scope: head.scope,
        inputs: [this.value(condition as Value), ...captures.keys()],
        attributes: { then_branch: body('then', results), else_branch: body('else', otherwise) },
      },
      results.map(({ type }) => type),
    );
    const before = [...passages.map(({ outputs: [value] }) => value as Value), ...exported];
    before.forEach((value, index) => {
      this.outside.set(value, node.outputs[index] as Value);
    });
  }
}

/** A value that nobody looks at. */
const nothing = ({ dtype }: Value['type']): Value => {
  const data = dtype === 'bool' ? new Uint8Array(0) : new Float32Array(0);
  if (dtype !== 'bool' && dtype !== 'float32') throw new Error(`no empty value of ${dtype} between branches`);
  return constantValue(data, { dtype, shape: [0] });
};

/** Units after what they read; the order of the program otherwise. */
function inOrder(units: readonly Unit[]): Unit[] {
  const unitOf = new Map<Node, Unit>();
  for (const unit of units) for (const node of [...unit.members, ...unit.passages]) unitOf.set(node, unit);
  const needs = (unit: Unit): Unit[] => {
    const nodes = [...unit.members, ...unit.passages];
    const values = [...nodes.flatMap(({ inputs }) => inputs), ...(unit.condition ? [unit.condition] : [])];
    const read = values.flatMap((value) => unitOf.get(producerOf(value) as Node) ?? []);
    return [...new Set(read)].filter((other) => other !== unit);
  };
  const [done, ordered] = [new Set<Unit>(), [] as Unit[]];
  for (const root of units) {
    const pending = [root];
    for (let unit = pending.at(-1); unit; unit = pending.at(-1)) {
      const missing = done.has(unit) ? [] : needs(unit).filter((other) => !done.has(other));
      if (missing.length > 0) {
        pending.push(...missing.reverse());
        continue;
      }
      pending.pop();
      if (done.has(unit)) continue;
      done.add(unit);
      ordered.push(unit);
    }
  }
  return ordered;
}

/** Whatever only one condition needs, in the branch of that condition. */
export const sinkIntoBranches: Pass = (graph) => {
  const nodes = graphNodes(graph);
  if (!nodes.some(passageOf)) return graph;
  const units = unitsOf(graph, nodes);
  const memberOf = new Map<Node, Unit>();
  for (const unit of units) for (const node of unit.members) memberOf.set(node, unit);
  const exports = new Map<Unit, Set<Value>>();
  for (const unit of units) {
    for (const value of [...unit.members, ...unit.passages].flatMap(({ inputs }) => inputs)) {
      const from = memberOf.get(producerOf(value) as Node);
      if (!value || !from?.condition || from === unit) continue;
      exports.set(from, (exports.get(from) ?? new Set()).add(value));
    }
  }
  const sinker = new Sinker();
  for (const unit of inOrder(units)) {
    if (unit.condition) sinker.segment(unit, [...(exports.get(unit) ?? [])]);
    else for (const node of unit.members) sinker.copy(node);
  }
  return {
    ...graph,
    outputs: graph.outputs.map(({ name, value }) => ({ name, value: sinker.value(value) })),
  };
};
