/** The Python that runs the peers. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { InputError } from '../../src/errors.ts';
import type { Launch } from './contestant.ts';

const peers = fileURLToPath(new URL('../peers/', import.meta.url));

/**
 * The interpreter that `--python`, else the variable BENCH_PYTHON names, else python3.
 *
 * @throws InputError where it lacks one of the packages
 */
export function requirePython(
  option: string | undefined,
  packages: readonly string[],
  requirements = 'requirements.txt',
): string {
  const python = option ?? process.env.BENCH_PYTHON ?? 'python3';
  const probe = `import ${packages.join(', ')}`;
  const { error, status, stderr } = spawnSync(python, ['-c', probe], { encoding: 'utf8' });
  if (status === 0) return python;
  const reason = error?.message ?? stderr.trim().split('\n').at(-1);
  throw new InputError(
    `the peers need a Python with ${packages.join(', ')}, and ${python} is none: ${reason}\n` +
      'Install it, for instance:\n' +
      `  python3 -m venv ~/bench-python && ~/bench-python/bin/pip install -r bench/peers/${requirements}\n` +
      'and name it: BENCH_PYTHON=~/bench-python/bin/python npm run bench -- …, or --python ~/bench-python/bin/python',
  );
}

export const peer = (name: string, python: string, file: string, ...args: string[]): Launch => ({
  name,
  program: python,
  args: [`${peers}${file}`, ...args],
});
