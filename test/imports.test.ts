/** How modules are imported, where the linter cannot say it: it knows no difference between values and types. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const source = fileURLToPath(new URL('../src', import.meta.url));
const architecture = fileURLToPath(new URL('../ARCHITECTURE.md', import.meta.url));

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const textOf = (file: string): string => readFileSync(join(source, file), 'utf8');

/** Imports and re-exports from tfjs, with what they name. */
const ofTfjs = /^(import|export)(?! type\b)[^;]*?from '@tensorflow\/tfjs[^']*'|import\('@tensorflow\/tfjs/gm;

it('tfjs is required, not imported, which would cost every command a quarter of a second (src/tfjs.ts)', () => {
  expect(files.length).toBeGreaterThan(100);
  const importing = files.flatMap((file) =>
    [...textOf(file).matchAll(ofTfjs)].map(([text]) => `${file}: ${text}`),
  );
  expect(importing).toEqual([]);
});

/** Imports and re-exports of other files of ours, also of types alone and where they are loaded when needed. */
const ofFiles = /\b(?:from|import\(?)\s*'(\.[^']+)'/g;

/** The folders of the map, in its order; what lies deeper belongs to its folder. */
const folders = [...readFileSync(architecture, 'utf8').matchAll(/^\| `src\/(\w+)` \|/gm)].map(
  ([, folder]) => folder as string,
);

/** Its folder; of what lies in none, its name. */
const folderOf = (file: string): string => file.split(sep)[0] as string;

/** Where a file stands: what is shared by all, below all folders; the public API, above them. */
const rankOf = (file: string): number =>
  file === 'index.ts' ? folders.length : folders.indexOf(folderOf(file));

describe('the map of ARCHITECTURE.md', () => {
  it('has every folder', () => {
    const own = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect([...folders].sort()).toEqual(own.map(({ name }) => name).sort());
  });

  it('lists folders after all that they import from', () => {
    const imports = files.flatMap((file) =>
      [...textOf(file).matchAll(ofFiles)].map(
        ([, path]) => [file, join(dirname(file), path as string)] as const,
      ),
    );
    expect(imports.length).toBeGreaterThan(1000);
    const upward = imports.filter(([file, imported]) => rankOf(imported) > rankOf(file));
    expect(upward.map(([file, imported]) => `${file} imports ${imported}`)).toEqual([]);
  });
});
