/** What clients of a soak do, good and bad, and what each must be answered. */
import { gzipSync } from 'node:zlib';
import type { Random } from '../../src/random.ts';
import { softmax } from '../../src/softmax.ts';
import { nasMessages, readAnswer, type Sample } from '../serve/bodies.ts';
import type { BenchModel } from '../serve/models.ts';
import type { Client, Incoming, Outgoing } from './exchange.ts';

/** What the clients know: images, and onnxruntime's own answers to them. */
export interface Subject {
  readonly model: BenchModel;
  readonly samples: readonly Sample[];
  readonly logits: readonly (readonly number[])[];
  readonly bodyLimit: number;
}

export interface Action {
  readonly name: string;
  /** How often, relative to the others. */
  readonly weight: number;
  /** Does it once. Throws a {@link Mismatch} where the answer is not as it must be. */
  run(client: Client, subject: Subject, generator: Random): Promise<void>;
}

/** An answer that should not be. */
export class Mismatch extends Error {
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

const tolerance = 1e-4;

const text = ({ body }: Incoming): string => body.toString('utf8').slice(0, 300);

function requireStatus(answer: Incoming | undefined, ...expected: number[]): Incoming {
  if (!answer) throw new Mismatch('no answer');
  if (expected.includes(answer.status)) return answer;
  throw new Mismatch(
    `expected status ${expected.join(' or ')}, got ${answer.status}: ${text(answer)}`,
    answer.status,
  );
}

function requireClose(got: number | undefined, expected: number, what: string): void {
  if (got === undefined || !(Math.abs(got - expected) <= tolerance)) {
    throw new Mismatch(`${what}: expected ${expected}, got ${got}`);
  }
}

function requireAllClose(got: readonly number[], expected: readonly number[], what: string): void {
  if (got.length !== expected.length) {
    throw new Mismatch(`${what}: expected ${expected.length} values, got ${got.length}`);
  }
  for (const [i, value] of expected.entries()) requireClose(got[i], value, `${what}, value ${i}`);
}

const encodings = { plain: (body: Buffer) => body, gzip: (body: Buffer) => gzipSync(body) } as const;

/** A request that must be answered with the model's own answer to that image. */
const valid =
  (
    kind: keyof typeof nasMessages,
    { encoding = 'plain', pause }: { encoding?: keyof typeof encodings; pause?: number } = {},
  ): Action['run'] =>
  async (client, { model, samples, logits }, generator) => {
    const index = generator.integer(samples.length);
    const message = nasMessages[kind](samples[index] as Sample, model.shape, model.name);
    const expected = logits[index] as readonly number[];
    const answer = requireStatus(
      await client.send({
        path: message.path,
        headers: { ...message.headers, ...(encoding === 'gzip' && { 'content-encoding': 'gzip' }) },
        body: encodings[encoding](message.body),
        ...(pause !== undefined && { pause }),
      }),
      200,
    );
    const headers = new Headers(answer.headers as Record<string, string>);
    const said = readAnswer(kind, headers, answer.body);
    if ('logits' in said) {
      requireAllClose(said.logits, expected, `image ${index}`);
    } else {
      requireClose(said.probability, softmax(expected)[said.index] ?? Number.NaN, `image ${index}`);
    }
  };

/** A batch of several images in one request, under an id of its own. */
const batch: Action['run'] = async (client, { model, samples, logits }, generator) => {
  const chosen = Array.from({ length: 2 + generator.integer(6) }, () => generator.integer(samples.length));
  const { channels, height, width } = model.shape;
  const id = `soak-${generator.integer(2 ** 31)}`;
  const data = chosen.flatMap((i) => Array.from((samples[i] as Sample).tensor));
  const shape = [chosen.length, channels, height, width];
  const body = { id, inputs: [{ name: 'image', datatype: 'FP32', shape, data }] };
  const answer = requireStatus(
    await client.send({ path: `/v2/models/${model.name}/infer`, body: Buffer.from(JSON.stringify(body)) }),
    200,
  );
  const said = JSON.parse(answer.body.toString()) as { id: string; outputs: [{ data: number[] }] };
  if (said.id !== id) throw new Mismatch(`expected the id ${id}, got ${said.id}`);
  const values = said.outputs[0].data;
  const expected = chosen.flatMap((i) => [...(logits[i] as readonly number[])]);
  requireAllClose(values, expected, `a batch of ${chosen.length}`);
};

/** A request that must be refused with this status and a reason. */
const refused =
  (status: number, make: (subject: Subject, generator: Random) => Outgoing): Action['run'] =>
  async (client, subject, generator) => {
    const answer = requireStatus(await client.send(make(subject, generator)), status);
    const { error } = JSON.parse(answer.body.toString()) as { error?: unknown };
    if (typeof error !== 'string' || error === '')
      throw new Mismatch(`an error without a reason: ${text(answer)}`);
    if (/\n\s+at /.test(error)) throw new Mismatch(`a stack trace: ${error}`);
  };

const given = (kind: keyof typeof nasMessages) => (subject: Subject, generator: Random) => {
  const { model, samples } = subject;
  return nasMessages[kind](samples[generator.integer(samples.length)] as Sample, model.shape, model.name);
};

const inferPath = ({ model }: Subject): string => `/v2/models/${model.name}/infer`;
const json = (path: string, body: object): Outgoing => ({ path, body: Buffer.from(JSON.stringify(body)) });
const tensor = (fields: object) => ({
  inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 1, 28, 28], data: [0], ...fields }],
});

/** A request that its sender gives up: there is nothing to expect but that the others do not notice. */
const abandoned =
  (kind: keyof typeof nasMessages, how: (body: Buffer) => Partial<Outgoing>): Action['run'] =>
  async (client, subject, generator) => {
    const { path, headers, body } = given(kind)(subject, generator);
    await client.send({ path, headers, body, abandonAfter: generator.integer(8), ...how(body) });
  };

const bytesOfNoise = (generator: Random, length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, () => generator.integer(256)));

export const actions: readonly Action[] = [
  { name: 'JSON', weight: 20, run: valid('json') },
  { name: 'binary', weight: 30, run: valid('binary') },
  { name: 'PNG', weight: 15, run: valid('png') },
  { name: 'gzip JSON', weight: 8, run: valid('json', { encoding: 'gzip' }) },
  { name: 'gzip binary', weight: 4, run: valid('binary', { encoding: 'gzip' }) },
  { name: 'batch with an id', weight: 8, run: batch },
  { name: 'slow binary', weight: 1, run: valid('binary', { pause: 60 }) },
  {
    name: 'no JSON: 400',
    weight: 2,
    run: refused(400, (subject, generator) => ({
      path: inferPath(subject),
      body: bytesOfNoise(generator, 1 + generator.integer(200)),
    })),
  },
  {
    name: 'elements missing: 400',
    weight: 2,
    run: refused(400, (subject) => json(inferPath(subject), tensor({}))),
  },
  {
    name: 'wrong datatype: 400',
    weight: 1,
    run: refused(400, (subject) => json(inferPath(subject), tensor({ datatype: 'INT8' }))),
  },
  {
    name: 'lying shape: 400',
    weight: 1,
    run: refused(400, (subject) => json(inferPath(subject), tensor({ shape: [2 ** 30, 1, 28, 28] }))),
  },
  {
    name: 'truncated binary: 400',
    weight: 2,
    run: refused(400, (subject, generator) => {
      const { path, headers, body } = given('binary')(subject, generator);
      return { path, headers, body: body.subarray(0, body.length - 1 - generator.integer(500)) };
    }),
  },
  {
    name: 'header beyond the body: 400',
    weight: 1,
    run: refused(400, (subject, generator) => {
      const { path, body } = given('binary')(subject, generator);
      return { path, headers: { 'inference-header-content-length': body.length + 1 }, body };
    }),
  },
  {
    name: 'broken PNG: 400',
    weight: 2,
    run: refused(400, (subject, generator) => {
      const { path, headers, body } = given('png')(subject, generator);
      return { path, headers, body: body.subarray(0, 20 + generator.integer(60)) };
    }),
  },
  {
    name: 'broken gzip: 400',
    weight: 1,
    run: refused(400, (subject, generator) => ({
      path: inferPath(subject),
      headers: { 'content-encoding': 'gzip' },
      body: bytesOfNoise(generator, 100),
    })),
  },
  {
    name: 'unknown model: 404',
    weight: 1,
    run: refused(404, () => json('/v2/models/nothing/infer', tensor({}))),
  },
  {
    name: 'wrong method: 405',
    weight: 1,
    run: refused(405, (subject) => ({ method: 'GET', path: inferPath(subject) })),
  },
  {
    name: 'oversized: 413',
    weight: 1,
    run: refused(413, (subject) => ({
      path: inferPath(subject),
      body: Buffer.alloc(subject.bodyLimit + 1),
    })),
  },
  {
    name: 'gzip bomb: 413',
    weight: 1,
    run: refused(413, (subject) => ({
      path: inferPath(subject),
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(Buffer.alloc(8 * subject.bodyLimit)),
    })),
  },
  {
    name: 'unknown encoding: 415',
    weight: 1,
    run: refused(415, (subject) => ({
      path: inferPath(subject),
      headers: { 'content-encoding': 'compress' },
      body: Buffer.from('x'),
    })),
  },
  { name: 'given up while waiting', weight: 4, run: abandoned('binary', () => ({})) },
  {
    name: 'given up in the body',
    weight: 2,
    run: abandoned('json', (body) => ({ headers: { 'content-length': body.length + 1000 } })),
  },
];

/** The actions, each as often as it weighs. */
const hat: readonly Action[] = actions.flatMap((action) => Array<Action>(action.weight).fill(action));

/** An action by its weight. */
export const choose = (generator: Random): Action => hat[generator.integer(hat.length)] as Action;
