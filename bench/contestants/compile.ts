/** Compiles the two steps of a search as a search does; how long each phase takes the engine says itself. */
import * as ort from 'onnxruntime-node';
import { phaseName } from '../../src/engine/compile-phases.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { searchSteps } from '../../src/search/steps.ts';
import { answer } from '../harness/answer.ts';
import { alternativeCounts, type OperatorCounts } from '../harness/operators.ts';
import { type SearchProblem, supernetOf } from '../harness/search-problem.ts';

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
  const { options, image, threads } = request;
  const supernet = supernetOf(request);
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
