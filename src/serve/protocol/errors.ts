/** Every error that the server answers with: its HTTP status, its message, its headers. */

/** An error that is an answer: `{"error": message}` with a status. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** A row of the table: a maker of errors of one status. */
const error =
  <Details extends unknown[]>(
    status: number,
    message: (...details: Details) => string,
    headers: (...details: Details) => Record<string, string> = () => ({}),
  ) =>
  (...details: Details): ProtocolError =>
    new ProtocolError(status, message(...details), headers(...details));

/** After how many seconds a client may hope for more. */
const retryLater = (): Record<string, string> => ({ 'retry-after': '1' });

export const errors = {
  invalid: error(
    400,
    (where: string, expected: string, got: string) => `${where}: expected ${expected}, got ${got}`,
  ),
  tooDeep: error(400, (limit: number) => `body: expected JSON nested at most ${limit} deep`),
  badEncoding: error(
    400,
    (encoding: string, reason: string) => `the body cannot be read as ${encoding}: ${reason}`,
  ),
  incomplete: error(400, () => 'the connection ended before the whole body had come'),
  noHost: error(400, () => 'expected the header Host, got none'),
  notHttp: error(400, () => 'this is not an HTTP request that can be read'),
  notLoaded: error(
    400,
    (model: string, reason: string) => `model ${show(model)} cannot be loaded: ${reason}`,
  ),
  notImage: error(400, (reason: string) => reason),
  notClassifier: error(
    400,
    (model: string, reason: string) =>
      `model ${model} does not classify images: ${reason}; use its infer endpoint`,
  ),
  unauthorized: error(
    401,
    (reason: string) => `${reason}; send the header Authorization: Bearer <token>`,
    () => ({ 'www-authenticate': 'Bearer' }),
  ),
  unknownEndpoint: error(
    404,
    (method: string, path: string) => `no endpoint ${method} ${path}; GET /openapi.json lists them`,
  ),
  unknownModel: error(
    404,
    (name: string, known: readonly string[]) =>
      `no model ${show(name)}; there is ${known.join(', ') || 'none'}`,
  ),
  unknownVersion: error(
    404,
    (name: string, version: string, known: readonly string[]) =>
      `model ${name} has no version ${show(version)}; it has ${known.join(', ')}`,
  ),
  methodNotAllowed: error(
    405,
    (method: string, path: string, allowed: readonly string[]) =>
      `${path} does not take ${method}; it takes ${allowed.join(', ')}`,
    (_method, _path, allowed) => ({ allow: allowed.join(', ') }),
  ),
  requestTimeout: error(408, () => 'the request did not arrive in time'),
  tooLarge: error(413, (limit: number) => `the request's body is larger than the limit of ${limit} bytes`),
  tooManyRows: error(
    413,
    (model: string, limit: number) =>
      `model ${model} takes at most ${limit} rows at once (max_queue_size batches of max_batch_size)`,
  ),
  unsupportedEncoding: error(
    415,
    (encoding: string) =>
      `Content-Encoding ${show(encoding)} is not supported: expected gzip or deflate, or none`,
    () => ({ 'accept-encoding': 'gzip, deflate, identity' }),
  ),
  unknownExpectation: error(
    417,
    (expectation: string) => `expected Expect: 100-continue, or none, got ${show(expectation)}`,
  ),
  headersTooLarge: error(431, () => "the request's headers are too large"),
  inferenceFailed: error(500, (model: string, reason: string) => `model ${model} failed to run: ${reason}`),
  internal: error(500, () => 'internal error; the server has logged it'),
  queueFull: error(
    503,
    (model: string, waiting: number) =>
      `model ${model} is overloaded: ${waiting} requests wait already; try again later`,
    retryLater,
  ),
  timedOut: error(
    503,
    (model: string, milliseconds: number) =>
      `model ${model}: the request timed out after it had waited ${milliseconds} ms to be run`,
    retryLater,
  ),
  /** Nobody reads it: the client has gone. The status is nginx's for this. */
  cancelled: error(499, () => 'the client has closed the connection'),
  unavailable: error(503, (model: string, reason: string) => `model ${model} is not ready: ${reason}`),
} as const;

/** A JSON value, short enough for an error message. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
