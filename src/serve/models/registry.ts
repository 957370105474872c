/**
 * The models that are served now. Loading and unloading swap whole models; a request keeps the one that it began
 * with until it is answered, so neither loses a request.
 */

import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { InputError, messageOf } from '../../errors.ts';
import { errors } from '../protocol/errors.ts';
import { createThreads } from '../workers/threads.ts';
import { configDefaults, type ModelConfig, parseConfig } from './config.ts';
import { isReady, type LoadOptions, loadModel, type Model, type Warn } from './model.ts';
import {
  type FoundModel,
  findModels,
  lookInto,
  noModels,
  type Repository,
  type VersionFile,
} from './repository.ts';

/** A row of the repository's index. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: State;
  /** Why it is not ready; empty where it is. */
  readonly reason: string;
}

export type State = 'READY' | 'LOADING' | 'UNLOADING' | 'UNAVAILABLE';

export interface Registry {
  /** The loaded models, by name and version. */
  models(): Model[];
  /** The loaded versions of a model, oldest first. */
  versionsOf(name: string): readonly string[];
  /**
   * The model of a name and a version, by default the latest.
   * @throws ProtocolError 404 that lists what there is, 503 for one that is there and not loaded
   */
  find(name: string, version?: string): Model;
  /** Keeps a model from being released until the work is done. */
  using<T>(model: Model, work: () => Promise<T>): Promise<T>;
  /** Whether all models that are to be served are. */
  isReady(): boolean;
  /** Every version of every model that is served or in the repository, loaded or not. */
  index(): Promise<IndexEntry[]>;
  /**
   * Loads a model of the repository, or loads it again. What it replaces answers what it has taken.
   * @param config a text in place of its `config.json`
   * @throws ProtocolError 404 where there is none of the name, 400 where it cannot be loaded: what was served still is
   */
  load(name: string, config?: string): Promise<void>;
  /** Stops serving a model, after the answers that are due. Throws a 404 where there is none of the name. */
  unload(name: string): Promise<void>;
  /** Brings the models up to what the repository holds. What has changed is loaded when it has ceased to change. */
  poll(): Promise<void>;
  /** Releases all models, after the answers that are due. */
  close(): Promise<void>;
}

export interface RegistryOptions {
  /** How models are served whose `config.json` does not say. */
  readonly defaults?: Partial<ModelConfig>;
  /** Rows of a batch where `max_batch_size` is not configured and batches are possible; 0: none; by default measured. */
  readonly usualBatchSize?: number | undefined;
  readonly warn?: Warn;
  /** Is told what is loaded and unloaded. */
  readonly info?: (message: string) => void;
  /** Whether `poll` will be called: then what is not there yet, or cannot be loaded, is no reason not to begin. */
  readonly polls?: boolean;
}

interface Entry {
  readonly name: string;
  /** Loaded versions, oldest first. */
  models: readonly Model[];
  /** Other versions, and why they are not loaded. */
  others: readonly Omit<IndexEntry, 'name'>[];
  /** What of the repository was loaded last, or tried. */
  fingerprint: string;
  /** Whether it is to be served: once it was loaded, until it is unloaded. */
  wanted: boolean;
  /** Changes of one model happen one after the other. */
  change: Promise<void>;
}

const notLoaded = { state: 'UNAVAILABLE', reason: 'it has not been loaded' } as const;

const indexOf = ({ name, models, others }: Entry): IndexEntry[] => [
  ...others.map((other) => ({ name, ...other })),
  ...models.map(
    ({ version, session }): IndexEntry =>
      session.failure
        ? { name, version, state: 'UNAVAILABLE', reason: session.failure.message }
        : { name, version, state: 'READY', reason: '' },
  ),
];

/** Opens the models at a path, unless it polls all of them or none: the first that cannot be loaded is the error. */
export async function openRegistry(path: string, options: RegistryOptions = {}): Promise<Registry> {
  const { warn = () => {}, info = () => {}, polls = false, usualBatchSize } = options;
  const defaults: ModelConfig = { ...configDefaults, ...options.defaults };
  /** As many as one model that is loaded again leaves idle. */
  const threads = createThreads(availableParallelism());
  const entries = new Map<string, Entry>();
  const users = new Map<Model, { count: number; idle?: () => void }>();
  const leaving = new Set<Promise<void>>();
  /** The fingerprints of the last poll. */
  let seen = new Map<string, string>();

  const entryOf = (name: string): Entry => {
    let entry = entries.get(name);
    if (!entry) {
      entry = { name, models: [], others: [], fingerprint: '', wanted: false, change: Promise.resolve() };
      entries.set(name, entry);
    }
    return entry;
  };

  /** Releases a model that is not found any more, once nobody uses it. */
  const retire = (model: Model): Promise<void> => {
    const done = (async () => {
      const use = users.get(model);
      if (use) {
        await new Promise<void>((resolve) => {
          use.idle = resolve;
        });
      }
      await model.session.close();
    })().finally(() => leaving.delete(done));
    leaving.add(done);
    return done;
  };

  const change = (entry: Entry, work: () => Promise<void>): Promise<void> => {
    const done = entry.change.then(work);
    entry.change = done.catch(() => {});
    return done;
  };

  const loadFound = (found: FoundModel, configText?: string): Promise<void> => {
    const entry = entryOf(found.name);
    return change(entry, async () => {
      // While this waited, the model may have been unloaded and forgotten.
      entries.set(entry.name, entry);
      entry.fingerprint = found.fingerprint;
      const before = entry.models;
      const loadedNow = new Set(before.map(({ version }) => version));
      entry.others = found.versions
        .filter(({ version }) => !loadedNow.has(version))
        .map(({ version }) => ({ version, state: 'LOADING', reason: 'it is being loaded' }));
      for (const file of found.ignored)
        warn(`${file} is not read; how to serve a model stands in config.json`);
      try {
        const models = await loadVersions(found, defaults, { warn, usualBatchSize, threads }, configText);
        entry.models = models;
        entry.wanted = true;
        entry.others = found.versions
          .filter(({ version }) => !models.some((model) => model.version === version))
          .map(({ version }) => ({
            version,
            state: 'UNAVAILABLE',
            reason: 'versions of config.json leaves it out',
          }));
      } catch (error) {
        const reason = messageOf(error);
        entry.others = entry.others.map(({ version }) => ({ version, state: 'UNAVAILABLE', reason }));
        throw error;
      }
      for (const model of before) void retire(model);
      const loaded = entry.models.map(({ version }) => version).join(', ');
      info(`model ${entry.name}: ${loaded} loaded${before.length > 0 ? ', in place of what was' : ''}`);
    });
  };

  const loadIfPossible = (found: FoundModel): Promise<void> =>
    loadFound(found).catch((error) => warn(`model ${found.name} could not be loaded: ${messageOf(error)}`));

  /** What cannot be read is there, nevertheless: what was loaded of it is kept. */
  const sayProblems = (problems: Repository['problems'], before: ReadonlyMap<string, string>): void => {
    for (const [name, { message }] of problems) {
      seen.set(name, message);
      if (before.get(name) !== message) warn(`model ${name} cannot be loaded: ${message}`);
    }
  };

  const unloadEntry = (entry: Entry, reason: string, ended = (): void => {}): Promise<void> =>
    change(entry, async () => {
      const { models } = entry;
      entry.wanted = false;
      const all = [...models.map(({ version }) => version), ...entry.others.map(({ version }) => version)];
      entry.models = [];
      entry.others = all.map((version) => ({ version, state: 'UNLOADING', reason }));
      await Promise.all(models.map(retire));
      entry.others = all.map((version) => ({ version, state: 'UNAVAILABLE', reason }));
      ended();
    });

  const findInRepository = async (name: string): Promise<FoundModel> => {
    const { models, problems } = await lookInto(path);
    const model = models.find((candidate) => candidate.name === name);
    if (model) return model;
    const known = models.map((candidate) => candidate.name);
    throw problems.get(name) ?? errors.unknownModel(name, known);
  };

  const close = async (): Promise<void> => {
    await Promise.all([...entries.values()].map((entry) => unloadEntry(entry, 'the server is stopping')));
    await Promise.all(leaving);
    await threads.close();
  };

  const { models: initial, problems } = polls
    ? await lookInto(path)
    : { models: await findModels(path), problems: new Map<string, InputError>() };
  if (initial.length === 0 && !polls) throw noModels(path);
  seen = new Map(initial.map(({ name, fingerprint }) => [name, fingerprint]));
  sayProblems(problems, new Map());
  const results = await Promise.allSettled(
    initial.map((found) => (polls ? loadIfPossible(found) : loadFound(found))),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    await close();
    throw failed.reason;
  }

  return {
    models: () => [...entries.values()].flatMap((entry) => entry.models),
    versionsOf: (name) => entries.get(name)?.models.map(({ version }) => version) ?? [],
    find(name, version) {
      const entry = entries.get(name);
      const models = entry?.models ?? [];
      const model =
        version === undefined ? models.at(-1) : models.find((candidate) => candidate.version === version);
      if (model) return model;
      const other =
        version === undefined
          ? entry?.others.at(-1)
          : entry?.others.find((candidate) => candidate.version === version);
      if (other) throw errors.unavailable(name, other.reason);
      const versions = models.map((candidate) => candidate.version);
      if (version !== undefined && versions.length > 0) throw errors.unknownVersion(name, version, versions);
      throw errors.unknownModel(name, [...entries.keys()]);
    },
    async using(model, work) {
      const use = users.get(model) ?? { count: 0 };
      users.set(model, use);
      use.count += 1;
      try {
        return await work();
      } finally {
        use.count -= 1;
        if (use.count === 0) {
          users.delete(model);
          use.idle?.();
        }
      }
    },
    isReady: () =>
      [...entries.values()].every(
        ({ wanted, models }) => !wanted || (models.length > 0 && models.every(isReady)),
      ),
    async index() {
      // The repository may be gone meanwhile: what is served is served all the same.
      const { models: found } = await lookInto(path).catch(() => ({ models: [] }));
      const known = [...entries.values()].flatMap(indexOf);
      const isNew = (one: IndexEntry): boolean =>
        known.every(({ name, version }) => name !== one.name || version !== one.version);
      const inRepository = found.flatMap(({ name, versions }) =>
        versions.map(({ version }) => ({ name, version, ...notLoaded })),
      );
      return [...known, ...inRepository.filter(isNew)];
    },
    async load(name, config) {
      const found = await asProtocolError(findInRepository(name), name);
      await asProtocolError(loadFound(found, config), name);
    },
    async unload(name) {
      const entry = entries.get(name);
      if (!entry) throw errors.unknownModel(name, [...entries.keys()]);
      await unloadEntry(entry, 'it was unloaded');
      info(`model ${name} is unloaded`);
    },
    async poll() {
      const { models, problems } = await lookInto(path);
      const before = seen;
      seen = new Map(models.map(({ name, fingerprint }) => [name, fingerprint]));
      sayProblems(problems, before);
      for (const model of models) {
        const { name, fingerprint } = model;
        const loaded = entries.get(name)?.fingerprint;
        // Of a file that is being written, only the beginning is there: it is let be until it rests.
        if (loaded === fingerprint || before.get(name) !== fingerprint) continue;
        await loadIfPossible(model);
      }
      for (const entry of entries.values()) {
        if (seen.has(entry.name) || before.has(entry.name)) continue;
        warn(`model ${entry.name} is unloaded: it is not in the repository any more`);
        await unloadEntry(entry, 'it is not in the repository any more', () => entries.delete(entry.name));
      }
    },
    close,
  };
}

/** All of the versions that are to be served, or none. */
async function loadVersions(
  { name, versions, config: file }: FoundModel,
  defaults: ModelConfig,
  options: LoadOptions,
  configText?: string,
): Promise<Model[]> {
  const text = configText ?? (file && (await readFile(file, 'utf8')));
  const where = configText === undefined ? (file ?? name) : `the config of the request`;
  const config = text === undefined ? defaults : parseConfig(text, where, defaults);
  const wanted = wantedVersions(versions, config.versions, where);
  const models: Model[] = [];
  try {
    // One after the other: loading takes all cores, and the models that are served already need some.
    for (const each of wanted)
      models.push(await loadModel({ name, ...each }, config, { ...options, configuredBy: where }));
    return models;
  } catch (error) {
    await Promise.all(models.map(({ session }) => session.close()));
    throw error;
  }
}

function wantedVersions(
  versions: readonly VersionFile[],
  wanted: ModelConfig['versions'],
  where: string,
): readonly VersionFile[] {
  if (wanted === 'all') return versions;
  if (wanted === 'latest') return versions.slice(-1);
  const there = versions.map(({ version }) => version);
  const absent = wanted.find((version) => !there.includes(version));
  if (absent !== undefined) {
    throw new InputError(`${where}: versions: expected some of ${there.join(', ')}, got ${absent}`);
  }
  return versions.filter(({ version }) => wanted.includes(version));
}

/** What a client is told of a repository that is not as it should be. */
async function asProtocolError<T>(work: Promise<T>, name: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof InputError ? errors.notLoaded(name, error.message) : error;
  }
}
