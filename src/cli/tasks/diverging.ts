/** Trainings of which one may diverge without stopping those that follow it. */
import { DivergenceError } from '../../errors.ts';
import { writeWhole } from '../../runs/files.ts';
import { divergenceFile } from '../../runs/layout.ts';
import { divergenceOf } from '../../runs/run-folder.ts';
import { say, shellWord } from '../output.ts';

/**
 * Does the training of a folder, unless it has diverged before; if it does so now, the folder says why from then on.
 *
 * @param what what messages call it, e.g. `seed 3`
 */
export async function unlessDiverged(
  folder: string,
  what: string,
  train: () => Promise<unknown>,
): Promise<void> {
  const before = divergenceOf(folder);
  if (before !== undefined) {
    say(`${what} has diverged (remove ${shellWord(folder)} to train it anew): ${before}`);
    return;
  }
  try {
    await train();
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    writeWhole(divergenceFile(folder), `${error.message}\n`);
    say(`${what} has diverged: ${error.message}`);
  }
}
