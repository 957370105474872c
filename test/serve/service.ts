/** An application on a folder of models, without a network; and bodies as clients of the protocol send them. */

import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { expect } from 'vitest';
import { type AppOptions, createApp } from '../../src/serve/app.ts';
import { openRegistry, type Registry, type RegistryOptions } from '../../src/serve/models/registry.ts';
import { makeFolder, removeFolder } from './onnx.ts';

export type Headers = Readonly<Record<string, string>>;

export interface Service {
  readonly folder: string;
  readonly app: FastifyInstance;
  readonly registry: Registry;
  readonly warnings: readonly string[];
  readonly get: (url: string, headers?: Headers) => Promise<LightMyRequestResponse>;
  readonly post: (
    url: string,
    body?: object | string | Buffer,
    headers?: Headers,
  ) => Promise<LightMyRequestResponse>;
  readonly close: () => Promise<void>;
}

export async function openService(
  files: Readonly<Record<string, Uint8Array | string>>,
  appOptions: AppOptions = {},
  registryOptions: RegistryOptions = {},
): Promise<Service> {
  const folder = await makeFolder(files);
  const warnings: string[] = [];
  const registry = await openRegistry(folder, {
    defaults: { threads: 1 },
    warn: (message) => warnings.push(message),
    ...registryOptions,
  });
  const app = createApp(registry, appOptions);
  return {
    folder,
    app,
    registry,
    warnings,
    get: (url, headers = {}) => app.inject({ method: 'GET', url, headers }),
    post: (url, body, headers = {}) =>
      app.inject({ method: 'POST', url, headers, ...(body === undefined ? {} : { payload: body }) }),
    close: async () => {
      await app.close();
      await registry.close();
      await removeFolder(folder);
    },
  };
}

export const lengthHeader = 'inference-header-content-length';

/** JSON with the data of tensors behind it, and the header that says where it ends. */
export function binaryBody(json: object | string, ...blobs: readonly Uint8Array[]): [Buffer, Headers] {
  const head = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return [Buffer.concat([head, ...blobs]), { [lengthHeader]: String(head.length) }];
}

/** The JSON of an answer, and what follows it. */
export function partsOf(response: LightMyRequestResponse): [json: Record<string, unknown>, rest: Buffer] {
  const header = response.headers[lengthHeader];
  expect(response.headers['content-type']).toBe(
    header === undefined ? 'application/json' : 'application/octet-stream',
  );
  const length = header === undefined ? response.rawPayload.length : Number(header);
  const json = JSON.parse(response.rawPayload.subarray(0, length).toString());
  return [json, response.rawPayload.subarray(length)];
}

/** Every error is JSON of exactly this type, has nothing but a message, and never a stack. */
export function expectError(
  response: LightMyRequestResponse,
  status: number,
  message: string | RegExp = '',
): void {
  expect([response.statusCode, response.body]).toEqual([status, expect.anything()]);
  expect(response.headers['content-type']).toBe('application/json');
  const body = response.json();
  expect(body).toEqual({ error: expect.any(String) });
  expect(body.error).toMatch(message);
  expect(body.error).not.toMatch(/\n\s+at |\.ts:\d|\.js:\d/);
}

export function expectAnswer(response: LightMyRequestResponse, body: unknown, status = 200): void {
  expect([response.statusCode, response.json()]).toEqual([status, body]);
  expect(response.headers['content-type']).toBe('application/json');
}

/** The elements of a BYTES tensor in bytes: each its length and itself. */
export const bytesElements = (...elements: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    elements.flatMap((element) => {
      const bytes = Buffer.from(element);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
