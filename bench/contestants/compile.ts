/**
 * Compiles the two steps of a search as a search does; how long each phase takes the engine says itself. It is the built
 * package that does: the loader of the benchmarks wraps every function, which takes a sixth longer. Of the sources only types
 * are asked for, as a second copy of the modules beside it takes time, too.
 */
import * as ort from '../../src/runtime.ts';
import { answer } from '../harness/answer.ts';
import { alternativeCounts, type OperatorCounts } from '../harness/operators.ts';
import type { SearchProblem } from '../harness/search-problem.ts';

const built = (file: string) => import(new URL(`../../dist/${file}`, import.meta.url).href);

const { phaseName }: typeof import('../../src/engine/compile-phases.ts') =
  await built('engine/compile-phases.js');
const { onnxruntimeEngine }: typeof import('../../src/engine/onnxruntime.ts') =
  await built('engine/onnxruntime.js');
const { searchMethod }: typeof import('../../src/search/methods/index.ts') =
  await built('search/methods/index.js');
const { searchSpace }: typeof import('../../src/search/spaces.ts') = await built('search/spaces.js');
const { searchSteps }: typeof import('../../src/search/steps.ts') = await built('search/steps.js');
const { makeSupernet }: typeof import('../../src/search/supernet.ts') = await built('search/supernet.js');

type Request = SearchProblem & { readonly threads: number };

const phaseNames = [
  'trace',
  'simplification',
  'passes of alpha',
  'passes of weights',
  'serialisation',
  'session',
] as const;

export interface Compilation {
  readonly milliseconds: Readonly<Record<(typeof phaseNames)[number], number>>;
  /** Of the file that onnxruntime is given. */
  readonly bytes: number;
  readonly operators: Readonly<Record<'alpha' | 'weights', OperatorCounts>>;
}

/** What is handed to onnxruntime meanwhile, the last of it. */
async function modelOf(body: () => Promise<unknown>): Promise<Uint8Array> {
  const { create } = ort.InferenceSession;
  let last = new Uint8Array();
  ort.InferenceSession.create = ((
    model: Uint8Array<ArrayBuffer>,
    options: ort.InferenceSession.SessionOptions,
  ) => {
    last = model;
    return create.call(ort.InferenceSession, model, options);
  }) as typeof create;
  try {
    await body();
  } finally {
    ort.InferenceSession.create = create;
  }
  return last;
}

const millisecondsOf = (phase: string): number =>
  performance.getEntriesByName(phaseName(phase), 'measure').reduce((sum, { duration }) => sum + duration, 0);

async function compile(request: Request): Promise<Compilation> {
  const { options, image, classes, threads } = request;
  const { method } = options;
  if (method === 'random') throw new Error('random trains no supernet');
  const skeleton = { ...options, imageChannels: image.channels, classes };
  const supernet = makeSupernet(searchSpace(options.space), skeleton, searchMethod({ ...options, method }));
  const engine = await onnxruntimeEngine({ threads });
  const model = await modelOf(async () => {
    await (await engine.compileAll(searchSteps(supernet, options, image))).dispose();
  });
  const milliseconds = Object.fromEntries(phaseNames.map((phase) => [phase, millisecondsOf(phase)]));
  return {
    milliseconds: milliseconds as Compilation['milliseconds'],
    bytes: model.length,
    operators: alternativeCounts(model, ['alpha', 'weights']),
  };
}

await answer({ compile });
