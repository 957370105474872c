/** The records of a run as the history that a report shows. */
import type {
  Candidates,
  Choice,
  RetrainEpoch,
  RetrainReport,
  SearchEpoch,
  SearchReport,
} from '../report/data.ts';
import type { EpochRecord } from '../runs/epochs.ts';
import type { Genotype } from '../search/genotype.ts';
import { parseGenotype } from '../search/genotype-text.ts';
import { type LearningMethodName, methodNames } from '../search/method-names.ts';
import { searchDefaultsOf } from '../search/method-options.ts';
import { searchMethod } from '../search/methods/index.ts';
import {
  candidatesOf,
  cellKinds,
  edgeCount,
  edgesByNode,
  type SearchSpace,
  searchSpace,
} from '../search/spaces.ts';
import type { Strengths } from '../search/strengths.ts';
import { softmax } from '../softmax.ts';
import { type Fields, isCount, type RetrainRecord, type SearchRecord } from './records.ts';

/** The metrics of a record that are numbers; a run may lack any. */
const numbersOf = <Name extends string>(
  record: EpochRecord,
  names: readonly Name[],
): Partial<Record<Name, number>> => {
  const entries = names.flatMap((name): [Name, number][] => {
    const value = record[name];
    return typeof value === 'number' ? [[name, value]] : [];
  });
  // Every entry has the name and the type that it is looked for under.
  return Object.fromEntries(entries) as Partial<Record<Name, number>>;
};

export const plannedEpochs = ({ epochs }: Fields, records: readonly EpochRecord[]): number =>
  isCount(epochs) ? epochs : records.length;

/** Why a search has ended early, if it says so. */
export const stopOf = (epochs: readonly EpochRecord[]): string | undefined => {
  const stopped = epochs.at(-1)?.stopped;
  return typeof stopped === 'string' ? stopped : undefined;
};

export function retrainReport({ genotype, epochs, options }: RetrainRecord): RetrainReport {
  const history = epochs.map(
    (record): RetrainEpoch => ({
      ...numbersOf(record, ['loss', 'accuracy', 'testAccuracy']),
      epoch: record.epoch,
      seconds: record.seconds,
    }),
  );
  return { genotype, epochs: history, planned: plannedEpochs(options, epochs) };
}

export function searchReport(record: SearchRecord): SearchReport {
  const { path, seed, epochs, options, genotype } = record;
  const setting = settingOf(options);
  const found = genotype ?? textOf(epochs.at(-1)?.genotype);
  const stopped = stopOf(epochs);
  return {
    seed,
    run: path,
    ...(setting && { candidates: candidatesIn(setting.space) }),
    epochs: epochs.map((epoch) => searchEpoch(epoch, setting)),
    planned: plannedEpochs(options, epochs),
    ...(found !== undefined && { genotype: found }),
    finished: genotype !== undefined,
    ...(stopped !== undefined && { stopped }),
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** What tells how architecture weights are to be read. */
interface Setting {
  readonly space: SearchSpace;
  readonly method: LearningMethodName;
}

/** Undefined where the run is of a space or method that is not known here. */
function settingOf({ space, method = 'darts' }: Fields): Setting | undefined {
  const known = methodNames.find((name) => name === method && name !== 'random') as
    | LearningMethodName
    | undefined;
  if (typeof space !== 'string' || !known) return undefined;
  try {
    return { space: searchSpace(space), method: known };
  } catch {
    return undefined;
  }
}

const kindLabels: Readonly<Record<string, string>> = { reduce: 'reduction' };

const stateName = (state: number): string => (state < 2 ? `k−${2 - state}` : String(state - 2));

/** From and to: node i has an edge from each of the two inputs and each earlier node. */
const endsOf = (space: SearchSpace): { from: number; node: number }[] =>
  edgesByNode(space).flatMap((edges, node) => edges.map((_, from) => ({ from, node })));

const operationsOf = (space: SearchSpace): string[] => [
  ...new Set(
    cellKinds.flatMap((_, kind) =>
      Array.from({ length: edgeCount(space) }, (__, edge) => candidatesOf(space, kind, edge)).flat(),
    ),
  ),
];

const candidatesIn = (space: SearchSpace): Candidates => ({
  kinds: cellKinds.map((kind) => kindLabels[kind] ?? kind),
  edges: endsOf(space).map(({ from, node }) => ({ from: stateName(from), to: String(node) })),
  operations: operationsOf(space),
});

function searchEpoch(record: EpochRecord, setting: Setting | undefined): SearchEpoch {
  const genotype = parsed(record.genotype);
  const skips = genotype?.normal.nodes.flat().filter(({ operation }) => isSkip(operation)).length;
  return {
    ...(skips !== undefined && { skips }),
    ...numbersOf(record, [
      'loss',
      'accuracy',
      'validationLoss',
      'validationAccuracy',
      'skips',
      'eigenvalue',
      'cost',
    ]),
    epoch: record.epoch,
    seconds: record.seconds,
    ...(setting && weightsOf(record, setting)),
    ...(setting && genotype && { chosen: choicesOf(genotype, setting.space) }),
  };
}

const isSkip = (operation: string): boolean => operation === 'skip_connect' || operation === 'identity';

/** A run that says what it found in words of another version is shown without it. */
function parsed(text: unknown): Genotype | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return parseGenotype(text);
  } catch {
    return undefined;
  }
}

const isVector = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((x) => typeof x === 'number');

/** The strengths of candidates and edges, where the record has the vectors that they are read off. */
function weightsOf(
  record: EpochRecord,
  { space, method }: Setting,
): Pick<SearchEpoch, 'strengths' | 'edgeStrengths'> {
  const { alpha, beta } = record;
  const edges = edgeCount(space);
  const columns = operationsOf(space);
  if (!isVector(alpha) || alpha.length !== cellKinds.length * edges * space.operations.length) return {};
  const hasBeta = isVector(beta) && beta.length === cellKinds.length * edges;
  const strengths: Strengths = searchMethod(searchDefaultsOf(method)).strengths(
    { alpha: Float32Array.from(alpha), ...(hasBeta && { beta: Float32Array.from(beta) }) },
    space,
  );
  const flat = strengths.flatMap((cell, kind) =>
    cell.flatMap((row, edge) => {
      const names: readonly string[] = candidatesOf(space, kind, edge);
      return columns.map((name) => row[names.indexOf(name)] ?? null);
    }),
  );
  return { strengths: flat, ...(hasBeta && { edgeStrengths: edgeStrengths(beta, space) }) };
}

/** softmax over the edges into each node (PC-DARTS, equation 3). */
const edgeStrengths = (beta: readonly number[], space: SearchSpace): number[] =>
  cellKinds.flatMap((_, kind) =>
    edgesByNode(space).flatMap((edges) =>
      softmax(edges.map((edge) => beta[kind * edgeCount(space) + edge] ?? 0)),
    ),
  );

/** The genotype's operations as places among the candidates; those that are none have no place. */
function choicesOf({ normal, reduce }: Genotype, space: SearchSpace): Choice[] {
  const columns = operationsOf(space);
  return [normal, reduce].flatMap((cell, kind) =>
    cell.nodes.flatMap((edges, node) =>
      edges.flatMap(({ operation, input }) => {
        const [edge, column] = [edgesByNode(space)[node]?.[input], columns.indexOf(operation)];
        return edge !== undefined && column >= 0 ? [{ kind, edge, operation: column }] : [];
      }),
    ),
  );
}
