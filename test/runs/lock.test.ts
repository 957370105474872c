import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { holdFolder } from '../../src/runs/lock.ts';

const root = mkdtempSync(join(tmpdir(), 'nas-lock-'));
afterAll(() => rmSync(root, { recursive: true }));
const lock = (name: string): string => join(root, name, 'running.pid');

describe('holdFolder', () => {
  it('takes a folder, also one that is not there, until it is released', () => {
    const release = holdFolder(join(root, 'new'));
    expect(readFileSync(lock('new'), 'utf8')).toBe(String(process.pid));
    release();
    expect(existsSync(lock('new'))).toBe(false);
  });

  it('refuses one in which another process works, and takes it when that has been killed', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    holdFolder(join(root, 'taken'))();
    writeFileSync(lock('taken'), String(other.pid));
    expect(() => holdFolder(join(root, 'taken'))).toThrow(InputError);
    expect(() => holdFolder(join(root, 'taken'))).toThrow(
      `process ${other.pid} is working in this folder; choose another --out`,
    );
    other.kill('SIGKILL');
    await new Promise((resolve) => other.once('close', resolve));
    holdFolder(join(root, 'taken'))();
    expect(existsSync(lock('taken'))).toBe(false);
  });

  it.each(['', 'x', '-1', '0', '1e99'])('takes one whose lock says %j', (text) => {
    holdFolder(join(root, 'odd'))();
    writeFileSync(lock('odd'), text);
    holdFolder(join(root, 'odd'))();
    expect(existsSync(lock('odd'))).toBe(false);
  });

  it('is released where the process ends without a word', () => {
    const lockModule = new URL('../../src/runs/lock.ts', import.meta.url).href;
    const script = `const { holdFolder } = await import(${JSON.stringify(lockModule)}); holdFolder(${JSON.stringify(join(root, 'ended'))}); process.exit(3);`;
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      {
        encoding: 'utf8',
      },
    );
    expect(status, stderr).toBe(3);
    expect(existsSync(join(root, 'ended'))).toBe(true);
    expect(existsSync(lock('ended'))).toBe(false);
  });
});
