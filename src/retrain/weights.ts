/** Trained weights as files: every parameter and statistic by name, in safetensors. */
import { InputError } from '../errors.ts';
import type { ParameterTable } from '../nn/parameters.ts';
import { type NamedArray, readArrays, writeArrays } from '../runs/safetensors.ts';
import type { Network } from './network.ts';

export interface Weights {
  readonly theta: Float32Array;
  readonly statistics: Float32Array;
}

const tables = { parameter: 'theta', statistic: 'statistics' } as const;

const tableOf = (network: Network, kind: keyof typeof tables): ParameterTable =>
  kind === 'parameter' ? network.parameters : network.statistics;

/** Writes `parameter/<name>` and `statistic/<name>` arrays; `metadata` goes along as text. */
export function writeWeights(
  path: string,
  network: Network,
  weights: Weights,
  metadata: Readonly<Record<string, string>>,
): void {
  const arrays: Record<string, NamedArray> = {};
  for (const kind of Object.keys(tables) as (keyof typeof tables)[]) {
    const flat = weights[tables[kind]];
    for (const { name, shape, offset, size } of tableOf(network, kind).parameters) {
      arrays[`${kind}/${name}`] = { shape, data: flat.subarray(offset, offset + size) };
    }
  }
  writeArrays(path, { arrays, metadata });
}

/** The weights of a network in a file. InputError where one is missing or of another shape. */
export function readWeights(
  path: string,
  network: Network,
): Weights & { metadata: Readonly<Record<string, string>> } {
  const { arrays, metadata } = readArrays(path);
  const read = (kind: keyof typeof tables): Float32Array => {
    const table = tableOf(network, kind);
    const flat = new Float32Array(table.size);
    for (const { name, shape, offset } of table.parameters) {
      const found = arrays[`${kind}/${name}`];
      if (!found || found.shape.join() !== shape.join()) {
        throw new InputError(
          `${path} does not fit the network: expected ${kind} ${name} [${shape}], got ${found ? `[${found.shape}]` : 'none'}`,
        );
      }
      flat.set(found.data, offset);
    }
    return flat;
  };
  return { theta: read('parameter'), statistics: read('statistic'), metadata };
}
