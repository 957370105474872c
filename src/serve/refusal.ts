/** Answers what never becomes a whole request: there is only the connection to write to. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError } from 'fastify';
import { errors, type ProtocolError } from './protocol/errors.ts';

/** Milliseconds that a client has to read the answer. Then it is cut off: no other limit holds for it any more. */
const patience = 1000;

const clientErrors: Readonly<Record<string, () => ProtocolError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: errors.requestTimeout,
  HPE_HEADER_OVERFLOW: errors.headersTooLarge,
};

const refused = new WeakMap<Socket, number>();

/** The status that a connection was refused with; undefined where it was not. */
export const refusalOf = (socket: Socket): number | undefined => refused.get(socket);

export function refuseConnection({ code }: ConnectionError, socket: Socket): void {
  // One that is broken, or has been refused already, reads nothing any more.
  if (code === 'ECONNRESET' || !socket.writable) return;
  const { status, message } = (clientErrors[code] ?? errors.notHttp)();
  refused.set(socket, status);
  const body = JSON.stringify({ error: message });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), patience).unref();
}

/** Of expectations there is one, `100-continue` (RFC 9110, section 10.1.1). */
export function refuseExpectation({ headers }: IncomingMessage, response: ServerResponse): void {
  const { status, message } = errors.unknownExpectation(String(headers.expect));
  response
    .writeHead(status, { 'content-type': 'application/json', connection: 'close' })
    .end(JSON.stringify({ error: message }));
}
