/** The records of a run as the history that a report shows. */

import { type Fields, isObject } from '../objects.ts';
import type {
  Candidates,
  Choice,
  DecisionReport,
  RetrainEpoch,
  RetrainReport,
  SearchEpoch,
  SearchReport,
} from '../report/data.ts';
import { cellTitles } from '../report/genotype-drawings.ts';
import type { EpochRecord } from '../runs/epochs.ts';
import { costUnits, isBudget, parseBudget } from '../search/budget-text.ts';
import { cellsOf, type Genotype } from '../search/genotype.ts';
import { parseGenotype } from '../search/genotype-text.ts';
import { countSkips } from '../search/guards/index.ts';
import { type LearningMethodName, methodNames } from '../search/method-names.ts';
import { searchDefaultsOf } from '../search/method-options.ts';
import { searchMethod } from '../search/methods/index.ts';
import { edgePlaces, skeletonForm } from '../search/skeleton-names.ts';
import {
  alphaShape,
  alphaSize,
  candidatesOf,
  edgesByNode,
  type SearchSpace,
  searchSpace,
  spaceFromContent,
} from '../search/spaces.ts';
import { isCount, type RetrainRecord, type SearchRecord } from './records.ts';

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

/** The validation accuracies of a search by epoch; those of the projection are of supernets that lack a candidate. */
export const validationAccuracies = (epochs: readonly EpochRecord[]): number[] =>
  epochs.flatMap(({ projection, validationAccuracy }) =>
    projection === undefined && typeof validationAccuracy === 'number' ? [validationAccuracy] : [],
  );

/** Why a search has ended before its last epoch, if a guard has ended it. */
export function stopOf(epochs: readonly EpochRecord[]): string | undefined {
  const { stopped, taken } =
    epochs.find((record) => record.stopped !== undefined) ?? ({} as Partial<EpochRecord>);
  if (typeof stopped !== 'string') return undefined;
  return typeof taken === 'number' ? `${stopped}; the genotype is that of epoch ${taken + 1}` : stopped;
}

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
  const { path, seed, epochs, options, genotype, diverged } = record;
  const setting = settingOf(record);
  const found = genotype ?? textOf(epochs.at(-1)?.genotype);
  const stopped = stopOf(epochs);
  return {
    seed,
    run: path,
    ...(setting && { candidates: candidatesIn(setting.space) }),
    epochs: epochs.map((epoch) => searchEpoch(epoch, setting)),
    decisions: setting ? epochs.flatMap((epoch) => decisionsOf(epoch, setting.space)) : [],
    planned: Math.max(plannedEpochs(options, epochs), epochs.length),
    ...costUnitOf(options),
    ...(found !== undefined && { genotype: found }),
    finished: genotype !== undefined,
    ...(stopped !== undefined && { stopped }),
    ...(diverged !== undefined && { diverged }),
  };
}

const costUnitOf = ({ budget }: Fields): Pick<SearchReport, 'costUnit'> =>
  typeof budget === 'string' && isBudget(budget) ? { costUnit: costUnits[parseBudget(budget).cost] } : {};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** What tells how architecture weights are to be read. */
interface Setting {
  readonly space: SearchSpace;
  readonly method: LearningMethodName;
}

/** Undefined where the run is of a space or method that is not known here. */
function settingOf({
  options,
  space: content,
}: Pick<SearchRecord, 'options' | 'space'>): Setting | undefined {
  const { space, method = 'darts' } = options;
  const known = methodNames.find((name) => name === method && name !== 'random') as
    | LearningMethodName
    | undefined;
  if (typeof space !== 'string' || !known) return undefined;
  try {
    return {
      space: content === undefined ? searchSpace(space) : spaceFromContent(content, space),
      method: known,
    };
  } catch {
    return undefined;
  }
}

/** The states of a cell as its drawing names them. */
const stateName = ({ skeleton }: SearchSpace, state: number): string => {
  const inputs = skeleton === 'darts' ? ['k−2', 'k−1'] : ['input'];
  const firstNode = skeleton === 'darts' ? 0 : 1;
  return inputs[state] ?? String(state - inputs.length + firstNode);
};

/** The operations of all edges, each once. */
const operationsOf = ({ candidates }: SearchSpace): string[] => [...new Set(candidates.flat(2))];

const candidatesIn = (space: SearchSpace): Candidates => {
  const { kinds, inputs } = skeletonForm(space.skeleton);
  return {
    kinds: kinds.map((kind) => cellTitles[kind]),
    edges: edgePlaces(space.skeleton, space.nodes).flatMap((places, node) =>
      places.map(({ input }) => ({ from: stateName(space, input), to: stateName(space, node + inputs) })),
    ),
    operations: operationsOf(space),
  };
};

/** The choices of the projection that a record has; what is not of this form is left out. */
function decisionsOf({ epoch, projection }: EpochRecord, space: SearchSpace): DecisionReport[] {
  if (!Array.isArray(projection)) return [];
  const { edges } = candidatesIn(space);
  const { kinds } = skeletonForm(space.skeleton);
  return projection
    .filter(isObject)
    .flatMap(({ cell, edge, node, kept, accuracyWithout }): DecisionReport[] => {
      const kind = kinds.find((name) => name === cell);
      if (!kind || !Array.isArray(kept) || !isObject(accuracyWithout)) return [];
      const ends = typeof edge === 'number' ? edges[edge] : undefined;
      const isOfNode = typeof node === 'number';
      if (!ends && !isOfNode) return [];
      // Of a node the candidates are edges.
      const nameOf = (candidate: unknown): string =>
        isOfNode ? (edges[Number(candidate)]?.from ?? String(candidate)) : String(candidate);
      return [
        {
          epoch: epoch + 1,
          place: `${cellTitles[kind]}, ${ends ? `${ends.from} → ${ends.to}` : `into ${stateName(space, Number(node))}`}`,
          kept: kept.map(nameOf),
          accuracyWithout: Object.entries(accuracyWithout).flatMap(([name, accuracy]): [string, number][] =>
            typeof accuracy === 'number' ? [[nameOf(name), accuracy]] : [],
          ),
        },
      ];
    });
}

function searchEpoch(record: EpochRecord, setting: Setting | undefined): SearchEpoch {
  const genotype = parsed(record.genotype);
  return {
    ...(genotype && { skips: countSkips(genotype) }),
    ...numbersOf(record, ['loss', 'accuracy', 'skips', 'eigenvalue', 'cost']),
    ...(record.projection === undefined && numbersOf(record, ['validationLoss', 'validationAccuracy'])),
    epoch: record.epoch,
    seconds: record.seconds,
    ...(setting && weightsOf(record, setting)),
    ...(setting && genotype && { chosen: choicesOf(genotype, setting.space) }),
  };
}

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
  const [kinds, edges] = alphaShape(space);
  const columns = operationsOf(space);
  if (!isVector(alpha) || alpha.length !== alphaSize(space)) return {};
  const read = searchMethod(searchDefaultsOf(method));
  const hasBeta = isVector(beta) && beta.length === kinds * edges;
  if (read.edgeStrengths && !hasBeta) return {};
  const architecture = {
    alpha: Float32Array.from(alpha),
    ...(hasBeta && { beta: Float32Array.from(beta) }),
  };
  const strengths = read.strengths(architecture, space).flatMap((cell, kind) =>
    cell.flatMap((row, edge) => {
      const names: readonly string[] = candidatesOf(space, kind, edge);
      return columns.map((name) => row[names.indexOf(name)] ?? null);
    }),
  );
  const edgeStrengths = read.edgeStrengths?.(architecture, space).flat();
  return { strengths, ...(edgeStrengths && { edgeStrengths }) };
}

/** The genotype's operations as places among the candidates; those that are none have no place. */
function choicesOf(genotype: Genotype, space: SearchSpace): Choice[] {
  const columns = operationsOf(space);
  return cellsOf(genotype).flatMap(([, cell], kind) =>
    cell.nodes.flatMap((edges, node) =>
      edges.flatMap(({ operation, input }) => {
        const [edge, column] = [edgesByNode(space)[node]?.[input], columns.indexOf(operation)];
        return edge !== undefined && column >= 0 ? [{ kind, edge, operation: column }] : [];
      }),
    ),
  );
}
