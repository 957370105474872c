/** Passes within the branches of Ifs. */
import { type Attributes, holdsGraph } from '../ir.ts';
import type { Pass } from './rewrite.ts';

/** The attributes of a node, its branches put through a pass; undefined where none of them changes. */
export function throughBranches(attributes: Attributes, pass: Pass): Attributes | undefined {
  if (!Object.values(attributes).some(holdsGraph)) return undefined;
  let changed = false;
  const entries = Object.entries(attributes).map(([name, attribute]) => {
    if (!holdsGraph(attribute)) return [name, attribute] as const;
    const graph = pass(attribute.graph);
    changed ||= graph !== attribute.graph;
    return [name, { graph }] as const;
  });
  return changed ? Object.fromEntries(entries) : undefined;
}
