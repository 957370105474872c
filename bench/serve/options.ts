/** The options of `npm run bench -- serve`. */
import { listOf, number, type OptionsOf, orNone, someOf, text, whole } from '../harness/options.ts';
import { bodyKinds } from './bodies.ts';
import { benchModelNames } from './models.ts';

/** A number, or as many as the server chooses. */
export type Instances = number | 'auto';

/**
 * `--models fashion-mnist,darts-v2 --bodies json,binary,png --connections 1,8,64 --run-in 10 --seconds 3 --warmup 1 --rounds 3
 * --instances auto --peers 1,2 --python PATH --nas "--max-batch-size 8"`.
 */
export const serveBenchOptions = {
  models: someOf(benchModelNames),
  bodies: someOf(bodyKinds),
  connections: listOf(whole(1), '1,8,64'),
  seconds: number(3, 0.1),
  /** Seconds of load that come before all rounds of a kind of body, and are not measured. */
  runIn: number(10),
  warmup: number(1),
  rounds: whole(3),
  /** Instances of the model in `nas serve`, each choice a contestant of its own. */
  instances: listOf<Instances>((given, flag) => (given === 'auto' ? given : whole(1)(given, flag)), 'auto'),
  /** Processes of the FastAPI server, each choice a contestant of its own; none: it is left out. */
  peers: orNone(listOf(whole(1), '1,2')),
  python: text,
  /** Further options of `nas serve`. */
  nas: (given = ''): readonly string[] => given.split(' ').filter((word) => word !== ''),
};

export type ServeBenchOptions = OptionsOf<typeof serveBenchOptions>;
