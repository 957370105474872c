/**
 * The candidate operations, by the names of the literature (quark0/darts `cnn/operations.py`). One table serves the
 * supernet, the discrete network and the genotype's validation.
 */
import type { Tensor4D } from '@tensorflow/tfjs';
import {
  batchNorm,
  convolution,
  type Declarations,
  depthwise,
  factorizedReduce,
  type Layer,
  normalized,
  relu,
  sequence,
  type WeighedLayer,
} from '../nn/layers.ts';
import { batchNormalize, weigh } from '../nn/normalize.ts';
import { padTo } from '../nn/padding.ts';
import { averagePool, maxPool } from '../nn/pooling.ts';
import { tf } from '../tfjs.ts';
import type { OperationName } from './operation-names.ts';

export interface OperationOptions {
  readonly channels: number;
  readonly stride: number;
  /** Whether batch norm has an affine transform: not in the search, yes in the evaluation network. */
  readonly affine: boolean;
  /** The search normalises pools, the evaluation network does not. */
  readonly normalizePools: boolean;
}

export interface Operation {
  /** Where to declare parameters; image [N, H, W, C] → [N, ⌈H/s⌉, ⌈W/s⌉, C]. */
  readonly make: (at: Declarations, options: OperationOptions) => WeighedLayer;
  /** Passes the state on unchanged (at stride 1); drop-path leaves it alone. */
  readonly identity?: true;
}

/** [ReLU, depthwise k stride s, pointwise, BN, ReLU, depthwise k, pointwise, BN]. */
const separable =
  (kernel: number): Operation['make'] =>
  (at, { channels, stride, affine }) => {
    const half = (part: Declarations, s: number): WeighedLayer =>
      normalized(
        sequence(
          relu,
          depthwise(part, channels, kernel, { stride: s }),
          convolution(part, channels, channels, 1),
        ),
        batchNorm(part, channels, affine),
      );
    return normalized(half(at.at('first'), stride), half(at.at('second'), 1));
  };

/** [ReLU, depthwise k dilation 2 stride s, pointwise, BN]. */
const dilated =
  (kernel: number): Operation['make'] =>
  (at, { channels, stride, affine }) =>
    normalized(
      sequence(
        relu,
        depthwise(at, channels, kernel, { stride, dilation: 2 }),
        convolution(at, channels, channels, 1),
      ),
      batchNorm(at, channels, affine),
    );

/** [ReLU, convolution k stride s, BN]. */
const ordinary =
  (kernel: number): Operation['make'] =>
  (at, { channels, stride, affine }) =>
    normalized(
      sequence(relu, convolution(at, channels, channels, kernel, { stride })),
      batchNorm(at, channels, affine),
    );

/** A layer without a norm of its own: the weight is a pass over its result. */
const weighed =
  (layer: Layer): WeighedLayer =>
  (x, context, weight) => {
    const y = layer(x, context);
    return weight ? weigh(y, weight) : y;
  };

/** A pool has no parameters: edges that leave one state at one stride share it, its batch norm included. */
const pooled =
  (name: string, pool: (x: Tensor4D, stride: number) => Tensor4D): Operation['make'] =>
  (_at, { stride, normalizePools }) =>
    weighed((x, context) =>
      context.once(`${name}/${stride}`, x, () => {
        const y = pool(x, stride);
        return normalizePools ? batchNormalize(y, { images: context.images }) : y;
      }),
    );

const skip: Operation['make'] = (at, { channels, stride, affine }) =>
  stride === 1 ? weighed((x) => x) : factorizedReduce(at, channels, channels, affine);

/** N(0, 1) whatever the input (Zela et al. 2020, space S4); in use its mean, so that a trained network is a function. */
const noise: Operation['make'] = (at, { channels, stride }) => {
  const site = at.noiseSites.count++;
  return weighed((x, { noise: draw, images = 1 }) => {
    const [n, h, w, padded] = stridedShape(x, stride);
    const shape = [n, h, w, images * channels] as const;
    return draw ? (padTo(draw(site, shape), 3, padded) as Tensor4D) : tf.zeros([n, h, w, padded]);
  });
};

const none: Operation['make'] = (_at, { stride }) => weighed((x) => tf.zeros(stridedShape(x, stride)));

/** Of what an operation makes of x, whose channels stay as they are. */
const stridedShape = (
  { shape: [n, h, w, c] }: Tensor4D,
  stride: number,
): [number, number, number, number] => [n, Math.ceil(h / stride), Math.ceil(w / stride), c];

/** Every operation that a genotype may name. */
export const operations = {
  none: { make: none },
  max_pool_3x3: { make: pooled('max_pool_3x3', maxPool) },
  avg_pool_3x3: { make: pooled('avg_pool_3x3', averagePool) },
  skip_connect: { make: skip, identity: true },
  sep_conv_3x3: { make: separable(3) },
  sep_conv_5x5: { make: separable(5) },
  dil_conv_3x3: { make: dilated(3) },
  dil_conv_5x5: { make: dilated(5) },
  conv_3x3: { make: ordinary(3) },
  conv_5x5: { make: ordinary(5) },
  identity: { make: skip, identity: true },
  nor_conv_1x1: { make: ordinary(1) },
  nor_conv_3x3: { make: ordinary(3) },
  noise: { make: noise },
} as const satisfies Record<OperationName, Operation>;

/** The table with its rows' common type. */
export const operationOf = (name: OperationName): Operation => operations[name];
