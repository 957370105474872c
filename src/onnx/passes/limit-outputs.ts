/**
 * Splits into many parts as trees of Splits into few: a GPU binds only so many tensors to one operator, and a step
 * splits θ into hundreds.
 */

import { type Builder, createBuilder } from '../build.ts';
import type { Value } from '../ir.ts';
import { qualifiedName } from '../operators.ts';
import { throughBranches } from './branches.ts';
import { type Pass, rebuilt, rewrite } from './rewrite.ts';

/** The graph with Splits of at most so many outputs (2 or more; Infinity: the graph as it is). */
export const limitOutputs =
  (most: number): Pass =>
  (graph) => {
    if (most === Number.POSITIVE_INFINITY) return graph;
    let scope = '';
    const build = createBuilder(() => scope);
    return rewrite(graph, (node, inputs) => {
      const inner = throughBranches(node.attributes, limitOutputs(most));
      if (inner) return rebuilt(node, inputs, inner);
      const [whole, sizes] = inputs;
      if (qualifiedName(node) !== 'Split' || node.outputs.length <= most) return undefined;
      if (!whole || sizes?.source.kind !== 'constant') return undefined;
      scope = node.scope;
      return divide(
        build,
        whole,
        Array.from(sizes.source.data, Number),
        Number(node.attributes.axis ?? 0),
        most,
      );
    });
  };

/** The parts of a value; where they are too many, of its parts. */
function divide(
  build: Builder,
  whole: Value,
  sizes: readonly number[],
  axis: number,
  most: number,
): readonly Value[] {
  if (sizes.length === 1) return [whole];
  if (sizes.length <= most) return build.nodes('Split', [whole, build.ints(sizes)], { axis }, sizes.length);
  // Whole subtrees, so that the tree is as flat as can be.
  let reach = most;
  while (reach * most < sizes.length) reach *= most;
  const groups = Array.from({ length: Math.ceil(sizes.length / reach) }, (_, index) =>
    sizes.slice(index * reach, (index + 1) * reach),
  );
  const totals = groups.map((group) => group.reduce((sum, size) => sum + size, 0));
  const parts = build.nodes('Split', [whole, build.ints(totals)], { axis }, groups.length);
  return groups.flatMap((group, index) => divide(build, parts[index] as Value, group, axis, most));
}
