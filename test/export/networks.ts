/** Small networks to export. */
import type { Dataset, ImageShape } from '../../src/data/index.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { tfjsEngine } from '../../src/engine/tfjs.ts';
import { type ExportOptions, inferenceGraph } from '../../src/export/model.ts';
import type { Graph } from '../../src/onnx/ir.ts';
import { random } from '../../src/random.ts';
import type { Network } from '../../src/retrain/network.ts';
import { retrainDefaults } from '../../src/retrain/options.ts';
import { networkFor, retrain } from '../../src/retrain/retrain.ts';
import { inferenceStep } from '../../src/retrain/steps.ts';
import type { Weights } from '../../src/retrain/weights.ts';
import type { Genotype } from '../../src/search/genotype.ts';
import { loadGenotype, publishedNames } from '../../src/search/genotype-file.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';

/** Every operation that a searched cell may hold, at strides 1 and 2, with one to five edges into a node. */
const everyOperation = parseGenotype(
  `Genotype(normal=[[('conv_3x3', 0), ('conv_5x5', 1)], [('max_pool_3x3', 0), ('avg_pool_3x3', 1), ('identity', 2)],
    [('sep_conv_3x3', 3)], [('sep_conv_5x5', 0), ('dil_conv_3x3', 1), ('dil_conv_5x5', 2), ('skip_connect', 3), ('identity', 4)]],
    normal_concat=range(2, 6),
    reduce=[[('conv_3x3', 0), ('conv_5x5', 1)], [('max_pool_3x3', 0), ('avg_pool_3x3', 1), ('identity', 0)],
    [('sep_conv_3x3', 0), ('sep_conv_5x5', 1)], [('dil_conv_3x3', 0), ('dil_conv_5x5', 1), ('skip_connect', 0)]],
    reduce_concat=[2, 4, 5])`,
);

export const genotypes: Readonly<Record<string, Genotype>> = {
  ...Object.fromEntries(publishedNames().map((name) => [name, loadGenotype(name)])),
  everyOperation,
};

export const shapes = {
  grey: { channels: 1, height: 28, width: 28 },
  odd: { channels: 3, height: 33, width: 27 },
} as const satisfies Record<string, ImageShape>;

export const classes = ['cat', 'dog', 'emu'];

/** A data set of random pixels. */
export function noise(shape: ImageShape, train = 24, test = 12): Dataset {
  const split = (count: number, seed: number): Dataset['train'] => {
    const generator = random(seed, 'noise');
    const images = Uint8Array.from({ length: count * shape.channels * shape.height * shape.width }, () =>
      generator.integer(256),
    );
    return { count, images, labels: Uint16Array.from({ length: count }, (_, i) => i % classes.length) };
  };
  return { name: 'noise', classes, shape, train: split(train, 1), test: split(test, 2) };
}

export interface Trained {
  readonly genotype: Genotype;
  readonly shape: ImageShape;
  readonly network: Network;
  readonly weights: Weights;
}

const small = { channels: 4, cells: 3, auxiliaryWeight: 0 };

export const normalizationFor = ({ channels }: ImageShape) => ({
  mean: [0.5, 0.25, 0.75].slice(0, channels),
  std: [0.2, 0.3, 0.4].slice(0, channels),
});

/** A network as it begins, but with statistics that differ from channel to channel. */
export function initial(genotype: Genotype, shape: ImageShape): Trained {
  const network = networkFor(genotype, { shape, classes }, small);
  const generator = random(3, 'statistics');
  const statistics = network.statistics.initialize(generator);
  for (const { name, offset, size } of network.statistics.parameters) {
    const sample = (): number =>
      name.endsWith('variance') ? 0.5 + generator.uniform() : generator.normal() / 4;
    for (let i = offset; i < offset + size; i++) statistics[i] = sample();
  }
  return {
    genotype,
    shape,
    network,
    weights: { theta: network.parameters.initialize(generator), statistics },
  };
}

/** A network after a few steps of training. */
export async function trained(genotype: Genotype, shape: ImageShape): Promise<Trained> {
  const options = { ...retrainDefaults, ...small, epochs: 1, batch: 8, maxSteps: 3 };
  const engine = await onnxruntimeEngine({ threads: 1 });
  const { network, last } = await retrain(genotype, noise(shape), options, { engine });
  return { genotype, shape, network, weights: last };
}

export const graphOf = ({ network, weights, shape }: Trained, options?: ExportOptions): Graph =>
  inferenceGraph(network, weights, normalizationFor(shape), shape, options);

/** Pixels in [0, 1], the same ones each time. */
export function pixels(count: number, { channels, height, width }: ImageShape): Float32Array {
  const generator = random(4, 'pixels');
  return Float32Array.from({ length: count * channels * height * width }, () => generator.uniform());
}

/** The logits of images as tfjs computes them, by itself: what every file must give. */
export async function expectedLogits(
  { network, weights, shape }: Trained,
  images: Float32Array,
): Promise<Float32Array> {
  const { channels, height, width } = shape;
  const { mean, std } = normalizationFor(shape);
  const plane = height * width;
  const normal = images.map((x, i) => {
    const channel = Math.floor(i / plane) % channels;
    return (x - (mean[channel] as number)) / (std[channel] as number);
  });
  const { fn, signature } = inferenceStep(network, images.length / (plane * channels), shape);
  const engine = await tfjsEngine('cpu');
  const compiled = await engine.compile(fn, signature, 'expected');
  const { logits } = await compiled.run({ ...weights, images: normal });
  return logits as Float32Array;
}
