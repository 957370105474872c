/** Every function of `src/nn` with a gradient of its own, at the sizes where such gradients go wrong. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { convolve, depthwiseConvolve } from '../../src/nn/convolution.ts';
import { declarations, factorizedReduce, sharing } from '../../src/nn/layers.ts';
import { batchNormalize, weigh } from '../../src/nn/normalize.ts';
import { ParameterTable } from '../../src/nn/parameters.ts';
import { averagePool, maxPool } from '../../src/nn/pooling.ts';
import type { Random } from '../../src/random.ts';
import { tf } from '../../src/tfjs.ts';
import { apart, image, normal } from '../trace/inputs.ts';
import type { Differentiable } from './differentiable.ts';

type Sizes = readonly [n: number, h: number, w: number, c: number];

/** An even and an odd size with channels that fill a block, and channels that do not. */
const imageSizes: readonly Sizes[] = [
  [2, 6, 6, 16],
  [2, 5, 7, 16],
  [2, 4, 5, 3],
];

/** Far enough from ReLU's kink for finite differences. */
const awayFromZero = (random: Random): number =>
  (random.integer(2) === 0 ? -1 : 1) * (0.2 + random.uniform());

/** A case for each of some sizes; its images hold the numbers that `draw` gives. */
const sized = (
  name: string,
  sizes: readonly Sizes[],
  operands: (c: number) => Differentiable['inputs'],
  run: (x: Tensor4D, rest: Record<string, Tensor>) => Tensor,
  numbers = normal,
): Differentiable[] =>
  sizes.map((size) => ({
    name: `${name} of [${size}]`,
    inputs: { x: image(...size, numbers), ...operands(size[3]) },
    run: ({ x, ...rest }) => run(x as Tensor4D, rest),
  }));

/** Three deviations from zero, as sums after a ReLU are: the squares of such numbers lose digits. */
const offCentre = (...shape: number[]) => ({
  ...normal(...shape),
  draw: (random: Random) => 3 + random.normal(),
});

const scalings: readonly Differentiable[] = [
  ...sized(
    'batchNormalize',
    imageSizes,
    () => ({}),
    (x) => batchNormalize(x),
  ),
  ...sized(
    'batchNormalize off centre',
    imageSizes,
    () => ({}),
    (x) => batchNormalize(x),
    offCentre,
  ),
  ...sized(
    'batchNormalize with gain and bias',
    imageSizes,
    (c) => ({ gain: normal(c), bias: normal(c) }),
    (x, { gain, bias }) => batchNormalize(x, { gain, bias }),
  ),
  ...sized(
    'batchNormalize with one gain for all channels',
    imageSizes,
    () => ({ gain: normal() }),
    (x, { gain }) => batchNormalize(x, { gain }),
  ),
  ...sized(
    'weigh',
    imageSizes,
    () => ({ a: normal() }),
    (x, { a }) => weigh(x, a as Tensor),
  ),
];

const convolutions: readonly Differentiable[] = [1, 3, 5].flatMap((kernel) =>
  [1, 2].flatMap((stride) =>
    sized(
      `convolve ${kernel}×${kernel}, stride ${stride}`,
      imageSizes.slice(0, 2),
      (c) => ({ filter: normal(kernel, kernel, c, 16) }),
      (x, { filter }) => convolve(x, filter as Tensor4D, { stride }),
    ),
  ),
);

/** As many images as make whole blocks, and as many as make none: onnxruntime takes them for channels. */
const batches: readonly Differentiable[] = [1, 2].flatMap((stride) =>
  sized(
    `convolve 1×1 of a batch, stride ${stride}`,
    [
      [32, 3, 4, 32],
      [17, 4, 3, 16],
    ],
    (c) => ({ filter: normal(1, 1, c, 16) }),
    (x, { filter }) => convolve(x, filter as Tensor4D, { stride }),
  ),
);

const depthwise: readonly Differentiable[] = [3, 5].flatMap((kernel) =>
  [1, 2].flatMap((stride) =>
    [1, 2].flatMap((dilation) =>
      sized(
        `depthwise ${kernel}×${kernel}, stride ${stride}, dilation ${dilation}`,
        imageSizes,
        (c) => ({ filter: normal(kernel, kernel, c, 1) }),
        (x, { filter }) => depthwiseConvolve(x, filter as Tensor4D, { stride, dilation }),
      ),
    ),
  ),
);

/** Down to a single pixel, which is all border. */
const poolSizes: readonly Sizes[] = [...imageSizes, [2, 2, 2, 16], [2, 1, 1, 16]];

const pools: readonly Differentiable[] = [1, 2].flatMap((stride) => [
  ...sized(
    `averagePool, stride ${stride}`,
    poolSizes,
    () => ({}),
    (x) => averagePool(x, stride),
  ),
  ...sized(
    `maxPool, stride ${stride}`,
    poolSizes,
    () => ({}),
    (x) => maxPool(x, stride),
    apart,
  ),
]);

const kinkless = (...shape: number[]) => ({ ...normal(...shape), draw: awayFromZero });

function reduction(inputs: number, outputs: number, sizes: readonly Sizes[]): Differentiable[] {
  const parameters = new ParameterTable();
  const layer = factorizedReduce(declarations(parameters, new ParameterTable()), inputs, outputs, true);
  return sized(
    `factorizedReduce to ${outputs}`,
    sizes,
    () => ({ theta: normal(parameters.size) }),
    (x, { theta }) => {
      const parameter = parameters.lookup(parameters.split(theta as Tensor));
      const y = layer(x, { parameter, statistic: parameter, normalization: 'batch', once: sharing() });
      // Blocks of 8 channels have room for 5, and 3 more that mean nothing.
      return tf.slice(y, [0, 0, 0, 0], [-1, -1, -1, outputs]);
    },
    kinkless,
  );
}

/** What leaves one image in strides of 2, and besides: gradients that add up in phases (`trace/phases.ts`). */
const together: readonly Differentiable[] = sized(
  'several strides from one image',
  [...imageSizes, [2, 8, 7, 32]],
  (c) => ({
    three: normal(3, 3, c, 1),
    five: normal(5, 5, c, 1),
    full: normal(3, 3, c, c),
    one: normal(1, 1, c, c),
  }),
  (x, operands) => {
    const { three, five, full, one } = operands as Record<string, Tensor4D>;
    const [filter3, filter5] = [three, five] as [Tensor4D, Tensor4D];
    const strided = [
      depthwiseConvolve(x, filter3, { stride: 2 }),
      convolve(x, one as Tensor4D, { stride: 2 }),
      averagePool(depthwiseConvolve(x, filter5), 2),
      depthwiseConvolve(x, filter5, { stride: 2, dilation: 2 }),
      averagePool(depthwiseConvolve(x, filter3), 2),
      convolve(x, full as Tensor4D, { stride: 2 }),
    ];
    return strided.reduce((sum, y) => sum.add(y));
  },
);

/** Of an even size it keeps its phases, of an odd one it cannot. */
const shifted: readonly Differentiable[] = sized(
  'strides over an image without its first row and column',
  imageSizes,
  (c) => ({ filter: normal(1, 1, c, c) }),
  (x, { filter }) => convolve(x.slice([0, 1, 1, 0]), filter as Tensor4D, { stride: 2 }),
);

export const differentiables: readonly Differentiable[] = [
  ...scalings,
  ...convolutions,
  ...batches,
  ...depthwise,
  ...pools,
  ...together,
  ...shifted,
  ...reduction(16, 32, imageSizes.slice(0, 2)),
  ...reduction(3, 5, imageSizes.slice(2)),
];
