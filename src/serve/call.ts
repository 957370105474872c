/** What a handler gets of a request, and what it gives for an answer: HTTP's text without its machinery. */

import type { MetricsPage } from './metrics.ts';
import type { Model } from './models/model.ts';
import type { Registry } from './models/registry.ts';

/** What all handlers share. */
export interface Service {
  readonly registry: Registry;
  readonly metrics: MetricsPage;
  /** The largest image, in pixels. */
  readonly maxPixels: number;
  /** Whether the server is about to stop: then it is not ready, and still answers. */
  readonly isStopping: () => boolean;
}

export interface Call {
  readonly service: Service;
  /** The parts of the path that the route's URL names. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  /** Calls back if the client goes before it has its answer. */
  readonly onGone: (listener: () => void) => void;
}

export interface Answer {
  readonly status: number;
  /** An object is sent as JSON, a text as it is. */
  readonly body: object | string | Uint8Array;
  /** By default `application/json`. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handler = (call: Call) => Answer | Promise<Answer>;

export const ok = (body: object | string): Answer => ({ status: 200, body });

/** 200 where something is ready, else 503. */
export const readiness = (ready: boolean, body: object): Answer => ({ status: ready ? 200 : 503, body });

/** The model that the path names. Throws a 404 or a 503 where there is none to use. */
export const modelOf = ({ service, path }: Call): Model =>
  service.registry.find(path.model ?? '', path.version);
