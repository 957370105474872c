/** The HTTP application: the routes with everything HTTP around them. It does not listen. */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, {
  type ConnectionError,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify';
import { pixelLimit } from '../data/image.ts';
import { drainOnClose } from './drain.ts';
import type { Model } from './model.ts';
import { errors, ProtocolError } from './protocol/errors.ts';
import { type Route, routes } from './routes.ts';

export interface AppOptions {
  /** The largest request body in bytes. */
  readonly bodyLimit?: number;
  /** The largest image to classify, in pixels. */
  readonly maxPixels?: number;
  /** Fastify's own option: `false` (the default), or a configuration of pino. */
  readonly logger?: NonNullable<FastifyServerOptions['logger']>;
}

export const defaultBodyLimit = 32 * 2 ** 20;

/** A client has this long to send its whole request. */
const requestTimeout = 60_000;

/** The longest file name there is, and thereby the longest model name. */
const maxParamLength = 255;

/** An application that serves these models. They are looked up anew for every request. */
export function createApp(models: Iterable<Model>, options: AppOptions = {}): FastifyInstance {
  const { bodyLimit = defaultBodyLimit, maxPixels = pixelLimit, logger = false } = options;

  const answerError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const answer = protocolErrorOf(error, bodyLimit);
    if (answer.status >= 500) request.log.error(error);
    send(reply.headers(answer.headers), answer.status, { error: answer.message });
  };

  const app = Fastify({
    bodyLimit,
    requestTimeout,
    logger,
    routerOptions: { maxParamLength },
    // While closing, what still arrives on open connections is answered as usual.
    return503OnClosing: false,
    frameworkErrors: answerError,
    clientErrorHandler: answerClientError,
  });

  // The protocol's bodies are JSON or bytes by their endpoint, whatever Content-Type says (Triton's client sends none).
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.addHook('onRequest', async (request) => {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw errors.unsupportedEncoding(encoding);
  });
  drainOnClose(app);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(({ method, url }) => {
    throw errors.unknownEndpoint(method, url);
  });

  for (const route of routes) addRoute(app, route, models, maxPixels);
  for (const url of new Set(routes.map((route) => route.url))) refuseOtherMethods(app, url);
  return app;
}

/** The protocol's content type is exactly `application/json`. To all but bytes Fastify would add a charset. */
function send(reply: FastifyReply, status: number, body: object | string): FastifyReply {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return reply.code(status).type('application/json').send(Buffer.from(text));
}

function addRoute(
  app: FastifyInstance,
  { method, url, handle }: Route,
  models: Iterable<Model>,
  maxPixels: number,
): void {
  app.route<{
    Params: Record<string, string>;
    Querystring: Record<string, unknown>;
    Body: Buffer | undefined;
  }>({
    method,
    url,
    handler: async ({ params, query, headers, body = Buffer.alloc(0) }, reply) => {
      const answer = await handle({ models, maxPixels, path: params, query, headers, body });
      return send(reply, answer.status, answer.body);
    },
  });
}

/** Answers 405 to the methods that no route of this URL takes. Fastify itself adds HEAD to every GET. */
function refuseOtherMethods(app: FastifyInstance, url: string): void {
  const taken = routes.filter((route) => route.url === url).map(({ method }) => method);
  const allowed = taken.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  app.route({
    method: app.supportedMethods.filter((method) => !allowed.includes(method)),
    url,
    // Before the body is read.
    onRequest: async ({ method, url: path }) => {
      throw errors.methodNotAllowed(method, path, allowed);
    },
    handler: async () => {},
  });
}

/** What to answer to an error. Its stack stays here. */
function protocolErrorOf(error: FastifyError | ProtocolError, bodyLimit: number): ProtocolError {
  if (error instanceof ProtocolError) return error;
  const { statusCode = 500, message } = error;
  if (statusCode === 413) return errors.tooLarge(bodyLimit);
  return statusCode < 500 ? new ProtocolError(statusCode, message) : errors.internal();
}

const clientErrors: Readonly<Record<string, () => ProtocolError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: errors.requestTimeout,
  HPE_HEADER_OVERFLOW: errors.headersTooLarge,
};

/** Answers what never became a request: there is only the socket to write to. */
function answerClientError({ code }: ConnectionError, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return;
  const { status, message } = (clientErrors[code] ?? errors.notHttp)();
  const body = JSON.stringify({ error: message });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
