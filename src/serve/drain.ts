import type { ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Lets an application finish what is in progress when it is closed. Node's own `close()` does not: it destroys a
 * connection as soon as its answer is complete, even if the client has received only a part of it, and it waits
 * for kept-alive connections to time out.
 */
export function drainOnClose(app: FastifyInstance): void {
  const answering = new Set<ServerResponse>();
  const connections = new Set<Socket>();
  let closing = false;
  let drained: (() => void) | undefined;

  app.server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  app.server.on('request', (_request, response) => {
    answering.add(response);
    // Emitted once the answer is with the operating system, or the client has gone.
    response.once('close', () => {
      answering.delete(response);
      if (answering.size === 0) drained?.();
    });
  });

  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });

  app.addHook('preClose', async () => {
    closing = true;
    if (!app.server.listening) return;
    // Only the listening ends, not the connections, as it would by the HTTP server's method of the same name.
    Server.prototype.close.call(app.server);
    if (answering.size > 0) {
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
    }
    app.server.closeAllConnections();
    // The HTTP server does not know of those that have not agreed on TLS.
    for (const socket of connections) socket.destroy();
  });
}
