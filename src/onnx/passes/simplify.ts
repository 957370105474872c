/** `identity` and `commonSubexpressions` in one walk: rebuilding a graph takes longer than either of them. */

import { producerOf } from '../ir.ts';
import { merging } from './common-subexpressions.ts';
import { withoutIdentity } from './identity.ts';
import { type Pass, rewrite } from './rewrite.ts';

/** Removes what does nothing, and computes what is computed twice only once. */
export const simplify: Pass = (graph) => {
  const { mergeNode, mergeConstant } = merging();
  return rewrite(
    graph,
    (node, inputs) => {
      const replacement = withoutIdentity(node, inputs);
      if (!replacement) return mergeNode(node, inputs);
      const made = producerOf(replacement[0]);
      return made?.outputs.length === 1 ? (mergeNode(made, made.inputs) ?? replacement) : replacement;
    },
    mergeConstant,
  );
};
