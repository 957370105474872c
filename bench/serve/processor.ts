/** Processor time of other processes, where the system tells it (Linux's /proc). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second on every platform that Node runs on (USER_HZ). */
const ticksPerSecond = 100;

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly seconds: number;
}

function entries(): Entry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // The command's name is in parentheses and may hold anything, so fields are counted from behind it.
        const fields = readFileSync(`/proc/${name}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
        const [, parent] = fields;
        const seconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
        return [{ pid: Number(name), parent: Number(parent), seconds }];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}

/** Seconds of processor time of a process and its descendants; undefined where the system does not tell. */
export function processorSeconds(pid: number): number | undefined {
  if (!existsSync('/proc/self/stat')) return undefined;
  const all = entries();
  const family = new Set([pid]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const entry of all) if (family.has(entry.parent)) family.add(entry.pid);
  }
  return all.filter((entry) => family.has(entry.pid)).reduce((sum, { seconds }) => sum + seconds, 0);
}
