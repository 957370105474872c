/** The body of `POST …/infer` and of its answer. */

import type { NamedTensors, Tensor, TensorSignature } from '../tensor.ts';
import { errors, show } from './errors.ts';
import { decodeTensor, encodeTensor, type TensorObject } from './tensor.ts';

export interface InferRequest {
  /** Chosen by the client, echoed in the answer. */
  readonly id: string | undefined;
  readonly inputs: NamedTensors;
  /** The names of the outputs to answer, in this order. */
  readonly outputs: readonly string[];
}

/** What a model takes and gives. */
export interface Signature {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
}

/** Reads a request for a model of this signature. Throws a 400 that says what was expected. */
export function decodeInferRequest(body: Uint8Array, signature: Signature): InferRequest {
  const request = parseObject(body);
  const { id, inputs, outputs } = request;
  if (id !== undefined && typeof id !== 'string') throw errors.invalid('id', 'a string', show(id));
  return {
    id,
    inputs: decodeInputs(namedObjects(inputs, 'inputs'), signature.inputs),
    outputs: decodeOutputs(namedObjects(outputs ?? [], 'outputs'), signature.outputs),
  };
}

/** The answer, as JSON text. */
export function encodeInferResponse(
  model: { readonly name: string; readonly version: string },
  request: Pick<InferRequest, 'id' | 'outputs'>,
  results: NamedTensors,
): string {
  const start = JSON.stringify({ model_name: model.name, model_version: model.version, id: request.id });
  const outputs = request.outputs.map((name) => encodeTensor(name, resultOf(results, name)));
  return `${start.slice(0, -1)},"outputs":[${outputs.join(',')}]}`;
}

function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  const value = parseJson(body);
  if (isObject(value)) return value;
  throw errors.invalid('body', 'a JSON object', show(value));
}

function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) throw errors.invalid('body', 'a JSON object', 'nothing');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // The parser's own message is left out: it quotes the body.
    throw errors.invalid('body', 'a JSON object', 'text that is not JSON in UTF-8');
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The objects of a list by their names, each of which may appear once. */
function namedObjects(list: unknown, field: string): Map<string, TensorObject> {
  if (!Array.isArray(list)) throw errors.invalid(field, 'an array', show(list));
  const objects = new Map<string, TensorObject>();
  list.forEach((object: unknown, i) => {
    if (!isNamed(object)) throw errors.invalid(`${field}[${i}]`, 'an object with a name', show(object));
    if (objects.has(object.name)) {
      throw errors.invalid(`${field}[${i}]`, 'a name not used before', show(object.name));
    }
    objects.set(object.name, object);
  });
  return objects;
}

const isNamed = (value: unknown): value is TensorObject => isObject(value) && typeof value.name === 'string';

function decodeInputs(
  objects: ReadonlyMap<string, TensorObject>,
  signatures: readonly TensorSignature[],
): Map<string, Tensor> {
  const got = namesIn([...objects.values()]);
  requireKnown('inputs', objects, signatures);
  return new Map(
    signatures.map((signature) => {
      const object = objects.get(signature.name);
      if (!object) throw errors.invalid('inputs', `input ${show(signature.name)} among them`, got);
      return [signature.name, decodeTensor(object, signature)];
    }),
  );
}

/** The names of the outputs that were asked for: all of them if none was. */
function decodeOutputs(
  objects: ReadonlyMap<string, TensorObject>,
  signatures: readonly TensorSignature[],
): readonly string[] {
  requireKnown('outputs', objects, signatures);
  return objects.size > 0 ? [...objects.keys()] : signatures.map(({ name }) => name);
}

function requireKnown(
  field: string,
  objects: ReadonlyMap<string, TensorObject>,
  signatures: readonly TensorSignature[],
): void {
  for (const name of objects.keys()) {
    const known = signatures.some((signature) => signature.name === name);
    if (!known) throw errors.invalid(field, `names among ${namesIn(signatures)}`, show(name));
  }
}

const namesIn = (named: readonly { readonly name: string }[]): string =>
  named.map(({ name }) => show(name)).join(', ') || 'nothing';

function resultOf(results: NamedTensors, name: string): Tensor {
  const tensor = results.get(name);
  if (!tensor) throw new Error(`the session left out the output ${name}`);
  return tensor;
}
