/** The search spaces by name. */
import { InputError } from '../errors.ts';
import { suggestion } from '../suggest.ts';
import { darts } from './spaces/darts.ts';
import { type SpaceContent, spaceFromFile } from './spaces/file.ts';
import { nasBench201 } from './spaces/nas-bench-201.ts';
import { s1, s2, s3, s4 } from './spaces/robust-darts.ts';
import { simple } from './spaces/simple.ts';
import type { SearchSpace } from './spaces/space.ts';

export { type SpaceContent, spaceFromContent } from './spaces/file.ts';
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
  const near = suggestion(name, spaceNames);
  throw new InputError(
    `unknown search space "${name}"${near}: expected one of ${spaceNames.join(', ')}, or a file of your own, such as mine.json`,
  );
}

/** Whether this names a file with a space, and not one of those here. */
export const isSpaceFile = (source: string): boolean => /\.json$/i.test(source);

/** A space, and what a run has to keep of it: nothing of one that is here, all of one from a file. */
export interface OpenedSpace {
  readonly space: SearchSpace;
  readonly content?: SpaceContent;
}

/** The space that a user names: one of those here, or a file. */
export function openSpace(source: string): OpenedSpace {
  if (!isSpaceFile(source)) return { space: searchSpace(source) };
  const { content, ...space } = spaceFromFile(source);
  return { space, content };
}
