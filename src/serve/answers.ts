import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The answers in progress of each connection with requests, in the order of those. */
export type Answers = ReadonlyMap<Socket, ReadonlySet<ServerResponse>>;

/**
 * Follows the answers of a server. Each of them emits `close` in the end, also when its connection has ended while it
 * waited behind others (pipelining, RFC 9112, section 9.3.2): Node itself forgets those.
 */
export function followAnswers(server: Server): Answers {
  const answers = new Map<Socket, Set<ServerResponse>>();

  const open = (socket: Socket): Set<ServerResponse> => {
    const own = new Set<ServerResponse>();
    answers.set(socket, own);
    socket.once('close', () => {
      answers.delete(socket);
      for (const response of own) if (response.socket === null) response.destroy().emit('close');
    });
    return own;
  };

  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const own = answers.get(socket) ?? open(socket);
    own.add(response);
    response.once('close', () => own.delete(response));
  });
  return answers;
}

export const inProgress = (answers: Answers): ServerResponse[] =>
  [...answers.values()].flatMap((own) => [...own]);
