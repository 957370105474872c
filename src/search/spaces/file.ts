/** A user's own space, from JSON: what it may say, and what is wrong with it if it does not. */

import { InputError } from '../../errors.ts';
import { isObject, isWhole, parseJson } from '../../objects.ts';
import { readText } from '../../runs/files.ts';
import { suggestion } from '../../suggest.ts';
import { limits } from '../limits.ts';
import { isOperationName, type OperationName, operationNames } from '../operation-names.ts';
import {
  type CellKind,
  checkedReductions,
  edgePlaces,
  isPart,
  isSkeletonName,
  type SkeletonName,
  skeletonForm,
  skeletonNames,
} from '../skeleton-names.ts';
import type { Candidates, SearchSpace } from './space.ts';

/** A space as its file says it; what is absent is the default. */
export interface SpaceContent {
  readonly name: string;
  /** Default: darts. */
  readonly skeleton?: SkeletonName;
  /** Default: 4, in a chain 3. */
  readonly nodes?: number;
  /** Of every edge; or by kind of cell, of every edge or of each one in the order of α's rows. */
  readonly operations:
    | readonly OperationName[]
    | Readonly<Partial<Record<CellKind, readonly OperationName[] | readonly (readonly OperationName[])[]>>>;
  /** Incoming edges of a node that the genotype keeps. Default: 2, in a chain all. */
  readonly keep?: number | 'all';
  /** Whether the genotype may have `none` on an edge. Default: false, in a chain whether `none` is a candidate. */
  readonly chooses_none?: boolean;
  /** Parts of the cells ("1/3" or 0.33) or indices of cells. */
  readonly reductions?: readonly (number | string)[];
  /** Of the search, unless told otherwise. */
  readonly channels?: number;
  readonly cells?: number;
}

const keys = [
  'name',
  'skeleton',
  'nodes',
  'operations',
  'keep',
  'chooses_none',
  'reductions',
  'channels',
  'cells',
] as const satisfies readonly (keyof SpaceContent)[];

/** More nodes than this are a mistake: their edges grow with the square. */
const mostNodes = 12;

type Fields = Readonly<Partial<Record<(typeof keys)[number], unknown>>>;

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

/** The space of a file. InputError where it cannot be read or says what no space is. */
export function spaceFromFile(file: string): SearchSpace & { readonly content: SpaceContent } {
  const parsed = parseJson(readText(file, `the space ${file}`), file);
  // Whatever passes has this form.
  return { ...spaceFromContent(parsed, file), content: parsed as SpaceContent };
}

/**
 * The space that a file's content describes.
 *
 * @param where names it in errors
 * @throws InputError with the place, what was expected and what was found
 */
export function spaceFromContent(content: unknown, where: string): SearchSpace {
  const refuse = (problem: string): never => {
    throw new InputError(`${where}: ${problem}`);
  };
  if (!isObject(content)) {
    return refuse(
      `expected an object such as {"name": "mine", "operations": ["skip_connect", …]}, got ${shown(content)}`,
    );
  }
  const unknown = Object.keys(content).find((key) => !keys.some((known) => known === key));
  if (unknown !== undefined) {
    refuse(`unknown key ${shown(unknown)}${suggestion(unknown, keys)}; a space has ${keys.join(', ')}`);
  }
  const fields: Fields = content;
  const whole = (key: 'nodes' | 'channels' | 'cells', most: number): number | undefined => {
    const value = fields[key];
    if (value === undefined) return undefined;
    if (isWhole(value, 1, most)) return value;
    return refuse(`"${key}" must be a whole number from 1 to ${most}, got ${shown(value)}`);
  };
  const { name, skeleton = 'darts' } = fields;
  if (typeof name !== 'string' || name.trim() === '') {
    return refuse(`"name" must be a text, got ${shown(name)}`);
  }
  if (!isSkeletonName(skeleton)) {
    const near = suggestion(String(skeleton), skeletonNames);
    return refuse(`"skeleton" must be one of ${skeletonNames.join(', ')}, got ${shown(skeleton)}${near}`);
  }
  const isChain = skeleton === 'nas-bench-201';
  const nodes = whole('nodes', mostNodes) ?? (isChain ? 3 : 4);
  const candidates = readCandidates(fields.operations, skeleton, nodes, refuse);
  const keep = fields.keep ?? (isChain ? 'all' : 2);
  if (keep !== 'all' && !isWhole(keep, 1)) {
    return refuse(`"keep" must be "all" or a whole number from 1, got ${shown(keep)}`);
  }
  const hasNone = candidates.flat(2).includes('none');
  const choosesNone = fields.chooses_none ?? (isChain && hasNone && keep === 'all');
  if (typeof choosesNone !== 'boolean') {
    return refuse(`"chooses_none" must be true or false, got ${shown(choosesNone)}`);
  }
  if (choosesNone && keep !== 'all')
    refuse('"chooses_none" needs "keep": "all": else weak edges are left out anyway');
  if (choosesNone && !hasNone) refuse('"chooses_none" needs the operation "none" among the candidates');
  const reductions = readReductions(fields.reductions, where, refuse);
  const [channels, cells] = [whole('channels', limits.channels), whole('cells', limits.cells)];
  return {
    name,
    skeleton,
    nodes,
    candidates,
    keptEdges: keep === 'all' ? Number.POSITIVE_INFINITY : keep,
    ...(choosesNone && { choosesNone }),
    ...(reductions && { reductions }),
    ...((channels ?? cells) && { defaults: { ...(channels && { channels }), ...(cells && { cells }) } }),
  };
}

type Refuse = (problem: string) => never;

function readCandidates(
  operations: unknown,
  skeleton: SkeletonName,
  nodes: number,
  refuse: Refuse,
): Candidates {
  const { kinds } = skeletonForm(skeleton);
  const places = edgePlaces(skeleton, nodes);
  const edges = places.flat().length;
  const form = `a list of operations, or {${kinds.map((kind) => `"${kind}": […]`).join(', ')}}`;
  if (operations === undefined) refuse(`"operations" is missing: expected ${form}`);
  if (!Array.isArray(operations) && !isObject(operations)) {
    refuse(`"operations" must be ${form}, got ${shown(operations)}`);
  }
  const byKind: Readonly<Record<string, unknown>> = isObject(operations)
    ? operations
    : Object.fromEntries(kinds.map((kind) => [kind, operations]));
  const unknown = Object.keys(byKind).find((kind) => !kinds.some((known) => known === kind));
  if (unknown !== undefined) {
    refuse(
      `"operations" has the unknown kind of cell ${shown(unknown)}${suggestion(unknown, kinds)}; ` +
        `the skeleton ${skeleton} has ${kinds.join(' and ')}`,
    );
  }
  const candidates = kinds.map((kind) => {
    const own = byKind[kind];
    if (!Array.isArray(own)) return refuse(`"operations" needs a list for "${kind}", got ${shown(own)}`);
    const place = isObject(operations) ? `"${kind}"` : '"operations"';
    if (!own.some(Array.isArray)) return Array<OperationName[]>(edges).fill(readList(own, place, refuse));
    if (own.length !== edges) {
      const sum = places.map(({ length }) => length).join(' + ');
      refuse(`${place} must have a list for each of the ${edges} edges (${sum}), got ${own.length}`);
    }
    return own.map((list, edge) => readList(list, `${place}, edge ${edge}`, refuse));
  });
  candidates.forEach((lists, i) => {
    if (lists.flat().every((operation) => operation === 'none')) {
      refuse(`the ${kinds[i]} cell has no operation but none: nothing would be computed`);
    }
  });
  const count = candidates[0]?.[0]?.length;
  const other = candidates.flat().find((list) => list.length !== count);
  if (other) {
    refuse(
      `every edge needs equally many operations, as their strengths are one matrix; ` +
        `the first has ${count}, another ${other.length} (${other.join(', ')})`,
    );
  }
  return candidates;
}

function readList(list: unknown, place: string, refuse: Refuse): OperationName[] {
  if (!Array.isArray(list)) return refuse(`${place} must be a list of operations, got ${shown(list)}`);
  if (list.length === 0) refuse(`${place} has no operation`);
  return list.map((operation: unknown, i) => {
    if (typeof operation !== 'string' || !isOperationName(operation)) {
      const near = suggestion(String(operation), operationNames);
      return refuse(
        `${place} names the unknown operation ${shown(operation)}${near}; known are ${operationNames.join(', ')}`,
      );
    }
    if (list.indexOf(operation) < i) refuse(`${place} names ${operation} twice`);
    return operation;
  });
}

const ratio = /^\s*(\d{1,9})\s*\/\s*(\d{1,9})\s*$/;

function readReductions(places: unknown, where: string, refuse: Refuse): readonly number[] | undefined {
  if (places === undefined) return undefined;
  if (!Array.isArray(places)) return refuse(`"reductions" must be a list, got ${shown(places)}`);
  const numbers = places.map((place: unknown) => {
    const [, above, below] = (typeof place === 'string' && ratio.exec(place)) || [];
    const number = above === undefined ? place : Number(above) / Number(below);
    // A ratio of 1 or more is no part, even where it is the index of a cell.
    const isPlace = typeof number === 'number' && (above === undefined || isPart(number));
    if (isPlace) return number;
    return refuse(
      `"reductions" has ${shown(place)}; expected parts of the cells (above 0, below 1, or such as "1/3") or ` +
        'indices of cells (whole numbers from 0)',
    );
  });
  return checkedReductions(numbers, where);
}
