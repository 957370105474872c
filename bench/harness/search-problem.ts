/** What a search step is measured on: a supernet, its initial state, and a batch for either update, in a file. */
import type { ImageShape } from '../../src/data/index.ts';
import { random } from '../../src/random.ts';
import { writeArrays } from '../../src/runs/safetensors.ts';
import type { LearningMethodName } from '../../src/search/method-names.ts';
import { searchMethod } from '../../src/search/methods/index.ts';
import { type SearchOptions, searchDefaults } from '../../src/search/options.ts';
import { alphaShape, alphaSize, searchSpace } from '../../src/search/spaces.ts';
import { makeSupernet, type Supernet } from '../../src/search/supernet.ts';
import { pieces, randomBatch } from './arrays.ts';

export interface SearchProblem {
  readonly image: ImageShape;
  readonly classes: number;
  readonly options: SearchOptions;
}

const rgb32 = { channels: 3, height: 32, width: 32 };
const grey28 = { channels: 1, height: 28, width: 28 };

const problem = (image: ImageShape, options: Partial<SearchOptions>): SearchProblem => ({
  image,
  classes: 10,
  options: { ...searchDefaults, ...options },
});

export const searchProblems = {
  small: problem(rgb32, { channels: 8, cells: 4, batch: 32 }),
  canonical: problem(rgb32, {}),
  grey: problem(grey28, { cells: 5 }),
} as const satisfies Record<string, SearchProblem>;

export type SearchProblemName = keyof typeof searchProblems;

export const searchProblemNames = Object.keys(searchProblems) as readonly SearchProblemName[];

/** `C=16, 8 cells, batch 64, 32×32×3`. */
export const describeProblem = ({ image, options }: SearchProblem): string =>
  `C=${options.channels}, ${options.cells} cells, batch ${options.batch}, ` +
  `${image.height}×${image.width}×${image.channels}`;

/** The same by another method, all else alike: not with the method's own defaults. */
export const problemOf = (problem: SearchProblem, method: LearningMethodName): SearchProblem => ({
  ...problem,
  options: { ...problem.options, method },
});

export function supernetOf({ image, classes, options }: SearchProblem): Supernet {
  const { method } = options;
  if (method === 'random') throw new Error('random trains no supernet');
  const skeleton = { ...options, imageChannels: image.channels, classes };
  return makeSupernet(searchSpace(options.space), skeleton, searchMethod({ ...options, method }));
}

/** Writes `parameter/<name>`, `alpha`, `trainImages`, `trainLabels`, `validationImages`, `validationLabels`. */
export function writeSearchProblem(path: string, problem: SearchProblem, seed: number): void {
  const { options, image, classes } = problem;
  const { parameters, architecture } = supernetOf(problem);
  const space = searchSpace(options.space);
  const generator = random(seed, 'alpha');
  // A search begins near zero; here the candidates' weights differ enough for the loss to tell which is which.
  const values = Float32Array.from({ length: architecture.size }, () => generator.normal());
  const arrays = {
    ...pieces(parameters, 'parameter', parameters.initialize(random(seed, 'weights'))),
    alpha: {
      shape: architecture.size === alphaSize(space) ? alphaShape(space) : [values.length],
      data: values,
    },
    ...randomBatch('train', options.batch, image, classes, seed),
    ...randomBatch('validation', options.batch, image, classes, seed),
  };
  writeArrays(path, { arrays, metadata: {} });
}
