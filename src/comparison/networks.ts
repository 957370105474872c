/** The networks of retrainings: how large they are. */

import { InputError } from '../errors.ts';
import { type NetworkCost, networkCost } from '../export/cost.ts';
import { isWhole } from '../objects.ts';
import { networkSize } from '../retrain/network.ts';
import { configFile } from '../runs/layout.ts';
import { parseGenotype } from '../search/genotype-text.ts';
import type { RetrainRecord } from './records.ts';

/** @throws InputError where the run does not say how large its network is */
export function networkOptions({ path, options }: RetrainRecord): { channels: number; cells: number } {
  const { channels, cells } = options;
  if (isWhole(channels, 1) && isWhole(cells, 1)) return { channels, cells };
  throw new InputError(
    `${configFile(path)}: channels and cells must be whole numbers from 1, ` +
      `got ${JSON.stringify({ channels, cells })}; the file is damaged`,
  );
}

export function costOf(record: RetrainRecord): NetworkCost {
  const genotype = parseGenotype(record.genotype, configFile(record.path));
  return networkCost(genotype, networkSize(networkOptions(record), record.dataset));
}
