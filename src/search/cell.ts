/** What the supernet's and the discrete network's cells have in common: their frame. */
import * as tf from '@tensorflow/tfjs';
import {
  batchNorm,
  type Context,
  convolution,
  type Declarations,
  factorizedReduce,
  type Layer,
  reluConvNorm,
  sequence,
} from '../nn/layers.ts';
import { inScope } from '../scope.ts';

/** A cell: the outputs of the two cells before it → its own. C is the context that its nodes need. */
export interface Cell<C extends Context = Context> {
  readonly outputs: number;
  readonly reduction: boolean;
  apply(previous2: tf.Tensor4D, previous1: tf.Tensor4D, context: C): tf.Tensor4D;
}

export interface CellFrame {
  readonly at: Declarations;
  /** Channels of the outputs of the cell before the previous one, and of the previous one. */
  readonly inputs: readonly [number, number];
  readonly channels: number;
  readonly reduction: boolean;
  /** Whether the previous cell reduced: then its input's size is halved here. */
  readonly previousReduction: boolean;
  readonly affine: boolean;
}

/** Node i of a cell, from the states before it. */
export type Node<C extends Context = Context> = (states: readonly tf.Tensor4D[], context: C) => tf.Tensor4D;

/** Preprocesses the two inputs, computes the nodes in order and concatenates states. */
export function makeCell<C extends Context>(
  frame: CellFrame,
  nodes: readonly Node<C>[],
  concat: readonly number[],
): Cell<C> {
  const { at, inputs, channels, reduction, previousReduction, affine } = frame;
  const preprocess0 = previousReduction
    ? factorizedReduce(at.at('preprocess0'), inputs[0], channels, affine)
    : reluConvNorm(at.at('preprocess0'), inputs[0], channels, affine);
  const preprocess1 = reluConvNorm(at.at('preprocess1'), inputs[1], channels, affine);
  const apply: Cell<C>['apply'] = (previous2, previous1, context) => {
    const states = [
      inScope('preprocess0', () => preprocess0(previous2, context)),
      inScope('preprocess1', () => preprocess1(previous1, context)),
    ];
    nodes.forEach((node, i) => {
      states.push(inScope(`node${i + 2}`, () => node(states, context)));
    });
    return tf.concat(
      concat.map((state) => states[state] as tf.Tensor4D),
      3,
    );
  };
  return { outputs: concat.length * channels, reduction, apply };
}

export interface Skeleton {
  readonly imageChannels: number;
  readonly channels: number;
  readonly cells: number;
}

/** The stem's channels are this multiple of the cells' (quark0/darts). */
const stemMultiplier = 3;

/** Conv 3×3 to 3C channels, batch norm with an affine transform, no ReLU. */
export const makeStem = (at: Declarations, { imageChannels, channels }: Skeleton): Layer => {
  const outputs = stemMultiplier * channels;
  return sequence(convolution(at, imageChannels, outputs, 3), batchNorm(at, outputs, true));
};

/** Whether cell `index` of `cells` reduces: those at ⌊L/3⌋ and ⌊2L/3⌋ do, each doubling the channels. */
export const isReduction = (index: number, cells: number): boolean =>
  index === Math.floor(cells / 3) || index === Math.floor((2 * cells) / 3);

/** The cells of a network, each made by `make`, their channels following the reductions. */
export function stackCells<C extends Context>(
  at: Declarations,
  { channels, cells }: Skeleton,
  affine: boolean,
  make: (frame: CellFrame, index: number) => Cell<C>,
): { cells: readonly Cell<C>[]; outputs: number } {
  const stack: Cell<C>[] = [];
  let [before, previous] = [stemMultiplier * channels, stemMultiplier * channels];
  let width = channels;
  let previousReduction = false;
  for (let index = 0; index < cells; index++) {
    const reduction = isReduction(index, cells);
    if (reduction) width *= 2;
    const frame = {
      at: at.at(`cell${index}`),
      inputs: [before, previous] as const,
      channels: width,
      reduction,
      previousReduction,
      affine,
    };
    const cell = make(frame, index);
    stack.push(cell);
    [before, previous, previousReduction] = [previous, cell.outputs, reduction];
  }
  return { cells: stack, outputs: previous };
}

/** Runs the stem and the cells; `visit` sees each cell's output (the auxiliary head branches off there). */
export function runCells<C extends Context>(
  stem: Layer,
  cells: readonly Cell<C>[],
  images: tf.Tensor4D,
  context: C,
  visit: (index: number, output: tf.Tensor4D) => void = () => {},
): tf.Tensor4D {
  let previous = inScope('stem', () => stem(images, context));
  let before = previous;
  cells.forEach((cell, index) => {
    const output = inScope(`cell${index}`, () => cell.apply(before, previous, context));
    [before, previous] = [previous, output];
    visit(index, output);
  });
  return previous;
}
