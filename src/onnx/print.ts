/** A graph as text: compact, deterministic, made to be read in test snapshots. */

import type { Attribute, Graph, Node, TensorData, TensorType, Value } from './ir.ts';
import { graphNodes } from './ir.ts';
import { formatType, qualifiedName } from './operators.ts';

/** Constants of up to this many elements are written out. */
const inlineElements = 8;

/** Expressions longer than this do not push the column of types further to the right. */
const widestExpression = 80;

/** A number with the seven digits that a float32 holds. */
const numberText = (element: number | bigint): string =>
  typeof element === 'bigint' || Number.isInteger(element)
    ? String(element)
    : String(Number(element.toPrecision(7)));

function elementsText(data: TensorData, type: TensorType): string {
  const elements: string[] = [];
  for (const element of data) {
    elements.push(type.dtype === 'bool' ? String(Boolean(element)) : numberText(element));
  }
  return elements.join(', ');
}

/** `1`, `[1, 2]`, `float32[2,1]{1, 2}`, `float32[64,3]{…}` */
function constantText(data: TensorData, type: TensorType): string {
  if (data.length > inlineElements) return `${formatType(type)}{…}`;
  const elements = elementsText(data, type);
  if (type.shape.length === 0) return elements;
  return type.shape.length === 1 ? `[${elements}]` : `${formatType(type)}{${elements}}`;
}

function attributeText(attribute: Attribute): string {
  if (typeof attribute === 'number') return String(attribute);
  if (typeof attribute === 'string') return attribute;
  if ('float' in attribute) return numberText(attribute.float);
  if ('floats' in attribute) return `[${attribute.floats.map(numberText).join(',')}]`;
  if ('graph' in attribute) return `{ ${printGraph(attribute.graph).replaceAll(/\s*\n\s*/g, '; ')} }`;
  return `[${attribute.join(',')}]`;
}

/** What each value is called: inputs and outputs by their names, the others v0, v1, … */
function namesOf(graph: Graph, nodes: readonly Node[]): ReadonlyMap<Value, string> {
  const names = new Map<Value, string>();
  for (const value of graph.inputs) if (value.source.kind === 'input') names.set(value, value.source.name);
  for (const { name, value } of graph.outputs) {
    if (value.source.kind === 'node' && !names.has(value)) names.set(value, name);
  }
  let count = 0;
  for (const node of nodes) {
    for (const value of node.outputs) if (!names.has(value)) names.set(value, `v${count++}`);
  }
  return names;
}

/** The graph, one line a node: `  y = Add(v0, 1)  : float32[2,4]`. */
export function printGraph(graph: Graph): string {
  const nodes = graphNodes(graph);
  const names = namesOf(graph, nodes);
  const valueText = (value: Value | null): string => {
    if (value === null) return '_';
    return value.source.kind === 'constant'
      ? constantText(value.source.data, value.type)
      : (names.get(value) ?? 'undeclared');
  };

  const inputs = graph.inputs.map((value) => `${valueText(value)}: ${formatType(value.type)}`);
  const outputs = graph.outputs.map(({ name, value }) => {
    const alias = valueText(value) === name ? '' : ` = ${valueText(value)}`;
    return `${name}${alias}: ${formatType(value.type)}`;
  });
  const lines = nodes.map((node) => {
    const attributes = Object.entries(node.attributes).map(
      ([name, attribute]) => `${name}=${attributeText(attribute)}`,
    );
    const operands = [...node.inputs.map(valueText), ...attributes].join(', ');
    const results = node.outputs.map(valueText).join(', ');
    return {
      expression: `${results} = ${qualifiedName(node)}(${operands})`,
      types: node.outputs.map((value) => formatType(value.type)).join(', '),
    };
  });
  const widths = lines.map((line) => line.expression.length).filter((width) => width <= widestExpression);
  const column = Math.max(0, ...widths);
  return [
    `graph ${graph.name}(${inputs.join(', ')}) -> (${outputs.join(', ')})`,
    ...lines.map(({ expression, types }) => `  ${expression.padEnd(column)}  : ${types}`),
  ].join('\n');
}
