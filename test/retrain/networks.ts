/** Evaluating networks by hand. */
import type { Tensor4D } from '@tensorflow/tfjs';
import { type Context, sharing } from '../../src/nn/layers.ts';
import type { ParameterTable } from '../../src/nn/parameters.ts';
import { random } from '../../src/random.ts';
import { makeNetwork, type Network, type NetworkOptions } from '../../src/retrain/network.ts';
import type { CellGenotype, Edge, Genotype } from '../../src/search/genotype.ts';
import { loadGenotype } from '../../src/search/genotype-file.ts';
import { tf } from '../../src/tfjs.ts';
import { normals } from '../nn/differentiable.ts';

/** Of CIFAR's images, but for what is given. */
export const network = (genotype: Genotype | string, options: Partial<NetworkOptions> = {}): Network =>
  makeNetwork(typeof genotype === 'string' ? loadGenotype(genotype) : genotype, {
    channels: 4,
    cells: 3,
    imageChannels: 3,
    height: 8,
    width: 8,
    classes: 5,
    auxiliary: false,
    ...options,
  });

/** A cell of nodes given by their edges, all nodes concatenated. */
export const cellOf = (...nodes: (readonly Edge[])[]): CellGenotype => ({
  nodes,
  concat: nodes.map((_, node) => node + 2),
});

/** A table's values by name, initialised from a seed. */
export function valuesOf(table: ParameterTable, seed = 1): Map<string, Float32Array> {
  const flat = table.initialize(random(seed));
  return new Map(table.parameters.map(({ name, offset, size }) => [name, flat.slice(offset, offset + size)]));
}

const reader =
  (values: ReadonlyMap<string, Float32Array>): Context['parameter'] =>
  ({ name, shape }) =>
    tf.tensor(values.get(name) as Float32Array, [...shape]);

/** A context in training in which every parameter is 1: enough to see shapes. */
export function onesContext(): Context {
  const parameter: Context['parameter'] = ({ shape }) => tf.ones([...shape]);
  return { parameter, statistic: parameter, normalization: 'batch', once: sharing() };
}

export interface Setting {
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly statistics?: ReadonlyMap<string, Float32Array>;
  /** The mask of a site, one number an image. */
  readonly masks?: (site: number) => readonly number[];
}

/** The logits of a network in training, its statistics not kept; in use where statistics are given. */
export function logitsOf(
  subject: Network,
  images: Tensor4D,
  { parameters, statistics, masks }: Setting,
): Float32Array {
  const context: Context = {
    parameter: reader(parameters),
    statistic: reader(statistics ?? new Map()),
    normalization: statistics ? 'running' : 'batch',
    once: sharing(),
    ...(masks && { pathMask: (site) => tf.tensor4d([...masks(site)], [images.shape[0], 1, 1, 1]) }),
  };
  return subject.logits(images, context).logits.dataSync() as Float32Array;
}

/** Images [N, H, W, C] of normal numbers. */
export const imagesOf = (n: number, height = 8, width = 8, channels = 3): Tensor4D =>
  tf.tensor4d(normals(n * height * width * channels, 'images'), [n, height, width, channels]);
