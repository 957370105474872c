/** The servers that are compared: how each is started and asked. */
import { type BodyKind, fastapiMessages, type Message, nasMessages, type Sample } from './bodies.ts';
import type { BenchModel } from './models.ts';
import type { Instances } from './options.ts';
import { type ServerProcess, startFastapi, startNas } from './servers.ts';

export interface Contestant {
  readonly name: string;
  readonly ours: boolean;
  start(model: BenchModel): Promise<ServerProcess>;
  message(kind: BodyKind, sample: Sample, model: BenchModel): Message;
}

/** `auto` is the server as it comes; a number of instances, each with its share of the cores. */
export const nas = (instances: Instances, options: readonly string[]): Contestant => ({
  name: instances === 'auto' ? 'nas serve' : `nas serve, instances: ${instances}`,
  ours: true,
  start: ({ folder }) => {
    const split = instances === 'auto' ? [] : ['--instances', String(instances)];
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
