/** Writes the report of a run. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readRun } from '../../comparison/records.ts';
import { reportOf } from '../../comparison/report.ts';
import { summarize } from '../../comparison/summary.ts';
import { InputError } from '../../errors.ts';
import { drawGenotype } from '../../report/genotype-drawings.ts';
import { reportHtml } from '../../report/page.ts';
import { requireWritable, writeWhole } from '../../runs/files.ts';
import { nothingSelected } from '../places.ts';

/** @param out the file to write; in the run's folder unless it is given */
export function writeReport(
  path: string,
  out = join(path, 'report.html'),
): { report: string; bytes: number } {
  const run = readRun(path);
  requireWritable(out);
  const html = reportHtml(reportOf(run, summarize(run)));
  writeWhole(out, html);
  return { report: out, bytes: Buffer.byteLength(html) };
}

/**
 * Writes each kind of cell as a file of its name; their paths.
 *
 * @param folder where to write; the run's unless it is given
 */
export function writeDrawings(path: string, folder = path): Readonly<Record<string, string>> {
  const { genotype, kind, searches } = readRun(path);
  if (genotype === undefined) {
    if (kind === 'sweep') throw nothingSelected(path, searches[0]?.path);
    throw new InputError(`${path} holds no genotype yet: the search has not finished`);
  }
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    throw new InputError(`--out must name a folder for the drawings, got the file ${folder}`);
  }
  const written = Object.entries(drawGenotype(genotype)).map(([kind, svg]): [string, string] => {
    const file = join(folder, `${kind}.svg`);
    writeWhole(file, `${svg}\n`);
    return [kind, file];
  });
  return Object.fromEntries(written);
}
