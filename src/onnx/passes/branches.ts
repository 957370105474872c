/** Passes within the branches of Ifs. */
import type { Attribute, Attributes, Graph } from '../ir.ts';
import type { Pass } from './rewrite.ts';

const isBranch = (attribute: Attribute): attribute is { readonly graph: Graph } =>
  typeof attribute === 'object' && 'graph' in attribute;

/** The attributes of a node, its branches put through a pass; undefined where none of them changes. */
export function throughBranches(attributes: Attributes, pass: Pass): Attributes | undefined {
  if (!Object.values(attributes).some(isBranch)) return undefined;
  let changed = false;
  const entries = Object.entries(attributes).map(([name, attribute]) => {
    if (!isBranch(attribute)) return [name, attribute] as const;
    const graph = pass(attribute.graph);
    changed ||= graph !== attribute.graph;
    return [name, { graph }] as const;
  });
  return changed ? Object.fromEntries(entries) : undefined;
}
