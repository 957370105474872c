/** The OpenAPI 3.1 document: the table of routes, and the schemas of their bodies. */

import { imageFormats } from '../data/image-formats.ts';
import { version } from '../version.ts';
import { datatypes } from './protocol/datatypes.ts';
import { devices } from './workers/messages.ts';

/** What the document says of a route. */
export interface Described {
  readonly method: 'GET' | 'POST';
  /** With `:name` for what varies. */
  readonly url: string;
  readonly summary: string;
  readonly body?: BodyName;
  readonly answer: BodyName;
  /** Parameters of the query, by name. */
  readonly query?: Readonly<Record<string, string>>;
}

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const flag: Schema = { type: 'boolean' };
const list = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
const named = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const map = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });

const shape = list({ type: 'integer', minimum: -1 });
const datatype: Schema = { enum: Object.values(datatypes).map(({ name }) => name) };
const duration = object({ count, ns: count });
const runPhases = { compute_input: duration, compute_infer: duration, compute_output: duration };
const empty: Schema = { type: 'object' };

const schemas = {
  Error: object({ error: text }),
  Document: { type: 'object', description: 'an OpenAPI 3.1 document' },
  ServerMetadata: object({ name: text, version: text, extensions: list(text) }),
  Live: object({ live: flag }),
  Ready: object({ ready: flag }),
  ModelReady: object({ name: text, ready: flag }),
  TensorMetadata: object({ name: text, datatype, shape }),
  ModelMetadata: object({
    name: text,
    versions: list(text),
    platform: text,
    inputs: list(named('TensorMetadata')),
    outputs: list(named('TensorMetadata')),
  }),
  ModelConfig: object({
    name: text,
    platform: text,
    backend: text,
    version_policy: empty,
    max_batch_size: count,
    input: list(object({ name: text, data_type: text, dims: shape })),
    output: list(object({ name: text, data_type: text, dims: shape })),
    instance_group: list(object({ name: text, kind: text, count })),
    dynamic_batching: empty,
    parameters: object(
      {
        device: object({ string_value: { enum: devices } }),
        intra_op_thread_count: object({ string_value: text }),
        lone_intra_op_thread_count: object({ string_value: text }),
        adaptive_delay: object({ string_value: text }),
      },
      ['lone_intra_op_thread_count'],
    ),
  }),
  Statistics: object({
    model_stats: list(
      object({
        name: text,
        version: text,
        last_inference: { ...count, description: 'milliseconds since 1970; 0: none so far' },
        inference_count: count,
        execution_count: count,
        inference_stats: object({
          success: duration,
          fail: duration,
          queue: duration,
          ...runPhases,
          cache_hit: duration,
          cache_miss: duration,
        }),
        batch_stats: list(object({ batch_size: count, ...runPhases })),
      }),
    ),
  }),
  ModelCard: object({
    name: text,
    version: text,
    metadata: empty,
    image: { type: ['object', 'null'] },
    labels: list(text),
    card: { type: ['string', 'null'] },
  }),
  InferRequest: object(
    {
      id: text,
      parameters: object(
        {
          binary_data_output: { ...flag, description: 'answer all outputs in bytes' },
          priority: { ...count, description: "from 1, the most urgent; 0: the model's default" },
          timeout: { ...count, description: "microseconds to wait to be run; 0: the model's default" },
        },
        ['binary_data_output', 'priority', 'timeout'],
      ),
      inputs: list(
        object(
          {
            name: text,
            shape: list({ type: 'integer', minimum: 0 }),
            datatype,
            parameters: object({ binary_data_size: count }, ['binary_data_size']),
            data: { type: 'array', description: 'row-major, flat or nested' },
          },
          ['parameters', 'data'],
        ),
      ),
      outputs: list(
        object(
          {
            name: text,
            parameters: object({ binary_data: flag, classification: count }, [
              'binary_data',
              'classification',
            ]),
          },
          ['parameters'],
        ),
      ),
    },
    ['id', 'parameters', 'outputs'],
  ),
  InferResponse: object(
    {
      model_name: text,
      model_version: text,
      id: text,
      outputs: list(
        object(
          {
            name: text,
            datatype,
            shape: list(count),
            parameters: object({ binary_data_size: count }),
            data: { type: 'array' },
          },
          ['parameters', 'data'],
        ),
      ),
    },
    ['id'],
  ),
  Labels: object({
    model_name: text,
    model_version: text,
    labels: list(object({ label: text, index: count, probability: { type: 'number' } })),
  }),
  IndexRequest: object({ ready: { ...flag, description: 'only models that are ready' } }, ['ready']),
  Index: list(
    object({
      name: text,
      version: text,
      state: { enum: ['READY', 'LOADING', 'UNLOADING', 'UNAVAILABLE'] },
      reason: text,
    }),
  ),
  LoadRequest: object(
    { parameters: object({ config: { ...text, description: 'in place of config.json' } }, ['config']) },
    ['parameters'],
  ),
  UnloadRequest: object({ parameters: map({}) }, ['parameters']),
  Empty: empty,
} as const satisfies Readonly<Record<string, Schema>>;

/** Bodies that are no JSON. */
const media = {
  Text: { 'text/plain': { schema: text } },
  Image: Object.fromEntries(imageFormats.map(({ mediaType }) => [mediaType, {}])),
} as const;

type BodyName = keyof typeof schemas | keyof typeof media;

/** Bodies that may be bytes behind JSON. */
const binaryBodies: readonly BodyName[] = ['InferRequest', 'InferResponse'];

/** Bodies that say whether something is ready, with the status too. */
const readinesses: readonly BodyName[] = ['Ready', 'ModelReady'];

const binary = {
  'application/octet-stream': {
    schema: { description: 'JSON of Inference-Header-Content-Length bytes, then the data of the tensors' },
  },
};

function contentOf(name: BodyName): Schema {
  if (name in media) return media[name as keyof typeof media];
  const json = { 'application/json': { schema: named(name) } };
  return binaryBodies.includes(name) ? { ...json, ...binary } : json;
}

const binaryHeader: Schema = {
  name: 'Inference-Header-Content-Length',
  in: 'header',
  description:
    'bytes of JSON in the body; 0: the body is the data of the only input; absent: all of it is JSON',
  schema: count,
};

const parametersOf = ({ url, query = {}, body }: Described): Schema[] => [
  ...Array.from(url.matchAll(/:(\w+)/g), ([, name]) => ({ name, in: 'path', required: true, schema: text })),
  ...Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { ...count, minimum: 1 },
  })),
  ...(body && binaryBodies.includes(body) ? [binaryHeader] : []),
];

const failure: Schema = {
  description: 'what was wrong',
  content: { 'application/json': { schema: named('Error') } },
};

/** `getModelReady` of `GET /v2/models/:model/ready`. */
const operationId = ({ method, url }: Described): string =>
  method.toLowerCase() +
  url
    .replace(/\.json$/, '')
    .split(/[/:]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');

const operation = (route: Described): Schema => ({
  operationId: operationId(route),
  summary: route.summary,
  parameters: parametersOf(route),
  ...(route.body && { requestBody: { content: contentOf(route.body) } }),
  responses: {
    200: { description: route.summary, content: contentOf(route.answer) },
    ...(readinesses.includes(route.answer) && {
      503: { description: 'not ready', content: contentOf(route.answer) },
    }),
    default: failure,
  },
});

export function openApi(routes: readonly Described[]): object {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'onnx-nas',
      version,
      description: 'ONNX models by the Open Inference Protocol, version 2, with its extensions.',
    },
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'where the server wants one' },
      },
    },
    security: [{}, { bearer: [] }],
  };
}
