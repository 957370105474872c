/**
 * Tables of measured latencies: what each operation takes at each of its shapes, and a network besides its operations.
 *
 * An operation is timed alone, less what a run takes in which nothing is computed, and times the share of that which some
 * networks drawn at random take: in a network, there is less around each. The rest of a network, that of its run included,
 * is what one of skips alone takes, less its skips. The sum is an estimate: operations that run one after the other share
 * caches and memory. A table says how near it comes, by other networks drawn at random.
 */

import { arch, cpus, platform } from 'node:os';
import { runtimeVersion } from '../engine/model.ts';
import { InputError } from '../errors.ts';
import { isObject, isWhole, parseJson } from '../objects.ts';
import type { NetworkSize } from '../retrain/network.ts';
import { type CostTable, costOf } from '../search/budget.ts';
import { formatGenotype } from '../search/genotype.ts';
import { randomGenotype } from '../search/methods/random.ts';
import type { SearchSpace } from '../search/spaces.ts';
import { version as program } from '../version.ts';
import { isFree, type Target, type Timing, timeNetwork, timeOperation, timeOverhead } from './measure.ts';
import { type OperationShape, operationShapes, shapeName } from './places.ts';
import { edgeCosts, restOf, skipGenotype, skipSpace } from './table.ts';

const format = 'onnx-nas/latency';
/** 2: the rest of a network includes what any run takes. */
const version = 2;

interface Entry extends OperationShape {
  /** Of one image, the run's overhead taken off. */
  readonly milliseconds: number;
  /** Between the quartiles. */
  readonly spread: number;
}

export interface LatencyFile {
  readonly format: typeof format;
  readonly version: typeof version;
  readonly device: string;
  readonly threads: number | 'all cores';
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string };
  readonly versions: { readonly program: string; readonly onnxruntime: string; readonly node: string };
  /** Of a run of the network besides its operations, and whose it is. */
  readonly rest: NetworkSize & {
    readonly skeleton: string;
    readonly nodes: number;
    readonly reductions: readonly number[] | null;
    readonly milliseconds: number;
  };
  readonly operations: readonly Entry[];
  /** Networks drawn at random: as the table adds up, and as they are. */
  readonly checks: readonly {
    readonly genotype: string;
    readonly estimated: number;
    readonly measured: number;
  }[];
}

/** The random networks that a table is fitted to, and the others that it is compared with. */
const [fitted, checked] = [4, 4];

const rounded = (milliseconds: number): number => Number(milliseconds.toPrecision(5));

/**
 * Measures all operations of a space at all shapes of a network.
 *
 * @param report is told what is being timed, how many are done, and of how many
 */
export async function profile(
  space: SearchSpace,
  size: NetworkSize,
  target: Target,
  report: (what: string, done: number, all: number) => void = () => {},
): Promise<LatencyFile> {
  const shapes = distinctShapes([space, skipSpace(space)], size);
  const drawn = Array.from({ length: fitted + checked }, (_, seed) => randomGenotype(space, seed));
  const timed = [
    ...shapes
      .filter((shape) => !isFree(shape))
      .map((shape) => ({ name: shapeName(shape), time: () => timeOperation(shape, target) })),
    ...[skipGenotype(space), ...drawn].map((genotype) => ({
      name: formatGenotype(genotype),
      time: () => timeNetwork(genotype, size, target),
    })),
  ];
  const empty = { name: 'an empty run', time: () => timeOverhead(target) };
  const timings = new Map<string, Timing>();
  // There and back: what the machine does besides, and its clock, change over the minutes.
  const turns = [empty, ...timed, empty, ...[...timed].reverse(), empty];
  for (const [i, { name, time }] of turns.entries()) {
    report(name, i, turns.length);
    const [before, now] = [timings.get(name), await time()];
    timings.set(name, before && before.median < now.median ? before : now);
  }
  const whole = (name: string): number => timings.get(name)?.median ?? 0;
  const net = (name: string): number => Math.max(0, whole(name) - whole(empty.name));
  const entriesBy = (share: number): Entry[] =>
    shapes.map((shape) => {
      const name = shapeName(shape);
      const milliseconds = isFree(shape) ? 0 : rounded(share * net(name));
      return { ...shape, milliseconds, spread: rounded(timings.get(name)?.spread ?? 0) };
    });
  const skips = skipGenotype(space);
  const ofSkips = whole(formatGenotype(skips));
  const costAlone = lookup(entriesBy(1), () => 'the profile');
  const alone = { rest: restOf(space, size, ofSkips, costAlone), edges: edgeCosts(space, size, costAlone) };
  // By how much more than the network of skips the others take, and would by their operations alone.
  const share = shareOf(
    drawn.slice(0, fitted).map((genotype) => ({
      measured: whole(formatGenotype(genotype)) - ofSkips,
      summed: costOf(genotype, alone, space) - ofSkips,
    })),
  );
  const entries = entriesBy(share);
  const costAt = lookup(entries, () => 'the profile');
  const rest = rounded(Math.max(0, restOf(space, size, ofSkips, costAt)));
  const table = { rest, edges: edgeCosts(space, size, costAt) };
  const checks = drawn.slice(fitted).map((genotype) => ({
    genotype: formatGenotype(genotype),
    estimated: rounded(costOf(genotype, table, space)),
    measured: rounded(whole(formatGenotype(genotype))),
  }));
  return {
    format,
    version,
    device: target.provider ?? 'cpu',
    threads: target.threads ?? 'all cores',
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      platform: `${platform()} ${arch()}`,
    },
    versions: { program, onnxruntime: runtimeVersion, node: process.version },
    rest: { ...placeOf(space, size), milliseconds: rest },
    operations: entries,
    checks,
  };
}

/** The factor of least squares by which sums of operations become what networks take; 1 where the sums say nothing. */
function shareOf(networks: readonly { readonly measured: number; readonly summed: number }[]): number {
  const squares = networks.reduce((sum, { summed }) => sum + summed * summed, 0);
  const products = networks.reduce((sum, { measured, summed }) => sum + measured * summed, 0);
  return squares > 0 && products > 0 ? products / squares : 1;
}

/** What the rest of a network depends on. */
const placeOf = (space: SearchSpace, size: NetworkSize): Omit<LatencyFile['rest'], 'milliseconds'> => {
  const { channels, cells, imageChannels, height, width, classes } = size;
  const { skeleton, nodes, reductions } = space;
  return {
    ...{ skeleton, nodes, reductions: reductions ?? null },
    ...{ channels, cells, imageChannels, height, width, classes },
  };
};

function distinctShapes(spaces: readonly SearchSpace[], size: NetworkSize): OperationShape[] {
  const all = spaces.flatMap((space) => operationShapes(space, size).flat(3));
  return [...new Map(all.map((shape) => [shapeName(shape), shape])).values()];
}

/** @param missing who is to blame where an entry is missing */
function lookup(entries: readonly Entry[], missing: () => string): (shape: OperationShape) => number {
  const known = new Map(entries.map((entry) => [shapeName(entry), entry.milliseconds]));
  return (shape) => {
    const found = known.get(shapeName(shape));
    if (found === undefined) throw new InputError(`${missing()} has no ${shapeName(shape)}`);
    return found;
  };
}

/** The table of a space's candidates, of a file that was measured for such a network; InputError where it was not. */
export function latencyTable(
  file: LatencyFile,
  space: SearchSpace,
  size: NetworkSize,
  where: string,
): CostTable {
  const { milliseconds, ...place } = file.rest;
  const wanted = placeOf(space, size);
  const differing = (Object.keys(wanted) as (keyof typeof wanted)[]).filter(
    (key) => JSON.stringify(wanted[key]) !== JSON.stringify(place[key]),
  );
  if (differing.length > 0) {
    const told = differing.map(
      (key) => `${key} ${JSON.stringify(place[key])}, not ${JSON.stringify(wanted[key])}`,
    );
    throw new InputError(
      `${where} was measured for another network: ${told.join('; ')}. Measure this one with nas profile`,
    );
  }
  const costAt = lookup(file.operations, () => `${where} was measured for another space: it`);
  return { rest: milliseconds, edges: edgeCosts(space, size, costAt) };
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

const isEntry = (value: unknown): value is Entry =>
  isObject(value) &&
  typeof value.operation === 'string' &&
  [value.stride, value.channels, value.height, value.width].every((size) => isWhole(size, 1)) &&
  isTime(value.milliseconds);

/** @throws InputError where the text is no such file */
export function latencyFromJson(text: string, where: string): LatencyFile {
  const parsed = parseJson(text, where);
  const file = isObject(parsed) ? parsed : {};
  if (file.format !== format || file.version !== version) {
    throw new InputError(
      `${where}: expected {"format": "${format}", "version": ${version}, …} as nas profile writes it, ` +
        `got format ${JSON.stringify(file.format)}, version ${JSON.stringify(file.version)}`,
    );
  }
  if (!isObject(file.rest) || !isTime(file.rest.milliseconds)) {
    throw new InputError(`${where}: "rest" must say of which network it is, and its milliseconds`);
  }
  if (!Array.isArray(file.operations) || !file.operations.every(isEntry)) {
    throw new InputError(
      `${where}: "operations" must be a list of {"operation", "stride", "channels", "height", "width", "milliseconds"}`,
    );
  }
  return parsed as LatencyFile;
}

/** Operations that compute something and took no longer than an empty run. */
export const lost = ({ operations }: LatencyFile): readonly Entry[] =>
  operations.filter((entry) => entry.milliseconds === 0 && !isFree(entry));

/** How far the estimates are from what was measured, as a mean of parts. */
export function meanError({ checks }: LatencyFile): number {
  const errors = checks.map(({ estimated, measured }) => Math.abs(estimated / measured - 1));
  return errors.reduce((sum, error) => sum + error, 0) / Math.max(1, errors.length);
}

export const latencyToJson = (file: LatencyFile): string => `${JSON.stringify(file, null, 2)}\n`;
