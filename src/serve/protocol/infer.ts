/** The body of `POST …/infer` and of its answer: JSON, and behind it what is in bytes. */

import { setImmediate } from 'node:timers/promises';
import { isOfImageFormat } from '../../data/image-formats.ts';
import { isObject } from '../../objects.ts';
import type { NamedTensors, Tensor, TensorSignature } from '../tensor.ts';
import { decodeBytes, decodeElements, encodeBytes } from './binary.ts';
import { classified } from './classification.ts';
import { datatypes } from './datatypes.ts';
import { errors, show } from './errors.ts';
import { parseFloatArrays } from './float-arrays.ts';
import { parseObject } from './json.ts';
import { decodeTensor, encodeTensor, shapeIn, type TensorObject } from './tensor.ts';

export interface InferRequest {
  /** Chosen by the client, echoed in the answer. */
  readonly id: string | undefined;
  readonly inputs: NamedTensors;
  /** Images to be decoded into the input of that name. */
  readonly images: { readonly input: string; readonly files: readonly Uint8Array[] } | undefined;
  /** What to answer, in this order. */
  readonly outputs: readonly OutputRequest[];
  /** From 1, the most urgent; 0: the model's default. */
  readonly priority: number;
  /** Milliseconds; 0: the model's default. */
  readonly timeout: number;
}

export interface OutputRequest {
  readonly name: string;
  /** Whether it is to be answered in bytes. */
  readonly binary: boolean;
  /** How many classes to answer in place of the tensor; 0: the tensor. */
  readonly classes: number;
}

/** What a model takes and gives. */
export interface Signature {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  /** The input that takes image files in place of numbers, if one does. */
  readonly imageInput?: string | undefined;
}

/**
 * Reads a request for a model of this signature. Throws a 400 that says what was expected.
 *
 * @param headerLength the header Inference-Header-Content-Length: the bytes that are JSON, where not all are
 */
export function decodeInferRequest(
  body: Uint8Array,
  signature: Signature,
  headerLength?: string | undefined,
): InferRequest {
  const json = jsonLength(body, headerLength);
  if (json === 0 && headerLength !== undefined) return rawRequest(body, signature);
  const text = body.subarray(0, json);
  // Where one of them is no FP32, all numbers would be read for nothing.
  const floats = signature.inputs.every(({ dtype }) => dtype === 'float32');
  const request = (floats && parseFloatArrays(text)) || parseObject(text);
  const { id, inputs, outputs } = request;
  if (isGiven(id) && typeof id !== 'string') throw errors.invalid('id', 'a string', show(id));
  const parameters = parametersOf(request, 'parameters');
  const binary = flagOf(parameters, 'binary_data_output', 'parameters') ?? false;
  return {
    id: isGiven(id) ? (id as string) : undefined,
    ...decodeInputs(namedObjects(inputs, 'inputs'), signature, body.subarray(json)),
    outputs: decodeOutputs(
      namedObjects(isGiven(outputs) ? outputs : [], 'outputs'),
      signature.outputs,
      binary,
    ),
    priority: countOf(parameters, 'priority', 'parameters') ?? 0,
    // The protocol counts it in microseconds.
    timeout: (countOf(parameters, 'timeout', 'parameters') ?? 0) / 1000,
  };
}

export interface InferAnswer {
  readonly json: Buffer;
  /** What follows the JSON; empty: the answer is JSON alone. */
  readonly blobs: readonly Uint8Array[];
}

/**
 * The answer to a request. Where it is long it is written bit by bit, so that others get theirs meanwhile.
 *
 * @param labels name the classes of outputs that are asked for by classification
 */
export async function encodeInferResponse(
  model: { readonly name: string; readonly version: string },
  request: Pick<InferRequest, 'id' | 'outputs'>,
  results: NamedTensors,
  labels: readonly string[] = [],
): Promise<InferAnswer> {
  const start = JSON.stringify({ model_name: model.name, model_version: model.version, id: request.id });
  const blobs: Uint8Array[] = [];
  const json = createText(`${start.slice(0, -1)},"outputs":[`);
  for (const [i, { name, binary, classes }] of request.outputs.entries()) {
    if (i > 0) json.add(',');
    const result = resultOf(results, name);
    const tensor = classes > 0 ? classified(result, classes, labels) : result;
    if (binary) {
      const bytes = encodeBytes(tensor);
      blobs.push(bytes);
      const { dtype, shape } = tensor;
      const parameters = { binary_data_size: bytes.length };
      json.add(JSON.stringify({ name, datatype: datatypes[dtype].name, shape, parameters }));
    } else {
      for (const part of encodeTensor(name, tensor)) if (json.add(part)) await setImmediate();
    }
  }
  json.add(']}');
  return { json: json.bytes(), blobs };
}

/** Characters of text that are put together before they become bytes. */
const chunkLength = 2 ** 18;

/** A text as bytes; `add` says whether so much has been added that others ought to have their turn. */
function createText(start: string): { add(part: string): boolean; bytes(): Buffer } {
  const chunks: Buffer[] = [];
  let text = start;
  return {
    add(part) {
      text += part;
      if (text.length < chunkLength) return false;
      chunks.push(Buffer.from(text));
      text = '';
      return true;
    },
    bytes: () => (chunks.length === 0 ? Buffer.from(text) : Buffer.concat([...chunks, Buffer.from(text)])),
  };
}

/** JSON's null stands for what is left out: clients in other languages write it. */
const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

function jsonLength(body: Uint8Array, header: string | undefined): number {
  if (header === undefined) return body.length;
  const length = /^\d{1,15}$/.test(header) ? Number(header) : Number.POSITIVE_INFINITY;
  if (length <= body.length) return length;
  const expected = `the length of the JSON, from 0 to the body's ${body.length} bytes`;
  throw errors.invalid('header Inference-Header-Content-Length', expected, show(header));
}

/** A body that is nothing but the data of the only input. Its open dimension, if it has one, follows from the length. */
function rawRequest(body: Uint8Array, signature: Signature): InferRequest {
  const [input, ...others] = signature.inputs;
  if (!input || others.length > 0) {
    const got = `a model with ${signature.inputs.length}`;
    throw errors.invalid(
      'a body of raw data (Inference-Header-Content-Length: 0)',
      'a model with one input',
      got,
    );
  }
  const outputs = signature.outputs.map(({ name }) => ({ name, binary: true, classes: 0 }));
  const rest = { id: undefined, outputs, priority: 0, timeout: 0 };
  if (input.name === signature.imageInput && isOfImageFormat(body)) {
    return { ...rest, inputs: new Map(), images: { input: input.name, files: [body] } };
  }
  const where = `input ${show(input.name)}`;
  const shape = rawShape(body.length, input, where);
  const bytes = input.dtype === 'string' ? prefixed(body) : body;
  return {
    ...rest,
    inputs: new Map([[input.name, decodeBytes(bytes, input.dtype, shape, where)]]),
    images: undefined,
  };
}

/** Raw text is one element, without its length in front. */
const prefixed = (text: Uint8Array): Uint8Array => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text]);
};

const rowBytes = ({ dtype, shape }: TensorSignature): number =>
  shape.reduce<number>(
    (size, length) => size * (typeof length === 'number' ? length : 1),
    datatypes[dtype].width,
  );

function rawShape(bytes: number, input: TensorSignature, where: string): number[] {
  const { dtype, shape } = input;
  const open = shape.filter((length) => typeof length === 'string').length;
  if (dtype === 'string') return shape.map((length) => (typeof length === 'number' ? length : 1));
  if (open > 1) {
    throw errors.invalid(
      where,
      'at most one open dimension for raw data',
      `shape ${JSON.stringify(shapeIn(input))}`,
    );
  }
  const row = rowBytes(input);
  const fits = open === 1 ? bytes > 0 && bytes % row === 0 : bytes === row;
  if (!fits) {
    const expected = `${open === 1 ? 'a multiple of ' : ''}${row} bytes for shape ${JSON.stringify(shapeIn(input))}`;
    throw errors.invalid(where, expected, String(bytes));
  }
  return shape.map((length) => (typeof length === 'number' ? length : bytes / row));
}

type Parameters = Readonly<Record<string, unknown>>;

const noParameters: Parameters = {};

function parametersOf({ parameters }: Readonly<Record<string, unknown>>, where: string): Parameters {
  if (!isGiven(parameters)) return noParameters;
  if (isObject(parameters)) return parameters;
  throw errors.invalid(where, 'an object', show(parameters));
}

/** The parameters of an input or output, whose elements are in the request or the answer. */
function tensorParameters(object: TensorObject, where: string): Parameters {
  const parameters = parametersOf(object, `${where}: parameters`);
  const { shared_memory_region: region } = parameters;
  if (!isGiven(region)) return parameters;
  throw errors.invalid(where, 'no shared_memory_region, as this server shares no memory', show(region));
}

function flagOf(parameters: Parameters, name: string, where: string): boolean | undefined {
  const value = parameters[name];
  if (value === undefined || typeof value === 'boolean') return value;
  throw errors.invalid(`${where}: ${name}`, 'true or false', show(value));
}

function countOf(parameters: Parameters, name: string, where: string): number | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw errors.invalid(`${where}: ${name}`, 'a whole number from 0', show(value));
}

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

/** Reads the inputs in the order of the request, which is that of the blobs; gives them in the model's. */
function decodeInputs(
  objects: ReadonlyMap<string, TensorObject>,
  { inputs: signatures, imageInput }: Signature,
  blobs: Uint8Array,
): Pick<InferRequest, 'inputs' | 'images'> {
  requireKnown('inputs', objects, signatures);
  const decoded = new Map<string, Tensor>();
  let images: InferRequest['images'];
  let at = 0;
  for (const object of objects.values()) {
    const where = `input ${show(object.name)}`;
    const signature = signatures.find(({ name }) => name === object.name) as TensorSignature;
    const parameters = tensorParameters(object, where);
    const size = countOf(parameters, 'binary_data_size', where);
    const blob = size === undefined ? undefined : blobs.subarray(at, at + size);
    if (blob && size !== undefined) {
      if (blob.length < size) {
        throw errors.invalid(where, `${size} bytes of binary data`, `${blob.length} left in the body`);
      }
      if (isGiven(object.data)) throw errors.invalid(where, 'no data beside binary_data_size', 'both');
      at += size;
    }
    if (object.datatype === 'BYTES' && object.name === imageInput) {
      images = { input: object.name, files: imageFiles(object, blob, where) };
    } else decoded.set(object.name, decodeTensor(object, signature, blob));
  }
  if (at < blobs.length) {
    throw errors.invalid('body', `${at} bytes of binary data behind the JSON`, String(blobs.length));
  }
  const missing = signatures.find(({ name }) => !decoded.has(name) && images?.input !== name);
  if (missing) {
    throw errors.invalid('inputs', `input ${show(missing.name)} among them`, namesIn([...objects.values()]));
  }
  if (signatures.length === 1 || decoded.size < signatures.length) return { inputs: decoded, images };
  const ordered = signatures.map(({ name }) => [name, decoded.get(name) as Tensor] as const);
  return { inputs: new Map(ordered), images };
}

/** Image files as elements of BYTES; in JSON, which has no bytes, in base64. */
function imageFiles(
  { shape, data }: TensorObject,
  blob: Uint8Array | undefined,
  where: string,
): Uint8Array[] {
  const [count, ...rest] = Array.isArray(shape) ? shape : [];
  if (!Number.isSafeInteger(count) || count < 1 || rest.some((length) => length !== 1)) {
    throw errors.invalid(where, 'shape [N] of N images as BYTES', show(shape));
  }
  if (blob) return decodeElements(blob, count, where);
  const texts = Array.isArray(data) ? data.flat(rest.length) : [];
  if (texts.length !== count || !texts.every((text) => typeof text === 'string')) {
    throw errors.invalid(where, `data of ${count} texts, the images in base64`, show(data));
  }
  return texts.map((text) => Buffer.from(text, 'base64'));
}

/** The outputs that were asked for: all of them if none was. */
function decodeOutputs(
  objects: ReadonlyMap<string, TensorObject>,
  signatures: readonly TensorSignature[],
  binaryByDefault: boolean,
): readonly OutputRequest[] {
  requireKnown('outputs', objects, signatures);
  if (objects.size === 0) {
    return signatures.map(({ name }) => ({ name, binary: binaryByDefault, classes: 0 }));
  }
  return Array.from(objects.values(), (object) => {
    const where = `output ${show(object.name)}`;
    const parameters = tensorParameters(object, where);
    const classes = countOf(parameters, 'classification', where) ?? 0;
    const signature = signatures.find(({ name }) => name === object.name);
    if (classes > 0 && signature?.dtype === 'string') {
      throw errors.invalid(where, 'classification of numbers', datatypes[signature.dtype].name);
    }
    const binary = flagOf(parameters, 'binary_data', where) ?? binaryByDefault;
    return { name: object.name, binary, classes };
  });
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
