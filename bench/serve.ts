/**
 * `nas serve` against FastAPI + uvicorn + onnxruntime in Python, and against the limit of both, onnxruntime in a loop
 * without HTTP. Client and server share the machine's cores, as the table says.
 */

import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { softmax } from '../src/softmax.ts';
import { withFolder } from './harness/folder.ts';
import { readOptions } from './harness/options.ts';
import { requirePython } from './harness/python.ts';
import type { Benchmark } from './run.ts';
import { type BodyKind, readAnswer, type Sample, samplesOf, wireOf } from './serve/bodies.ts';
import { inProcess } from './serve/child.ts';
import { type Contestant, fastapi, nas } from './serve/contestants.ts';
import type { LoadResult } from './serve/load.ts';
import type { LoadMessage } from './serve/load-process.ts';
import { rawLogits } from './serve/logits.ts';
import { type BenchModel, writeModels } from './serve/models.ts';
import { type ServeBenchOptions, serveBenchOptions } from './serve/options.ts';
import { processorSeconds } from './serve/processor.ts';
import { limiting, measureRaw, type RawMeasurement, runRaw } from './serve/raw.ts';
import type { ServerProcess } from './serve/servers.ts';
import { serveTable } from './serve/table.ts';

/** One round of one contestant under one load. */
export interface Measurement extends LoadResult {
  readonly contestant: string;
  /** Whether it is `nas serve`. */
  readonly ours: boolean;
  readonly body: BodyKind;
  readonly connections: number;
  /** Processor time of the server while measuring and warming up, in seconds; absent where the system does not tell. */
  readonly serverCpu?: number;
}

/** One round of onnxruntime's own loop, in turn with the contestants under that load. */
export interface Limit extends RawMeasurement {
  readonly body: BodyKind;
  readonly connections: number;
}

export interface ModelResult {
  readonly model: string;
  readonly description: string;
  /** What the configuration of the limits was chosen by: noise favours the fastest of many, so these are not limits. */
  readonly raw: readonly RawMeasurement[];
  readonly limits: readonly Limit[];
  readonly measurements: readonly Measurement[];
}

const distinctImages = 16;
const rawSeconds = 1;
const tolerance = 1e-3;
/** After a load, threads that wait for work spin for some milliseconds: not at the next one's expense. */
const settle = 200;

const packages = ['fastapi', 'uvicorn', 'uvloop', 'httptools', 'onnxruntime', 'numpy', 'orjson', 'pillow'];
const modules = packages.map((name) => (name === 'pillow' ? 'PIL' : name));

const benchmark: Benchmark = {
  /** Options: {@link serveBenchOptions}. */
  async *run(args) {
    const options = readOptions(args, serveBenchOptions);
    const python = pythonOf(options);
    const peers = python === undefined ? [] : options.peers.map((processes) => fastapi(python, processes));
    const ours = options.instances.map((instances) => nas(instances, options.nas));
    const contestants = [...ours, ...peers];
    const results = await withFolder(async (folder) => {
      const compared: ModelResult[] = [];
      for (const model of writeModels(folder, options.models)) {
        compared.push(await compare(model, contestants, options));
      }
      return compared;
    });
    const configuration = {
      ...options,
      rawSeconds,
      cores: availableParallelism(),
      ...(python !== undefined && { versions: versionsOf(python) }),
    };
    yield { table: serveTable(results), configuration, results };
  },
};

export default benchmark;

/** The Python that runs the peers; undefined where there are none to run. */
const pythonOf = ({ peers, python }: ServeBenchOptions): string | undefined =>
  peers.length === 0 ? undefined : requirePython(python, modules, 'requirements-serve.txt');

/** What the peers are made of, by the names of the packages. */
function versionsOf(python: string): unknown {
  const program =
    'import sys, json, platform, importlib.metadata as m; ' +
    "print(json.dumps({'python': platform.python_version()} | {n: m.version(n) for n in sys.argv[1:]}))";
  return JSON.parse(execFileSync(python, ['-c', program, ...packages], { encoding: 'utf8' }));
}

async function compare(
  model: BenchModel,
  contestants: readonly Contestant[],
  options: ServeBenchOptions,
): Promise<ModelResult> {
  const samples = await samplesOf(model.shape, distinctImages);
  const expected = await rawLogits(model, samples);
  say(`${model.name}: onnxruntime alone`);
  const raw = await measureRaw(model, rawSeconds);
  const measurements: Measurement[] = [];
  const limits: Limit[] = [];
  const servers: ServerProcess[] = [];
  try {
    for (const contestant of contestants) servers.push(await contestant.start(model));
    for (const body of options.bodies) {
      for (const [i, contestant] of contestants.entries()) {
        const server = servers[i] as ServerProcess;
        await check(contestant, server, body, model, samples, expected);
        await runIn(server, requestsOf(contestant, body, samples, model), options);
      }
      for (const connections of options.connections) {
        for (let round = 0; round < options.rounds; round++) {
          await sleep(settle);
          const limit = await runRaw(model, limiting(raw, connections), options.seconds);
          limits.push({ body, connections, ...limit });
          for (const [i, contestant] of contestants.entries()) {
            const server = servers[i] as ServerProcess;
            const requests = requestsOf(contestant, body, samples, model);
            const measured = await measure(server, requests, connections, options);
            measurements.push({
              contestant: contestant.name,
              ours: contestant.ours,
              body,
              connections,
              ...measured,
            });
            const rate = (measured.answers / measured.seconds).toFixed(0);
            say(
              `${model.name}, ${body}, ${connections} connections, round ${round + 1}: ${contestant.name} ${rate}/s`,
            );
          }
        }
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  return { model: model.name, description: model.description, raw, limits, measurements };
}

const requestsOf = (
  contestant: Contestant,
  body: BodyKind,
  samples: readonly Sample[],
  model: BenchModel,
): readonly Buffer[] => samples.map((sample) => wireOf(contestant.message(body, sample, model)));

/** A load that is not measured: servers are measured as they run for days, with their hot code compiled. */
async function runIn(
  server: ServerProcess,
  requests: readonly Buffer[],
  options: ServeBenchOptions,
): Promise<void> {
  if (options.runIn === 0) return;
  await measure(server, requests, Math.max(...options.connections), { warmup: 0, seconds: options.runIn });
}

async function measure(
  { port, pid }: ServerProcess,
  requests: readonly Buffer[],
  connections: number,
  { seconds, warmup }: Pick<ServeBenchOptions, 'seconds' | 'warmup'>,
): Promise<LoadResult & { serverCpu?: number }> {
  await sleep(settle);
  const before = processorSeconds(pid);
  const message: LoadMessage = {
    port,
    connections,
    seconds,
    warmup,
    requests: requests.map((request) => request.toString('base64')),
  };
  const result = await inProcess<LoadResult>('load-process.ts', message);
  const after = processorSeconds(pid);
  return before === undefined || after === undefined ? result : { ...result, serverCpu: after - before };
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Nothing is timed that does not answer rightly. */
async function check(
  contestant: Contestant,
  { url }: ServerProcess,
  body: BodyKind,
  model: BenchModel,
  samples: readonly Sample[],
  expected: readonly (readonly number[])[],
): Promise<void> {
  for (const [i, sample] of samples.entries()) {
    const message = contestant.message(body, sample, model);
    const response = await fetch(url + message.path, {
      method: 'POST',
      headers: message.headers,
      body: message.body,
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const refuse = (what: string): never => {
      throw new Error(`${contestant.name}, ${model.name}, ${body}, image ${i}: ${what}`);
    };
    if (!response.ok) refuse(`status ${response.status}: ${bytes.toString()}`);
    const said = readAnswer(body, response.headers, bytes);
    const logits = expected[i] ?? [];
    const difference =
      'logits' in said
        ? Math.max(...logits.map((value, at) => Math.abs(value - (said.logits[at] ?? Number.NaN))))
        : Math.abs((softmax(logits)[said.index] ?? Number.NaN) - said.probability);
    if (!(difference <= tolerance)) refuse(`differs by ${difference} from onnxruntime's own answer`);
  }
}
