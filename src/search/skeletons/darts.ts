/** The skeleton of DARTS (quark0/darts `cnn/model.py`): cells of two inputs, some of which reduce. */
import {
  type Context,
  type Declarations,
  factorizedReduce,
  type Layer,
  reluConvNorm,
} from '../../nn/layers.ts';
import type { Width } from '../../nn/padding.ts';
import { inScope } from '../../scope.ts';
import { type CellKind, isReduction } from '../skeleton-names.ts';
import {
  type Body,
  type CellGraph,
  type CellMaker,
  makeStem,
  runNodes,
  type Skeleton,
  type SkeletonOptions,
} from './skeleton.ts';

/** The stem's channels are this multiple of the cells'. */
const stemMultiplier = 3;

interface Cell<C extends Context> extends CellGraph<C> {
  readonly name: string;
  /** What makes the outputs of the cell before the previous one, and of the previous one, fit. */
  readonly preprocess: readonly [Layer, Layer];
}

/** Widths of the outputs of the cell before the previous one, and of the previous one. */
interface Inputs {
  readonly widths: readonly [Width, Width];
  /** Whether the previous cell reduced: then the first input is halved here. */
  readonly previousReduction: boolean;
}

const preprocessing = (
  at: Declarations,
  { widths, previousReduction }: Inputs,
  channels: number,
  affine: boolean,
): [Layer, Layer] => [
  (previousReduction ? factorizedReduce : reluConvNorm)(at.at('preprocess0'), widths[0], channels, affine),
  reluConvNorm(at.at('preprocess1'), widths[1], channels, affine),
];

export const darts: Skeleton = {
  normalizesPools: true,
  build<C extends Context>(
    at: Declarations,
    { imageChannels, channels, cells, reductions }: SkeletonOptions,
    affine: boolean,
    make: CellMaker<C>,
  ): Body<C> {
    const stemWidth = { channels: stemMultiplier * channels, parts: 1 };
    const stem = makeStem(at.at('stem'), imageChannels, stemWidth.channels);
    const stack: Cell<C>[] = [];
    const widths: Width[] = [];
    let [before, previous]: [Width, Width] = [stemWidth, stemWidth];
    let width = channels;
    let halvings = 0;
    let previousReduction = false;
    for (let index = 0; index < cells; index++) {
      const name = `cell${index}`;
      const reduction = isReduction(index, cells, reductions);
      if (reduction) width *= 2;
      const kind: CellKind = reduction ? 'reduce' : 'normal';
      const graph = make({ at: at.at(name), kind, channels: width, halvings, affine });
      const inputs = { widths: [before, previous] as const, previousReduction };
      stack.push({ ...graph, name, preprocess: preprocessing(at.at(name), inputs, width, affine) });
      const output = { channels: graph.concat.length * width, parts: graph.concat.length };
      widths.push(output);
      [before, previous, previousReduction] = [previous, output, reduction];
      if (reduction) halvings++;
    }
    return {
      widths,
      outputs: previous,
      apply: (images, context, visit) => {
        let last = inScope('stem', () => stem(images, context));
        let beforeLast = last;
        stack.forEach((cell, index) => {
          const output = inScope(cell.name, () => {
            const [first, second] = cell.preprocess;
            const states = [
              inScope('preprocess0', () => first(beforeLast, context)),
              inScope('preprocess1', () => second(last, context)),
            ];
            return runNodes(cell, states, context);
          });
          [beforeLast, last] = [last, output];
          visit?.(index, output);
        });
        return last;
      },
    };
  },
};
