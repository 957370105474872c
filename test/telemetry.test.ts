/** onnxruntime's builds report to their makers what they run, and keep a number for the machine: not from here. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What a program in a process of its own leaves in its home and for the time being; `settings` are of its environment. */
function leftBy(program: string, settings: NodeJS.ProcessEnv = {}): string[] {
  const home = mkdtempSync(join(tmpdir(), 'nas-home-'));
  try {
    // What this process or CI has set would hide what is the rule.
    const { ORT_DISABLE_TELEMETRY: _own, ...inherited } = process.env;
    const env = { ...inherited, HOME: home, XDG_CACHE_HOME: home, TMPDIR: home, ...settings };
    execFileSync(process.execPath, ['--eval', `(async () => { ${program} })()`], { cwd: root, env });
    return readdirSync(home);
  } finally {
    rmSync(home, { recursive: true });
  }
}

const model = 'models/fashion-mnist/1/model.onnx';

it.each([
  [
    'a session',
    `const { InferenceSession } = await import('./dist/runtime.js');
    await (await InferenceSession.create('${model}')).release();`,
  ],
  [
    'a server, whose sessions are in worker threads',
    `const { serve } = await import('./dist/serve/index.js');
    await (await serve('${model}', { port: 0 })).close();`,
  ],
])('%s leaves no trace of it', (_what, program) => {
  expect(leftBy(program)).toEqual([]);
});
