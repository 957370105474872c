/** The servers that are compared: how each is started and asked. */
import { type BodyKind, fastapiMessages, type Message, nasMessages, type Sample } from './bodies.ts';
import type { BenchModel } from './models.ts';
import { type ServerProcess, startFastapi, startNas } from './servers.ts';

export interface Contestant {
  readonly name: string;
  start(model: BenchModel): Promise<ServerProcess>;
  message(kind: BodyKind, sample: Sample, model: BenchModel): Message;
}

export const nas = (options: readonly string[]): Contestant => ({
  name: 'nas serve',
  start: (model) => startNas(model.folder, options),
  message: (kind, sample, { name, shape }) => nasMessages[kind](sample, shape, name),
});

/** One process lets onnxruntime use all cores for a run; several get one thread each. */
export const fastapi = (python: string, processes: number): Contestant => ({
  name: processes === 1 ? 'FastAPI' : `FastAPI, ${processes} processes`,
  start: ({ path }) => startFastapi(path, { python, processes, threads: processes === 1 ? 0 : 1 }),
  message: (kind, sample, { name, shape }) => fastapiMessages[kind](sample, shape, name),
});
