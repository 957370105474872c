import { readFile } from 'node:fs/promises';
import { InputError, messageOf } from '../errors.ts';
import { type ModelMetadata, metadataFromProps } from '../onnx/metadata.ts';
import { readModelInfo } from '../onnx/serde.ts';
import { datatypes } from './protocol/datatypes.ts';
import { errors } from './protocol/errors.ts';
import { compareVersions, type ModelFile } from './repository.ts';
import { openSession, type Session } from './session.ts';
import { type NamedTensors, sizeOf, type Tensor, type TensorSignature } from './tensor.ts';

/** One version of one served model. */
export interface Model {
  readonly name: string;
  readonly version: string;
  /** What the model says about itself, as far as it was written by onnx-nas. Its values are not checked. */
  readonly metadata: Partial<ModelMetadata>;
  readonly session: Session;
}

/** Loads a model file. Throws an {@link InputError} if it is not a model that can be served. */
export async function loadModel(file: ModelFile, threads?: number): Promise<Model> {
  const { name, version, path } = file;
  const metadata = metadataFromProps(await propsOf(path));
  return { name, version, metadata, session: await openSession({ path, threads }) };
}

async function propsOf(path: string): Promise<Record<string, string>> {
  try {
    return readModelInfo(await readFile(path)).metadata;
  } catch (error) {
    throw new InputError(`${path}: cannot read the model: ${messageOf(error)}`);
  }
}

/**
 * Runs a model once on zeros, a batch of one, so that no client waits for what the first run sets up. A model whose
 * other sizes vary, too, may not take them as one and serve well all the same: a failure is returned, not thrown.
 */
export async function warmUp({ session }: Model): Promise<Error | undefined> {
  try {
    await session.infer(new Map(session.inputs.map((input) => [input.name, zeros(input)])));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error));
  }
}

function zeros({ dtype, shape }: TensorSignature): Tensor {
  const lengths = shape.map((dimension) => (typeof dimension === 'number' ? dimension : 1));
  return { dtype, shape: lengths, data: datatypes[dtype].zeros(sizeOf(lengths)) };
}

/** Whether a model answers inferences. */
export const isReady = ({ session }: Model): boolean => session.failure === undefined;

/** The versions of a model, oldest first. */
export const versionsOf = (models: Iterable<Model>, name: string): string[] =>
  [...models]
    .filter((model) => model.name === name)
    .map(({ version }) => version)
    .sort(compareVersions);

/** The model of a name and a version, by default the latest. Throws a 404 that lists what there is. */
export function findModel(models: Iterable<Model>, name: string, version?: string): Model {
  const versions = versionsOf(models, name);
  const wanted = version ?? versions.at(-1);
  for (const model of models) if (model.name === name && model.version === wanted) return model;
  if (version !== undefined && versions.length > 0) throw errors.unknownVersion(name, version, versions);
  throw errors.unknownModel(name, [...new Set([...models].map((model) => model.name))]);
}

/** Runs a model. A run that fails is a 500; a session that cannot run (any more) is a 503. */
export async function infer(
  { name, session }: Model,
  inputs: NamedTensors,
  outputs: readonly string[],
): Promise<NamedTensors> {
  try {
    return await session.infer(inputs, outputs);
  } catch (error) {
    const maker = session.failure ? errors.unavailable : errors.inferenceFailed;
    throw maker(name, messageOf(error));
  }
}
