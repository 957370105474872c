/** The protocol's extension model_repository: what there is, loading and unloading. */

import { isObject } from '../../objects.ts';
import { type Call, type Handler, ok } from '../call.ts';
import { errors, show } from '../protocol/errors.ts';
import { parseObject } from '../protocol/json.ts';

/** Clients send `{}`, or nothing. */
const bodyOf = ({ body }: Call): Readonly<Record<string, unknown>> =>
  body.length === 0 ? {} : parseObject(body);

export const repositoryIndex: Handler = async (call) => {
  const { ready = false } = bodyOf(call);
  if (typeof ready !== 'boolean') throw errors.invalid('ready', 'true or false', show(ready));
  const entries = await call.service.registry.index();
  return ok(ready ? entries.filter(({ state }) => state === 'READY') : entries);
};

export const loadModel: Handler = async (call) => {
  const parameters = parametersOf(call, ['config']);
  const { config } = parameters;
  if (config !== undefined && typeof config !== 'string') {
    throw errors.invalid('parameters: config', 'the text of a config.json', show(config));
  }
  await call.service.registry.load(call.path.model ?? '', config);
  return ok({});
};

export const unloadModel: Handler = async (call) => {
  // There are no dependent models: whether to unload them is all the same.
  parametersOf(call, ['unload_dependents']);
  await call.service.registry.unload(call.path.model ?? '');
  return ok({});
};

/** Refuses parameters that would be without effect. */
function parametersOf(call: Call, known: readonly string[]): Readonly<Record<string, unknown>> {
  const { parameters } = bodyOf(call);
  if (parameters === undefined || parameters === null) return {};
  if (!isObject(parameters)) throw errors.invalid('parameters', 'an object', show(parameters));
  const unknown = Object.keys(parameters).find((name) => !known.includes(name));
  if (unknown !== undefined) throw errors.invalid('parameters', known.join(', '), show(unknown));
  return parameters;
}
