/** The server itself: what it is, whether it lives, its metrics. */

import { version } from '../../version.ts';
import { type Handler, ok, readiness } from '../call.ts';

/** What the server calls itself. */
const server = { name: 'onnx-nas', version };

/** The protocol's extensions that it has. */
const extensions = [
  'binary_tensor_data',
  'classification',
  'model_configuration',
  'model_repository',
  'schedule_policy',
  'statistics',
] as const;

export const serverMetadata: Handler = () => ok({ ...server, extensions });

export const live: Handler = () => ok({ live: true });

export const ready: Handler = ({ service }) => {
  const isReady = !service.isStopping() && service.registry.isReady();
  return readiness(isReady, { ready: isReady });
};

export const metrics: Handler = async ({ service }) => ({
  status: 200,
  body: await service.metrics.text(),
  type: service.metrics.contentType,
});
