/** How modules are imported, where the linter cannot say it: it knows no difference between values and types. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const source = fileURLToPath(new URL('../src', import.meta.url));

/** Imports and re-exports from tfjs, with what they name. */
const ofTfjs = /^(import|export)(?! type\b)[^;]*?from '@tensorflow\/tfjs[^']*'|import\('@tensorflow\/tfjs/gm;

it('tfjs is required, not imported, which would cost every command a quarter of a second (src/tfjs.ts)', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(100);
  const importing = files.flatMap((file) =>
    [...readFileSync(join(source, file), 'utf8').matchAll(ofTfjs)].map(([text]) => `${file}: ${text}`),
  );
  expect(importing).toEqual([]);
});
