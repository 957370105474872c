/** What scripts/build-tfjs-node.js says to wrong options, before it fetches or builds anything. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const run = (...args: string[]) =>
  spawnSync(process.execPath, ['scripts/build-tfjs-node.js', ...args], { encoding: 'utf8' });

describe.skipIf(process.platform !== 'linux')('building the addon of tfjs-node', () => {
  it.each([
    [['--bogus'], /Unknown option '--bogus'; expected \[--package NAME\]/],
    [['--package', 'left-pad'], /--package must be @tensorflow\/tfjs-node or .*, got left-pad/],
    [['--tensorflow', 'src'], /src has no libtensorflow_cc\.so\.2; expected the folder "tensorflow"/],
  ])('refuses %s', (args, message) => {
    const { status, stderr } = run(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(2);
  });
});
