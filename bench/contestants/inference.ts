/** Two ONNX files in onnxruntime with the options of `nas serve`, both in this process, run in strict turn. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../../src/random.ts';
import * as ort from '../../src/runtime.ts';
import { answer } from '../harness/answer.ts';
import { withFolder } from '../harness/folder.ts';
import { type OperatorCounts, operatorCounts } from '../harness/operators.ts';
import { pause } from '../harness/pause.ts';

ort.env.logLevel = 'fatal';

interface Loading {
  readonly models: readonly { readonly name: string; readonly file: string }[];
  readonly threads: number;
}

interface Running {
  /** Of the input. */
  readonly shape: readonly number[];
  /** Runs in one turn, of which the mean is taken, after one that wakes the threads up. */
  readonly runs: number;
  readonly turns: number;
  readonly seed: number;
}

export interface Runs {
  /** Milliseconds of a run in each turn but the first, by model. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** The largest one of an element of the two outputs. */
  readonly difference: number;
}

const sessionOptions = ({ threads }: Loading) =>
  ({ intraOpNumThreads: threads, logSeverityLevel: 4 }) as const;

/** Each session has threads of its own, which spin for a while after a run: not at the other's expense. */
const settle = 10;

let sessions: readonly (readonly [name: string, session: ort.InferenceSession])[] = [];

/** The operators of each model after onnxruntime's optimisation. */
const operators = (loading: Loading): Promise<Record<string, OperatorCounts>> =>
  withFolder(async (folder) => {
    const optimizedModelFilePath = join(folder, 'optimized.onnx');
    const counts: Record<string, OperatorCounts> = {};
    for (const { name, file } of loading.models) {
      const options = { ...sessionOptions(loading), optimizedModelFilePath };
      await (await ort.InferenceSession.create(file, options)).release();
      counts[name] = operatorCounts(readFileSync(optimizedModelFilePath));
    }
    return counts;
  });

async function load(loading: Loading): Promise<object> {
  const create = async ({ name, file }: Loading['models'][number]) =>
    [name, await ort.InferenceSession.create(file, sessionOptions(loading))] as const;
  sessions = await Promise.all(loading.models.map(create));
  return {};
}

async function run({ shape, runs, turns, seed }: Running): Promise<Runs> {
  const generator = random(seed, 'pixels');
  const size = shape.reduce((a, b) => a * b, 1);
  const pixels = Float32Array.from({ length: size }, () => generator.uniform());
  const feeds = { image: new ort.Tensor('float32', pixels, shape) };
  const samples = Object.fromEntries(sessions.map(([name]) => [name, [] as number[]]));
  const outputs: Record<string, Float32Array> = {};
  for (let turn = 0; turn <= turns; turn++) {
    // The one that begins changes, so that neither always follows the other.
    for (const [name, session] of turn % 2 === 0 ? sessions : sessions.toReversed()) {
      await pause(settle);
      outputs[name] = (await session.run(feeds)).logits?.data as Float32Array;
      const begin = performance.now();
      for (let i = 0; i < runs; i++) await session.run(feeds);
      if (turn > 0) samples[name]?.push((performance.now() - begin) / runs);
    }
  }
  const [a, b] = Object.values(outputs) as [Float32Array, Float32Array];
  const difference = a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] as number))), 0);
  return { samples, difference };
}

await answer({ operators, load, run });
