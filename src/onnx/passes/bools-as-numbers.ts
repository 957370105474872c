/**
 * Moves bools as float32 numbers, for devices that compute bools and cannot move them: what joins, cuts and reorders
 * masks reads them cast, and is cast back. Vectors stay: they are conditions of Ifs, which the CPU takes.
 */

import { type Builder, createBuilder } from '../build.ts';
import { dataTypeNumbers } from '../data-types.ts';
import type { Node, Value } from '../ir.ts';
import { type OperatorName, qualifiedName } from '../operators.ts';
import { throughBranches } from './branches.ts';
import { type Pass, rebuilt, rewrite } from './rewrite.ts';

const movers: readonly string[] = [
  'Concat',
  'Expand',
  'Gather',
  'Pad',
  'Slice',
  'Split',
  'Tile',
  'Transpose',
] satisfies OperatorName[];

const movesBools = (node: Node): boolean => {
  const type = node.outputs[0]?.type;
  return type?.dtype === 'bool' && type.shape.length > 1 && movers.includes(qualifiedName(node));
};

const cast = (build: Builder, value: Value, to: 'bool' | 'float32'): Value =>
  build.node('Cast', [value], { to: dataTypeNumbers[to] });

export const boolsAsNumbers: Pass = (graph) => {
  let scope = '';
  const build = createBuilder(() => scope);
  return rewrite(graph, (node, inputs) => {
    const branches = throughBranches(node.attributes, boolsAsNumbers);
    if (branches) return rebuilt(node, inputs, branches);
    if (!movesBools(node)) return undefined;
    scope = node.scope;
    const numbers = inputs.map((value) =>
      value?.type.dtype === 'bool' ? cast(build, value, 'float32') : value,
    );
    const moved = build.nodes(
      qualifiedName(node) as OperatorName,
      numbers,
      node.attributes,
      node.outputs.length,
    );
    return moved.map((value) => cast(build, value, 'bool'));
  });
};
