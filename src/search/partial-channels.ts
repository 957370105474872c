/**
 * Partial channels (Xu et al. 2020, arXiv 1907.05737, section 3.2; yuhuixu1993/PC-DARTS): of a state's C channels the
 * first C/k go through the operations, the others past them, max-pooled 2×2 where the edge has stride 2; then the two
 * parts are joined and their channels shuffled in k groups.
 *
 * What comes after the operations is linear and the same for all edges into a node, so it is done once a node:
 *
 *     node = shuffle([Σₑ βₑ·Σₒ wₑₒ·o(xₑ[: C/k]), Σₑ βₑ·pool(xₑ)[C/k :]])
 *
 * Few channels leave a processor's lanes empty, and then a quarter of them takes as long as all. So the operations see
 * several images side by side (`nn/folding.ts`).
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { selectChannels } from '../nn/channels.ts';
import { foldImages, unfoldImages } from '../nn/folding.ts';
import type { Context } from '../nn/layers.ts';
import { weigh } from '../nn/normalize.ts';
import { paddedChannels } from '../nn/padding.ts';
import { maxPoolPairs } from '../nn/pooling.ts';
import { inScope } from '../scope.ts';
import { tf } from '../tfjs.ts';
import { type EdgeWeights, mixedOperation, type NodeMaker, sumOf } from './mixed-operation.ts';

/** A node whose edges' operations see 1/k of the channels; all of them for k = 1. k divides the channels. */
export const partialChannels =
  (k: number): NodeMaker =>
  (incoming) => {
    if (k === 1) return sumOf(mixedOperation)(incoming);
    const channels = incoming[0]?.channels ?? k;
    const part = channels / k;
    if (!Number.isInteger(part)) throw new Error(`${channels} channels do not divide into ${k} parts`);
    const mixed = sumOf(mixedOperation)(incoming.map((frame) => ({ ...frame, channels: part })));
    const order = shuffledFrom(channels, k);
    return (states, weights, context) => {
      const images = foldingOf(part, k, states);
      // Channels of the other part may serve as padding.
      const count = images === 1 ? paddedChannels(part) : part;
      const seen = states.map((x) =>
        context.once('partial', x, () => foldImages(firstChannels(x, count), images)),
      );
      const folded = mixed(seen, weights.map(throughEdge), { ...context, images });
      const sum = folded && unfoldImages(folded, images);
      const passed = inScope('pass', () =>
        states
          .map((x, i) => pass(x, incoming[i]?.stride ?? 1, weights[i]?.edge, context))
          .reduce((total, x) => tf.add(total, x)),
      );
      return inScope('shuffle', () => {
        // Where an output channel comes from the other part, or is padding, it is left zero.
        const select = (x: Tensor4D, isOwn: (from: number) => boolean): Tensor4D =>
          selectChannels(
            x,
            Array.from({ length: passed.shape[3] }, (_, to) => {
              const from = order[to];
              return from !== undefined && isOwn(from) ? from : undefined;
            }),
          );
        const rest = select(passed, (from) => from >= part);
        return sum
          ? tf.add(
              select(sum, (from) => from < part),
              rest,
            )
          : rest;
      });
    };
  };

const firstChannels = (x: Tensor4D, count: number): Tensor4D =>
  tf.slice(x, [0, 0, 0, 0], [-1, -1, -1, count]);

/** The channels that processors are wide enough for: onnxruntime's largest block. */
const wide = 16;

/** How many images the operations see side by side: as many as make C/k channels wide, if the batch divides so. */
function foldingOf(part: number, k: number, [state]: readonly Tensor4D[]): number {
  const images = Math.min(k, wide / part);
  return images >= 1 && Number.isInteger(images) && (state?.shape[0] ?? 0) % images === 0 ? images : 1;
}

/** The channel that each channel of a shuffle in k groups comes from: [k, C/k] transposed. */
export const shuffledFrom = (channels: number, k: number): number[] =>
  Array.from({ length: channels }, (_, to) => (to % k) * (channels / k) + Math.floor(to / k));

/** The weights of the operations times that of their edge. */
const throughEdge = ({ operations, edge }: EdgeWeights): EdgeWeights => ({
  operations: edge ? operations.map((weight) => tf.mul(weight, edge)) : operations,
});

const pass = (x: Tensor4D, stride: number, weight: Tensor | undefined, context: Context): Tensor4D => {
  const y = stride === 1 ? x : context.once('pairs', x, () => maxPoolPairs(x));
  return weight ? weigh(y, weight) : y;
};
