import type { ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { followAnswers, inProgress } from './answers.ts';

/**
 * Lets an application finish what is in progress when it is closed. Node's own `close()` does not: it destroys a
 * connection as soon as its answer is complete, even if the client has received only a part of it, and it waits
 * for kept-alive connections to time out.
 */
export function drainOnClose(app: FastifyInstance): void {
  const answers = followAnswers(app.server);
  const connections = new Set<Socket>();
  /** With which answer each connection ends that had some in progress when the closing began. */
  const last = new Map<Socket, ServerResponse>();
  let closing = false;

  app.server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });

  app.addHook('onSend', async ({ raw: { socket } }, reply) => {
    const ends = closing && (last.get(socket) ?? reply.raw) === reply.raw;
    if (ends) reply.header('connection', 'close');
  });

  app.addHook('preClose', async () => {
    closing = true;
    if (!app.server.listening) return;
    // Only the listening ends, not the connections, as it would by the HTTP server's method of the same name.
    Server.prototype.close.call(app.server);
    for (const [socket, own] of answers) {
      const final = [...own].at(-1);
      if (final?.headersSent === false) last.set(socket, final);
    }
    for (let current = inProgress(answers); current.length > 0; current = inProgress(answers)) {
      // Emitted once the answer is with the operating system, or the client has gone.
      await Promise.all(current.map((response) => new Promise((resolve) => response.once('close', resolve))));
    }
    app.server.closeAllConnections();
    // The HTTP server does not know of those that have not agreed on TLS.
    for (const socket of connections) socket.destroy();
  });
}
