/**
 * Does searching beat not searching? Genotypes of several methods and of none, trained alike at equal size. Hours long:
 * each unit (a seed of an arm) is reported when it is done, kept in the result file and not repeated; an interrupted unit
 * goes on from its checkpoint in `runs/study`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../src/errors.ts';
import { retrainFolder } from '../src/runs/layout.ts';
import { formatSpread, type Spread, spreadOf } from '../src/spread.ts';
import { markdownTable } from './harness/statistics.ts';
import type { Benchmark, Report } from './run.ts';
import { equalSize, type Sized } from './study/equal-size.ts';
import { nas } from './study/nas.ts';
import { type Arm, arms, data, retrainOptions, searchOptions, size } from './study/plan.ts';
import { permutationTest } from './study/significance.ts';

/** What is known of a unit. */
interface Unit extends Sized {
  readonly arm: string;
  readonly seed: number;
  readonly genotype: string;
  /** Test accuracy in [0, 1] after the last epoch of retraining. */
  readonly accuracy: number;
  readonly searchSeconds: number;
  readonly searchPeakMegabytes: number;
  readonly retrainSeconds: number;
  /** Why the search ended early, where it did. */
  readonly stopped?: unknown;
}

const resultFile = fileURLToPath(new URL('results/study.json', import.meta.url));

const nameOf = (arm: string, seed: number): string => `${arm}/${seed}`;

async function measure(arm: Arm, seed: number): Promise<Unit> {
  const folder = join('runs', 'study', `${arm.name}-${seed}`);
  // What draws at random trains nothing, and has no options for it.
  const shared = arm.options.method === 'random' ? {} : searchOptions;
  const searched = await nas(['search'], { ...shared, ...arm.options, data, seed }, folder, folder);
  const genotype = String(searched.result.genotype);
  const sized = equalSize(genotype, retrainOptions.cells, size);
  const options = { ...retrainOptions, channels: sized.channels, data, seed };
  const trained = await nas(['retrain', genotype], options, folder, retrainFolder(folder));
  return {
    arm: arm.name,
    seed,
    genotype,
    ...sized,
    accuracy: Number(trained.result.accuracy),
    searchSeconds: searched.seconds,
    searchPeakMegabytes: searched.peakMegabytes,
    retrainSeconds: trained.seconds,
    ...(searched.result.stopped !== undefined && { stopped: searched.result.stopped }),
  };
}

/** The units that the result file holds. */
function known(): Unit[] {
  const content = existsSync(resultFile) ? JSON.parse(readFileSync(resultFile, 'utf8')) : {};
  return Object.values(content as Record<string, { results: Unit }>).map(({ results }) => results);
}

const percent = (x: number): string => (100 * x).toFixed(2);

function table(units: readonly Unit[]): string {
  const of = (arm: string): Unit[] => units.filter((unit) => unit.arm === arm);
  const accuracies = (arm: string): number[] => of(arm).map(({ accuracy }) => accuracy);
  const random = accuracies('random');
  const rows = arms.flatMap(({ name }) => {
    const own = of(name);
    if (own.length === 0) return [];
    const accuracy = accuracies(name);
    const p = name === 'random' || random.length < 2 ? '' : permutationTest(accuracy, random).toFixed(2);
    const average = (value: (unit: Unit) => number): string =>
      Math.round(spreadOf(own.map(value))?.mean ?? 0).toString();
    return [
      [
        name,
        String(own.length),
        formatSpread(spreadOf(accuracy) as Spread, percent),
        p,
        average((unit) => unit.parameters),
        average((unit) => unit.searchSeconds),
        average((unit) => unit.searchPeakMegabytes),
        average((unit) => unit.retrainSeconds),
      ],
    ];
  });
  const head = [
    'arm',
    'seeds',
    'test accuracy, %',
    'p against random',
    'parameters',
    'search, s',
    'peak, MB',
    'retraining, s',
  ];
  return markdownTable(head, rows);
}

const benchmark: Benchmark = {
  /** Options: names of arms; default all. */
  async *run(options) {
    const unknown = options.find((name) => !arms.some((arm) => arm.name === name));
    if (unknown !== undefined) {
      throw new InputError(`no arm "${unknown}": expected some of ${arms.map(({ name }) => name).join(' ')}`);
    }
    const chosen = arms.filter(({ name }) => options.length === 0 || options.includes(name));
    const units = known();
    const rounds = Math.max(...chosen.map(({ seeds }) => seeds.length));
    // Seed by seed, so that an early end leaves the arms with as many units.
    for (let round = 0; round < rounds; round++) {
      for (const arm of chosen) {
        const seed = arm.seeds[round];
        if (seed === undefined || units.some((unit) => unit.arm === arm.name && unit.seed === seed)) continue;
        const unit = await measure(arm, seed);
        units.push(unit);
        const configuration = {
          data,
          search: { ...searchOptions, ...arm.options },
          retrain: retrainOptions,
          size,
        };
        const report: Report = {
          part: nameOf(arm.name, seed),
          table: table(units),
          configuration,
          results: unit,
        };
        yield report;
      }
    }
    process.stderr.write(`${table(units)}\n`);
  },
};

export default benchmark;
