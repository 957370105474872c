/** Every example of the documentation is compiled and run against the built package, as a user would. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

interface Example {
  /** The file and line where it begins. */
  readonly title: string;
  readonly code: string;
}

/** The code blocks marked `ts` of a Markdown file, or of the comments of a source file. */
async function examplesOf(file: string): Promise<Example[]> {
  if (!existsSync(join(root, file))) return [];
  const text = (await readFile(join(root, file), 'utf8')).replaceAll(/^ \* ?/gm, '');
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(({ 1: code = '', index }) => ({
    title: `${file}:${text.slice(0, index).split('\n').length}`,
    code,
  }));
}

const examples = (await Promise.all(['src/index.ts', 'README.md'].map(examplesOf))).flat();

/** The compiler's options for a project that has installed the package: strict, against its declarations. */
const project = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    types: ['node'],
    rootDir: '.',
    outDir: 'out',
  },
  include: ['*.ts'],
};

const nameOf = (index: number): string => `example${index}`;
let folder: string;

describe('examples', () => {
  beforeAll(async () => {
    // Within the package, so that it can be imported by its own name; the folder is ignored by git.
    await mkdir(join(root, 'runs'), { recursive: true });
    folder = await mkdtemp(join(root, 'runs', 'examples-'));
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project));
    await Promise.all(
      examples.map(({ code }, index) => writeFile(join(folder, `${nameOf(index)}.ts`), code)),
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are there', () => {
    expect(examples.length).toBeGreaterThanOrEqual(7);
  });

  it('have no type errors', async () => {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const result = await run(process.execPath, [compiler, '-p', folder]).catch((error) => error);
    expect(result).toMatchObject({ stdout: '' });
  });

  it.each(examples.map(({ title }, index) => [title, index] as const))('%s runs', async (_, index) => {
    const file = join(folder, 'out', `${nameOf(index)}.js`);
    const result = await run(process.execPath, [file], { cwd: folder }).catch((error) => error);
    expect(result).not.toBeInstanceOf(Error);
    expect(result.stdout).not.toBe('');
  });
});
