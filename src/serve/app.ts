/** The HTTP application: the routes with everything HTTP around them. It does not listen. */

import { type IncomingMessage, METHODS } from 'node:http';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { pixelLimit } from '../data/image.ts';
import { authorizer } from './authorization.ts';
import { decoderOf, isRefusedUnsent, readBody } from './body.ts';
import type { Answer, Service } from './call.ts';
import { httpDefaults } from './defaults.ts';
import { drainOnClose } from './drain.ts';
import { createMetrics } from './metrics.ts';
import type { Registry } from './models/registry.ts';
import { type PageRoute, pageRoutes } from './page/index.ts';
import { errors, ProtocolError } from './protocol/errors.ts';
import { refusalOf, refuseConnection, refuseExpectation } from './refusal.ts';
import { type Route, routes } from './routes.ts';

export interface AppOptions {
  /** The largest request body in bytes, as sent and as decoded. */
  readonly bodyLimit?: number;
  /** The largest image, in pixels. */
  readonly maxPixels?: number;
  /** Seconds that a client has to send a whole request. */
  readonly requestTimeout?: number;
  /** Seconds that a connection is kept without a request. */
  readonly idleTimeout?: number;
  /** Who does not send it as a bearer token is refused, but for the health of the server. */
  readonly token?: string;
  /** Certificate (chain) and private key, in PEM. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** By default nothing is logged. */
  readonly logger?: FastifyBaseLogger;
  /** Whether every request is logged. */
  readonly logRequests?: boolean;
}

const appDefaults = { ...httpDefaults, maxPixels: pixelLimit } as const;

/** Seconds that a client has to send a request's headers, and before them to agree on TLS. */
const headersTimeout = 15;

/** The longest file name there is, and thereby the longest model name. */
const maxParamLength = 255;

/** An application that serves the models of a registry. They are looked up anew for every request. */
export function createApp(registry: Registry, options: AppOptions = {}): FastifyInstance {
  const { bodyLimit, maxPixels, requestTimeout, idleTimeout } = { ...appDefaults, ...options };
  let stopping = false;
  const service: Service = {
    registry,
    metrics: createMetrics(registry.models),
    maxPixels,
    isStopping: () => stopping,
  };

  const answerError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const answer = protocolErrorOf(error, bodyLimit);
    if (answer.status === 500) request.log.error(error);
    const { status, headers, message } = answer;
    send(request, reply, { status, headers, body: { error: message } });
  };

  const app: FastifyInstance = Fastify({
    bodyLimit,
    requestTimeout: requestTimeout * 1000,
    keepAliveTimeout: idleTimeout * 1000,
    http: {
      headersTimeout: Math.min(headersTimeout, requestTimeout) * 1000,
      connectionsCheckingInterval: Math.min(1, requestTimeout) * 1000,
      // Its answer would have no body.
      requireHostHeader: false,
    },
    ...(options.tls && { https: { ...options.tls, handshakeTimeout: headersTimeout * 1000 } }),
    ...(options.logger && { loggerInstance: options.logger }),
    logController: new Fastify.LogController({ disableRequestLogging: true }),
    requestIdHeader: 'x-request-id',
    routerOptions: { maxParamLength },
    // Closing takes as long as what is in progress: its limit is the server's. There are no plugins to wait for.
    pluginTimeout: 0,
    // While closing, what still arrives on open connections is answered as usual.
    return503OnClosing: false,
    frameworkErrors: answerError,
    clientErrorHandler: refuseConnection,
  } as object);

  // The protocol's bodies are JSON or bytes by their endpoint, whatever Content-Type says (Triton's client sends none).
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, request.headers, bodyLimit),
  );

  app.server.on('checkContinue', (request, response) => {
    if (!isRefusedUnsent(request.headers, bodyLimit)) response.writeContinue();
    app.server.emit('request', request, response);
  });
  app.server.on('checkExpectation', refuseExpectation);

  const { token } = options;
  const authorize = token === undefined ? () => {} : authorizer(token);
  if (options.logRequests) {
    app.addHook('onRequest', (request, reply, done) => {
      // Of a connection that is closed it is not known any more.
      const from = request.ip;
      reply.raw.once('close', () => logRequest(request, reply, from));
      done();
    });
  }
  app.addHook('onRequest', ({ raw, headers, routeOptions }, _reply, done) => {
    if (raw.httpVersion === '1.1' && headers.host === undefined) throw errors.noHost();
    const { open } = routeOptions.config as RouteConfig;
    if (!open) authorize(headers.authorization);
    // Before the body is read.
    decoderOf(headers);
    // Fastify would refuse what it cannot read.
    delete raw.headers['content-type'];
    done();
  });
  app.addHook('preClose', (done) => {
    stopping = true;
    done();
  });
  drainOnClose(app);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(({ method, url }) => {
    throw errors.unknownEndpoint(method, url);
  });

  for (const method of METHODS) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });
  }
  const all: readonly HandledRoute[] = [...routes, ...pageRoutes];
  for (const route of all) addRoute(app, route, service);
  for (const url of new Set(all.map((route) => route.url))) refuseOtherMethods(app, url, all);
  return app;
}

type HandledRoute = Route | PageRoute;

interface RouteConfig {
  readonly open?: boolean;
}

/** The protocol's content type is exactly `application/json`. To all but bytes Fastify would add a charset. */
function send(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  const { status, body, type = 'application/json', headers } = answer;
  if (headers) reply.headers(headers);
  // A client that names its requests finds the name on the answer, and we in the log.
  const id = request.headers['x-request-id'];
  if (id !== undefined) reply.header('x-request-id', request.id);
  const bytes =
    body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return reply.code(status).type(type).send(bytes);
}

const nothing = Buffer.alloc(0);

function addRoute(
  app: FastifyInstance,
  { method, url, handle, open = false }: HandledRoute,
  service: Service,
): void {
  app.route<{
    Params: Record<string, string>;
    Querystring: Record<string, unknown>;
    Body: Buffer | undefined;
  }>({
    method,
    url,
    config: { open } satisfies RouteConfig as object,
    handler: async (request, reply) => {
      const { params, query, headers, body = nothing } = request;
      const onGone = (listener: () => void): void => {
        reply.raw.once('close', () => {
          if (!reply.raw.writableFinished) listener();
        });
      };
      const answer = await handle({ service, path: params, query, headers, body, onGone });
      return send(request, reply, answer);
    },
  });
}

/** Answers 405 to the methods that no route of this URL takes. Fastify itself adds HEAD to every GET. */
function refuseOtherMethods(app: FastifyInstance, url: string, all: readonly HandledRoute[]): void {
  const taken = all.filter((route) => route.url === url).map(({ method }) => method);
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

/** Of a request that is over, answered or not. */
function logRequest(
  { method, url, socket, log }: FastifyRequest,
  { raw, statusCode, elapsedTime }: FastifyReply,
  from: string,
): void {
  const status = raw.writableFinished ? statusCode : (refusalOf(socket) ?? errors.cancelled().status);
  log.info({ method, url, from, status, milliseconds: elapsedTime }, 'request');
}

/** What to answer to an error. Its stack stays here. */
function protocolErrorOf(error: FastifyError | ProtocolError, bodyLimit: number): ProtocolError {
  if (error instanceof ProtocolError) return error;
  const { statusCode = 500, message } = error;
  if (statusCode === 413) return errors.tooLarge(bodyLimit);
  return statusCode < 500 ? new ProtocolError(statusCode, message) : errors.internal();
}
