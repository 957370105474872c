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

export const errors = {
  invalid: error(
    400,
    (where: string, expected: string, got: string) => `${where}: expected ${expected}, got ${got}`,
  ),
  binaryData: error(
    400,
    () =>
      'binary tensor data is not supported: send the data as JSON, without Inference-Header-Content-Length',
  ),
  notHttp: error(400, () => 'this is not an HTTP request that can be read'),
  notImage: error(400, (reason: string) => reason),
  notClassifier: error(
    400,
    (model: string, reason: string) =>
      `model ${model} does not classify images: ${reason}; use its infer endpoint`,
  ),
  unknownEndpoint: error(
    404,
    (method: string, path: string) => `no endpoint ${method} ${path}; GET / lists the endpoints`,
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
  unsupportedEncoding: error(
    415,
    (encoding: string) => `Content-Encoding ${encoding} is not supported: send the body as it is`,
    () => ({ 'accept-encoding': 'identity' }),
  ),
  headersTooLarge: error(431, () => "the request's headers are too large"),
  inferenceFailed: error(500, (model: string, reason: string) => `model ${model} failed to run: ${reason}`),
  internal: error(500, () => 'internal error; the server has logged it'),
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
