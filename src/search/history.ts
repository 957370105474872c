/** What guards need to know of the epochs before: kept while the search runs, read back where it is continued. */
import { InputError } from '../errors.ts';
import type { EpochRecord } from '../runs/epochs.ts';
import { metricsFile } from '../runs/layout.ts';
import type { WatchedEpoch } from './guards/index.ts';
import type { Supernet } from './supernet.ts';

/** An epoch with the architecture at its end, flat, that a search may return to. */
export interface PastEpoch extends WatchedEpoch {
  readonly alpha: Float32Array;
}

/**
 * The first `epochs` epochs of a run, of its records.
 *
 * @throws InputError where the records are not those of such a run
 */
export function pastEpochs(
  records: readonly EpochRecord[],
  epochs: number,
  { architecture }: Supernet,
  path: string,
): PastEpoch[] {
  return Array.from({ length: epochs }, (_, epoch) => {
    const record: Partial<EpochRecord> = records.find((r) => r.epoch === epoch) ?? {};
    const { skips, eigenvalue } = record;
    const pieces = architecture.parameters.map(({ name, size }) => {
      const values = record[name];
      return Array.isArray(values) && values.length === size ? values : undefined;
    });
    if (typeof skips !== 'number' || pieces.includes(undefined)) {
      throw new InputError(
        `${metricsFile(path)} does not have the architecture of epoch ${epoch + 1}, ` +
          'which the guards of this run may return to: the file is damaged',
      );
    }
    const alpha = Float32Array.from(pieces.flat() as number[]);
    return { epoch, skips, alpha, ...(typeof eigenvalue === 'number' && { eigenvalue }) };
  });
}
