/** The endpoints: one table. A handler gets what it needs of a request and returns its answer, nothing else. */

import { createRequire } from 'node:module';
import { classifierOf, topLabels } from './classifier.ts';
import { decodeImage } from './image.ts';
import { findModel, infer, isReady, type Model, versionsOf } from './model.ts';
import { datatypes } from './protocol/datatypes.ts';
import { errors, show } from './protocol/errors.ts';
import { decodeInferRequest, encodeInferResponse } from './protocol/infer.ts';
import { shapeOf } from './protocol/tensor.ts';
import type { TensorSignature } from './tensor.ts';

/** A request, as far as handlers look at it. */
export interface Call {
  readonly models: Iterable<Model>;
  readonly maxPixels: number;
  /** The parts of the path that the route's URL names. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array;
}

export interface Answer {
  readonly status: number;
  /** An object, or JSON text. */
  readonly body: object | string;
}

type Handler = (call: Call) => Answer | Promise<Answer>;

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly handle: Handler;
}

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
const server = { name: 'onnx-nas', version };
const defaultTop = 5;

const ok = (body: object | string): Answer => ({ status: 200, body });
const readiness = (ready: boolean, body: object): Answer => ({ status: ready ? 200 : 503, body });

const listing: Handler = () =>
  ok({ ...server, endpoints: routes.map(({ method, url }) => `${method} ${url}`) });

// None of the protocol's extensions is implemented.
const serverMetadata: Handler = () => ok({ ...server, extensions: [] });

const live: Handler = () => ok({ live: true });

const serverReady: Handler = ({ models }) => {
  const ready = [...models].every(isReady);
  return readiness(ready, { ready });
};

const modelOf = ({ models, path }: Call): Model => findModel(models, path.model ?? '', path.version);

const tensorMetadata = (signature: TensorSignature) => ({
  name: signature.name,
  datatype: datatypes[signature.dtype].name,
  shape: shapeOf(signature),
});

const modelMetadata: Handler = (call) => {
  const { name, session } = modelOf(call);
  return ok({
    name,
    versions: versionsOf(call.models, name),
    platform: 'onnxruntime_onnx',
    inputs: session.inputs.map(tensorMetadata),
    outputs: session.outputs.map(tensorMetadata),
  });
};

const modelReady: Handler = (call) => {
  const model = modelOf(call);
  const ready = isReady(model);
  return readiness(ready, { name: model.name, ready });
};

const inference: Handler = async (call) => {
  const model = modelOf(call);
  if (call.headers['inference-header-content-length'] !== undefined) throw errors.binaryData();
  const request = decodeInferRequest(call.body, model.session);
  const results = await infer(model, request.inputs, request.outputs);
  return ok(encodeInferResponse(model, request, results));
};

const classification: Handler = async (call) => {
  const model = modelOf(call);
  const classifier = classifierOf(model);
  const top = topOf(call.query);
  const image = await decodeImage(call.body, classifier.image, call.maxPixels);
  const results = await infer(model, new Map([[classifier.input, image]]), [classifier.output]);
  const labels = topLabels(classifier, results, top);
  return ok({ model_name: model.name, model_version: model.version, labels });
};

function topOf({ top = String(defaultTop) }: Call['query']): number {
  if (typeof top === 'string' && /^[1-9]\d*$/.test(top)) return Number(top);
  throw errors.invalid('query parameter top', 'a whole number from 1', show(top));
}

/** A model's endpoint, with and without a version. */
const modelRoutes = (method: Route['method'], action: string, handle: Handler): Route[] =>
  ['/v2/models/:model', '/v2/models/:model/versions/:version'].map((url) => ({
    method,
    url: url + action,
    handle,
  }));

export const routes: readonly Route[] = [
  { method: 'GET', url: '/', handle: listing },
  { method: 'GET', url: '/v2', handle: serverMetadata },
  { method: 'GET', url: '/v2/health/live', handle: live },
  { method: 'GET', url: '/v2/health/ready', handle: serverReady },
  ...modelRoutes('GET', '', modelMetadata),
  ...modelRoutes('GET', '/ready', modelReady),
  ...modelRoutes('POST', '/infer', inference),
  ...modelRoutes('POST', '/classify', classification),
];
