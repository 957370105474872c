/** The page's own files: read once, sent as they are. */
import { readFileSync } from 'node:fs';

export interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const css = 'text/css; charset=utf-8';

/** All of them, so that no name that a client makes up is looked for. */
const types = {
  'index.html': 'text/html; charset=utf-8',
  'style.css': css,
  'cell.css': css,
  'icon.svg': 'image/svg+xml',
  'main.js': 'text/javascript; charset=utf-8',
  'server.js': 'text/javascript; charset=utf-8',
  'elements.js': 'text/javascript; charset=utf-8',
  'model.js': 'text/javascript; charset=utf-8',
  'trial.js': 'text/javascript; charset=utf-8',
} as const;

/** Where those lie that are not the page's alone: the drawings of cells are the report's, too. */
const elsewhere: Readonly<Record<string, string>> = { 'cell.css': '../../report/assets/' };

const assets: ReadonlyMap<string, Asset> = new Map(
  Object.entries(types).map(([name, type]) => [
    name,
    { type, bytes: readFileSync(new URL(`${elsewhere[name] ?? './assets/'}${name}`, import.meta.url)) },
  ]),
);

/** An asset by the name in its URL; undefined where there is none. */
export const assetOf = (name: string): Asset | undefined => assets.get(name);
