/** Python packages that some machines have: other readers of ONNX files. */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

/** Debian's own Python has Debian's packages, whatever other Python comes first. */
const interpreters = ['python3', '/usr/bin/python3'];

/** An interpreter with the package; undefined, and a line that says why, where there is none. */
export function pythonWith(name: string, debianPackage: string): string | undefined {
  const found = interpreters.find((python) => {
    try {
      execFileSync(python, ['-c', `import ${name}`], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
  if (!found) {
    console.warn(`skipped: no Python with the package ${name} (Debian: apt-get install ${debianPackage})`);
  }
  return found;
}

/** Runs a program; what it prints. Throws with its errors where it fails. */
export async function runPython(python: string, program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(python, ['-c', program, ...args]);
  return stdout;
}
