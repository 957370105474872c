import type { ServerResponse } from 'node:http';
import { Server } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Lets an application finish what is in progress when it is closed. Node's own `close()` does not: it destroys a
 * connection as soon as its answer is complete, even if the client has received only a part of it, and it waits
 * for kept-alive connections to time out.
 */
export function drainOnClose(app: FastifyInstance): void {
  const answering = new Set<ServerResponse>();
  let closing = false;
  let drained: (() => void) | undefined;

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
  });
}
