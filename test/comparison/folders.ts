/** Folders as runs leave them, written without running anything. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { random } from '../../src/random.ts';
import { deriveGenotype } from '../../src/search/derive.ts';
import { formatGenotype } from '../../src/search/genotype.ts';
import { genotypeToJson } from '../../src/search/genotype-file.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';
import { alphaSize, type SearchSpace, searchSpace } from '../../src/search/spaces.ts';
import { softmaxStrengths } from '../../src/search/strengths.ts';

export { emptyFolder } from '../runs/folders.ts';

export function write(path: string, content: string | object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
}

interface SearchTrace {
  readonly seed?: number;
  readonly space?: string;
  readonly epochs?: number;
  /** Epochs that are there; all where it is not given. */
  readonly done?: number;
  readonly options?: object;
  /** What a record has besides. */
  readonly extra?: (epoch: number) => object;
}

/** α of an epoch, drawn from the seed; it drifts apart with the epochs. */
export function alphaOf(space: SearchSpace, seed: number, epoch: number): Float32Array {
  const generator = random(seed, 'alpha of a test');
  return Float32Array.from({ length: alphaSize(space) }, () => 0.3 * (epoch + 1) * generator.normal());
}

export const genotypeOf = (space: SearchSpace, seed: number, epoch: number): string =>
  formatGenotype(deriveGenotype(softmaxStrengths(alphaOf(space, seed, epoch), space), space));

/** Writes a search; its genotype file is there if it has all its epochs. */
export function writeSearch(folder: string, trace: SearchTrace = {}): void {
  const {
    seed = 2,
    space: name = 'darts',
    epochs = 3,
    done = epochs,
    options = {},
    extra = () => ({}),
  } = trace;
  const space = searchSpace(name);
  write(join(folder, 'config.json'), {
    command: 'search',
    version: '0.1.0',
    options: {
      method: 'darts',
      space: name,
      channels: 4,
      cells: 2,
      epochs,
      seed,
      data: 'embedded',
      ...options,
    },
  });
  const lines = Array.from({ length: done }, (_, epoch) =>
    JSON.stringify({
      epoch,
      seconds: 10 + seed,
      loss: 2 - 0.2 * epoch,
      validationLoss: 2.1 - 0.2 * epoch,
      accuracy: 0.3 + 0.1 * epoch,
      validationAccuracy: 0.25 + 0.1 * epoch + 0.01 * seed,
      genotype: genotypeOf(space, seed, epoch),
      alpha: [...alphaOf(space, seed, epoch)],
      ...extra(epoch),
    }),
  );
  write(join(folder, 'metrics.jsonl'), lines.map((line) => `${line}\n`).join(''));
  if (done === epochs) {
    const genotype = parseGenotype(genotypeOf(space, seed, Math.max(epochs - 1, 0)));
    write(join(folder, 'genotype.json'), genotypeToJson(genotype));
  }
}

interface RetrainTrace {
  readonly genotype?: string;
  readonly epochs?: number;
  readonly done?: number;
  /** Test accuracies by epoch. */
  readonly accuracies?: readonly number[];
}

/** Writes a retraining: `folder` is its own, not that of the run it belongs to. */
export function writeRetrain(folder: string, trace: RetrainTrace = {}): void {
  const { genotype = genotypeOf(searchSpace('darts'), 2, 2), accuracies = [0.5, 0.8, 0.7] } = trace;
  const { epochs = accuracies.length, done = epochs } = trace;
  write(join(folder, 'config.json'), {
    command: 'retrain',
    version: '0.1.0',
    options: { channels: 4, cells: 2, epochs, seed: 0, learningRate: 0.1 },
    genotype,
    dataset: {
      name: 'fashion-mnist-subset',
      classes: ['a', 'b', 'c'],
      shape: { channels: 1, height: 12, width: 12 },
    },
  });
  const lines = accuracies
    .slice(0, done)
    .map((testAccuracy, epoch) =>
      JSON.stringify({ epoch, loss: 1 / (epoch + 1), accuracy: 0.4, testAccuracy, seconds: 5 }),
    );
  write(join(folder, 'metrics.jsonl'), lines.map((line) => `${line}\n`).join(''));
}

/** Writes several searches, of which `done` have finished and one more has begun. */
export function writeSweep(folder: string, seeds: number, done = seeds, trace: SearchTrace = {}): void {
  const { options } = {
    options: { method: 'darts', space: 'darts', channels: 4, cells: 2, epochs: 3, seed: 2 },
  };
  write(join(folder, 'config.json'), { command: 'sweep', version: '0.1.0', seeds, options });
  for (let i = 0; i < Math.min(done + 1, seeds); i++) {
    const seed = options.seed + i;
    writeSearch(join(folder, `seed-${seed}`), { ...trace, seed, ...(i === done && { done: 1 }) });
  }
}

/** Writes a selection among finished searches, by the accuracies of each one's retrainings. */
export function writeSelection(
  folder: string,
  accuracies: Readonly<Record<number, readonly number[]>>,
): void {
  const space = searchSpace('darts');
  const seeds = Object.keys(accuracies).map(Number);
  const candidates = seeds.map((seed) => ({ seeds: [seed], genotype: genotypeOf(space, seed, 2) }));
  const count = Math.max(...Object.values(accuracies).map((values) => values.length));
  write(join(folder, 'select', 'config.json'), {
    command: 'select',
    version: '0.1.0',
    options: { channels: 4, cells: 2, epochs: 1, seed: 0, seeds: count, trainPortion: 0.8 },
    candidates,
  });
  for (const {
    seeds: [seed = 0],
    genotype,
  } of candidates) {
    accuracies[seed]?.forEach((accuracy, i) => {
      writeRetrain(join(folder, 'select', `seed-${seed}`, `retrain-${i}`), {
        genotype,
        accuracies: [accuracy],
      });
    });
  }
}

/** What `nas select` leaves at its end. */
export function writeSelected(folder: string, seed: number): void {
  const genotype = parseGenotype(genotypeOf(searchSpace('darts'), seed, 2));
  write(join(folder, 'genotype.json'), genotypeToJson(genotype));
}
