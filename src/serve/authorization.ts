/** Bearer tokens (RFC 6750): who may use the server. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { errors } from './protocol/errors.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * A check of the header Authorization. It takes as long for a token that is nearly right as for any other: digests
 * are compared, in constant time.
 *
 * @throws (the check) ProtocolError 401
 */
export function authorizer(token: string): (header: string | undefined) => void {
  const expected = digest(token);
  return (header) => {
    if (header === undefined) throw errors.unauthorized('this server wants a token');
    const given = /^Bearer +(\S+) *$/i.exec(header)?.[1];
    if (given === undefined) throw errors.unauthorized('the header Authorization names no bearer token');
    if (!timingSafeEqual(digest(given), expected)) throw errors.unauthorized('the token is wrong');
  };
}
