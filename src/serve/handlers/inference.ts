/** Requests to models: tensors in, tensors out; or an image in, labels out. */

import { type Answer, type Call, type Handler, modelOf, ok } from '../call.ts';
import { type Classifier, topLabels } from '../models/classifier.ts';
import { decodeImages } from '../models/images.ts';
import type { Model } from '../models/model.ts';
import { errors, ProtocolError, show } from '../protocol/errors.ts';
import {
  decodeInferRequest,
  encodeInferResponse,
  type InferAnswer,
  type InferRequest,
} from '../protocol/infer.ts';
import { failureReasonOf } from '../statistics.ts';
import type { NamedTensors } from '../tensor.ts';

const lengthHeader = 'inference-header-content-length';

/** The model that the path names, kept for as long as the work takes. */
const withModel = (call: Call, work: (model: Model) => Promise<Answer>): Promise<Answer> => {
  const model = modelOf(call);
  return call.service.registry.using(model, () => work(model));
};

export const inference: Handler = (call) =>
  withModel(call, async (model) => {
    const request = await counted(model, () => readRequest(call, model));
    const results = await model.session.infer(
      request.inputs,
      request.outputs.map(({ name }) => name),
      { priority: request.priority, timeout: request.timeout, onCancellable: call.onGone },
    );
    const { classifier } = model;
    const labels = model.config.labels ?? (typeof classifier === 'string' ? [] : classifier.labels);
    return inferAnswer(await encodeInferResponse(model, request, results, labels));
  });

/** The request, its images decoded. */
async function readRequest(call: Call, model: Model): Promise<InferRequest> {
  const { signature, classifier } = model;
  const request = decodeInferRequest(call.body, signature, headerOf(call, lengthHeader));
  if (!request.images) return request;
  const { input, files } = request.images;
  const images = await decodeImages(files, classifier as Classifier, call.service.maxPixels, goneOf(call));
  return { ...request, inputs: new Map([...request.inputs, [input, images]]) };
}

/** Whether the client has gone. */
function goneOf({ onGone }: Call): () => boolean {
  let gone = false;
  onGone(() => {
    gone = true;
  });
  return () => gone;
}

const headerOf = ({ headers }: Call, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join() : value;
};

function inferAnswer({ json, blobs }: InferAnswer): Answer {
  if (blobs.length === 0) return { status: 200, body: json };
  return {
    status: 200,
    body: Buffer.concat([json, ...blobs]),
    type: 'application/octet-stream',
    headers: { [lengthHeader]: String(json.length) },
  };
}

const defaultTop = 5;

export const classification: Handler = (call) =>
  withModel(call, async (model) => {
    const [classifier, top, image] = await counted(model, async () => {
      const found = classifierOf(model);
      const count = topOf(call.query);
      return [
        found,
        count,
        await decodeImages([call.body], found, call.service.maxPixels, goneOf(call)),
      ] as const;
    });
    const inputs: NamedTensors = new Map([[classifier.input, image]]);
    const results = await model.session.infer(inputs, [classifier.output], { onCancellable: call.onGone });
    const labels = topLabels(classifier, results, top);
    return ok({ model_name: model.name, model_version: model.version, labels });
  });

function classifierOf({ name, classifier }: Model): Classifier {
  if (typeof classifier === 'string') throw errors.notClassifier(name, classifier);
  return classifier;
}

function topOf({ top = String(defaultTop) }: Call['query']): number {
  if (typeof top === 'string' && /^[1-9]\d*$/.test(top)) return Number(top);
  throw errors.invalid('query parameter top', 'a whole number from 1', show(top));
}

/** A request that cannot be read is one of the model's failures, too. */
async function counted<T>({ statistics }: Model, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ProtocolError) statistics.failed(failureReasonOf(error), 0);
    throw error;
  }
}
