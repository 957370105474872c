/**
 * The skeleton of NAS-Bench-201 (Dong & Yang 2020, arXiv 2001.00326; D-X-Y/AutoDL-Projects): a chain of cells of one
 * input, with residual blocks where the image is halved. Of 17 cells, the benchmark's five a stage and two blocks.
 */
import type { Tensor4D } from '@tensorflow/tfjs';
import {
  batchNorm,
  type Context,
  convolution,
  type Declarations,
  type Layer,
  relu,
  sequence,
} from '../../nn/layers.ts';
import { type Width, widthOf } from '../../nn/padding.ts';
import { averagePoolPairs } from '../../nn/pooling.ts';
import { inScope } from '../../scope.ts';
import { tf } from '../../tfjs.ts';
import { isReduction } from '../skeleton-names.ts';
import {
  type Body,
  type CellMaker,
  makeStem,
  runNodes,
  type Skeleton,
  type SkeletonOptions,
} from './skeleton.ts';

/** What an image passes through, by its name: a cell, or a residual block. */
interface Stage<C extends Context> {
  readonly name: string;
  readonly apply: (x: Tensor4D, context: C) => Tensor4D;
}

/** [ReLU, conv 3×3, BN] twice, the first of stride 2, added to the mean of 2×2 pixels through a conv 1×1. */
function residualBlock(at: Declarations, inputs: number, outputs: number): Layer {
  const half = (part: Declarations, from: number, stride: number): Layer =>
    sequence(relu, convolution(part, from, outputs, 3, { stride }), batchNorm(part, outputs, true));
  const main = sequence(half(at.at('first'), inputs, 2), half(at.at('second'), outputs, 1));
  const project = convolution(at.at('shortcut'), inputs, outputs, 1);
  return (x, context) =>
    tf.add(
      inScope('shortcut', () => project(averagePoolPairs(x), context)),
      main(x, context),
    );
}

export const nasBench201: Skeleton = {
  normalizesPools: false,
  build<C extends Context>(
    at: Declarations,
    { imageChannels, channels, cells, reductions }: SkeletonOptions,
    affine: boolean,
    make: CellMaker<C>,
  ): Body<C> {
    const stem = makeStem(at.at('stem'), imageChannels, channels);
    const stages: Stage<C>[] = [];
    const widths: Width[] = [];
    let width = channels;
    let halvings = 0;
    for (let index = 0; index < cells; index++) {
      const name = `cell${index}`;
      if (isReduction(index, cells, reductions)) {
        stages.push({ name, apply: residualBlock(at.at(name), width, 2 * width) });
        width *= 2;
        halvings++;
      } else {
        const graph = make({ at: at.at(name), kind: 'cell', channels: width, halvings, affine });
        stages.push({ name, apply: (x, context) => runNodes(graph, [x], context) });
      }
      widths.push(widthOf(width));
    }
    const norm = sequence(batchNorm(at.at('last'), width, true), relu);
    return {
      widths,
      outputs: widthOf(width),
      apply: (images, context, visit) => {
        let x = inScope('stem', () => stem(images, context));
        stages.forEach(({ name, apply }, index) => {
          x = inScope(name, () => apply(x, context));
          visit?.(index, x);
        });
        return inScope('last', () => norm(x, context));
      },
    };
  },
};
