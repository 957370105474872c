/** Options of a search that contradict one another, or that nothing would read. */
import { InputError } from '../errors.ts';
import type { SearchOptions } from './options.ts';

/** How an option is called in messages. */
type Label = (name: string) => string;

const plainly: Label = (name) => name;

/** @throws InputError where the options contradict one another */
export function requireConsistent(
  { order, optimizer, precision, alphaWarmUp, epochs }: SearchOptions,
  label: Label = plainly,
): void {
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
