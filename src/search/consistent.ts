/** Options of a search that contradict one another, or that nothing would read. */
import { InputError } from '../errors.ts';
import { leastEpochs } from './guards/eigenvalue.ts';
import { samplingMethods } from './method-names.ts';
import type { SearchOptions } from './options.ts';

/** How an option is called in messages. */
type Label = (name: string) => string;

const plainly: Label = (name) => name;

/** @throws InputError where the options contradict one another */
export function requireConsistent(options: SearchOptions, label: Label = plainly): void {
  const { order, optimizer, precision, alphaWarmUp, epochs } = options;
  if (order === 2 && precision === 'float16') {
    throw new InputError(
      'order 2 takes a difference between weights that are closer to one another than float16 can tell: ' +
        `take ${label('precision')} float32 or ${label('order')} 1`,
    );
  }
  if (order === 2 && optimizer !== 'sgd') {
    throw new InputError(
      `order 2 unrolls a step of SGD, which the weights' optimizer must be; got ${optimizer}: ` +
        `take ${label('optimizer')} sgd or ${label('order')} 1`,
    );
  }
  if (alphaWarmUp > 0 && alphaWarmUp >= epochs) {
    throw new InputError(
      `α would be frozen in all ${epochs} epochs: expected ${label('alphaWarmUp')} below ${label('epochs')}, ` +
        `got ${alphaWarmUp}`,
    );
  }
  if (options.eigenvalueStop) requireEigenvalue(options, label);
  requireFalling(options, 'learningRate', 'learningRateMin', label);
  requireFalling(options, 'temperature', 'temperatureMin', label);
}

/** What falls over the epochs does not rise. */
function requireFalling(
  options: SearchOptions,
  first: 'learningRate' | 'temperature',
  last: 'learningRateMin' | 'temperatureMin',
  label: Label,
): void {
  const [from, to] = [options[first], options[last]];
  if (from === undefined || to === undefined || to <= from) return;
  throw new InputError(`${label(last)} must be at most ${label(first)}, which is ${from}, got ${to}`);
}

/** An eigenvalue needs weights that are a function of α alone, and epochs enough to be compared. */
function requireEigenvalue(options: SearchOptions, label: Label): void {
  const { method, epochs, alphaWarmUp, eigenvalueWindow: window, eigenvalueStart: start } = options;
  if (samplingMethods.some((name) => name === method)) {
    throw new InputError(
      `${label('eigenvalueStop')} is for methods whose weights are a function of α alone: ${method} draws them`,
    );
  }
  const least = leastEpochs({ window, start }, alphaWarmUp);
  if (epochs < least) {
    throw new InputError(
      `${label('eigenvalueStop')} could not act: with ${label('eigenvalueWindow')} ${window} and ` +
        `${label('eigenvalueStart')} ${start} it needs ${least} ${label('epochs')}, got ${epochs}`,
    );
  }
}

interface Dependency {
  readonly names: readonly (keyof SearchOptions)[];
  readonly isRead: (options: SearchOptions) => boolean;
  readonly need: (label: Label) => string;
}

const dependencies: readonly Dependency[] = [
  {
    names: ['eigenvalueWindow', 'eigenvalueRatio', 'eigenvalueStart'],
    isRead: ({ eigenvalueStop }) => eigenvalueStop,
    need: (label) => label('eigenvalueStop'),
  },
  {
    names: ['projectionTune', 'projectionBatches'],
    isRead: ({ select }) => select === 'projection',
    need: (label) => `${label('select')} projection`,
  },
  {
    names: ['momentum'],
    isRead: ({ optimizer }) => optimizer === 'sgd',
    need: (label) => `${label('optimizer')} sgd`,
  },
  {
    names: ['alphaBeta1', 'alphaBeta2'],
    isRead: ({ alphaOptimizer }) => alphaOptimizer === 'adam' || alphaOptimizer === 'adamw',
    need: (label) => `${label('alphaOptimizer')} adam or adamw`,
  },
];

/**
 * @param given options that somebody has given
 * @throws InputError where nothing reads one of them
 */
export function requireRead(
  given: Partial<SearchOptions>,
  options: SearchOptions,
  label: Label = plainly,
): void {
  for (const { names, isRead, need } of dependencies) {
    const name = names.find((known) => given[known] !== undefined);
    if (name && !isRead(options)) throw new InputError(`${label(name)} is only read with ${need(label)}`);
  }
}
