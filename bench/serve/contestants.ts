/** The servers that are compared: how each is started and asked. */
import { type BodyKind, fastapiMessages, type Message, nasMessages, type Sample } from './bodies.ts';
import type { BenchModel } from './models.ts';
import { type ServerProcess, startFastapi, startNas } from './servers.ts';

export interface Contestant {
  readonly name: string;
  readonly ours: boolean;
  start(model: BenchModel): Promise<ServerProcess>;
  message(kind: BodyKind, sample: Sample, model: BenchModel): Message;
}

/** One instance is the server as it comes; several get one thread each. */
export const nas = (instances: number, options: readonly string[]): Contestant => ({
  name: instances === 1 ? 'nas serve' : `nas serve, ${instances} instances`,
  ours: true,
  start: ({ folder }) => {
    const split = instances === 1 ? [] : ['--instances', String(instances), '--threads', '1'];
    return startNas(folder, [...split, ...options]);
  },
  message: (kind, sample, { name, shape }) => nasMessages[kind](sample, shape, name),
});

/** One process lets onnxruntime use all cores for a run; several get one thread each. */
export const fastapi = (python: string, processes: number): Contestant => ({
  name: processes === 1 ? 'FastAPI' : `FastAPI, ${processes} processes`,
  ours: false,
  start: ({ path }) => startFastapi(path, { python, processes, threads: processes === 1 ? 0 : 1 }),
  message: (kind, sample, { name, shape }) => fastapiMessages[kind](sample, shape, name),
});
