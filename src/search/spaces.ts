/** The search spaces by name. */
import { InputError } from '../errors.ts';
import { darts } from './spaces/darts.ts';
import { nasBench201 } from './spaces/nas-bench-201.ts';
import { s1, s2, s3, s4 } from './spaces/robust-darts.ts';
import { simple } from './spaces/simple.ts';
import type { SearchSpace } from './spaces/space.ts';

export {
  alphaShape,
  alphaSize,
  candidatesOf,
  edgeCount,
  edgesByNode,
  type SearchSpace,
} from './spaces/space.ts';

const spaces = { darts, simple, 'nas-bench-201': nasBench201, s1, s2, s3, s4 } as const satisfies Record<
  string,
  SearchSpace
>;

export type SpaceName = keyof typeof spaces;

export const spaceNames = Object.keys(spaces) as readonly SpaceName[];

export const isSpaceName = (name: string): name is SpaceName => Object.hasOwn(spaces, name);

/** The space of a name; InputError for an unknown one. */
export function searchSpace(name: string): SearchSpace {
  if (isSpaceName(name)) return spaces[name];
  throw new InputError(`unknown search space "${name}": expected one of ${spaceNames.join(', ')}`);
}
