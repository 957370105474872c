/** The options of `npm run bench -- serve`. */
import { count, type Kind, nonNegative, numberFrom } from '../../src/kinds.ts';
import { listOf, type OptionsOf, option, orNone, python, someOf } from '../harness/options.ts';
import { bodyKinds } from './bodies.ts';
import { benchModelNames } from './models.ts';

/** A number, or as many as the server chooses. */
export type Instances = number | 'auto';

const instances: Kind<Instances> = {
  expected: `auto or ${count.expected}`,
  read: (word) => (word === 'auto' ? word : count.read(word)),
  accepts: (value): value is Instances => value === 'auto' || count.accepts(value),
};

/**
 * `--models fashion-mnist,darts-v2 --bodies json,binary,png --connections 1,8,64 --run-in 10 --seconds 3 --warmup 1 --rounds 3
 * --instances auto --peers 1,2 --python PATH --nas "--max-batch-size 8"`.
 */
export const serveBenchOptions = {
  models: someOf(benchModelNames),
  bodies: someOf(bodyKinds),
  connections: listOf(count, '1,8,64'),
  seconds: option(numberFrom(0.1), 3),
  /** Seconds of load that come before all rounds of a kind of body, and are not measured. */
  runIn: option(nonNegative, 10),
  warmup: option(nonNegative, 1),
  rounds: option(count, 3),
  /** Instances of the model in `nas serve`, each choice a contestant of its own. */
  instances: listOf(instances, 'auto'),
  /** Processes of the FastAPI server, each choice a contestant of its own; none: it is left out. */
  peers: orNone(listOf(count, '1,2')),
  python,
  /** Further options of `nas serve`. */
  nas: (given = ''): readonly string[] => given.split(' ').filter((word) => word !== ''),
};

export type ServeBenchOptions = OptionsOf<typeof serveBenchOptions>;
