/** The page at `/`: the models and their state, and a place to try them. It is a client of the public endpoints. */
import { type Answer, type Handler, modelOf, ok } from '../call.ts';
import { errors } from '../protocol/errors.ts';
import { type Asset, assetOf } from './assets.ts';
import { describe } from './description.ts';
import { sampleOf } from './samples.ts';

export interface PageRoute {
  readonly method: 'GET';
  readonly url: string;
  readonly handle: Handler;
  /** Whether it is sent to those, too, who have no token: the page asks for it. */
  readonly open?: boolean;
}

/** The page may load what this server has, run the scripts among it, and nothing else. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

function sent(asset: Asset | undefined, url: string): Answer {
  if (!asset) throw errors.unknownEndpoint('GET', url);
  return { status: 200, body: asset.bytes, type: asset.type, headers };
}

const page: Handler = () => sent(assetOf('index.html'), '/');

const asset: Handler = ({ path: { file = '' } }) => sent(assetOf(file), `/page/${file}`);

const description: Handler = async (call) => ok(await describe(modelOf(call)));

const sample: Handler = async (call) => {
  const { name, version, path } = modelOf(call);
  const { sample: wanted = '' } = call.path;
  return sent(await sampleOf(path, wanted), `/page/models/${name}/versions/${version}/samples/${wanted}`);
};

const model = '/page/models/:model/versions/:version';

export const pageRoutes: readonly PageRoute[] = [
  { method: 'GET', url: '/', handle: page, open: true },
  { method: 'GET', url: '/page/:file', handle: asset, open: true },
  { method: 'GET', url: model, handle: description },
  { method: 'GET', url: `${model}/samples/:sample`, handle: sample },
];
