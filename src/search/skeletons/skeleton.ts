/** What the supernet and the discrete network have in common: a skeleton with searched cells in it. */
import type { Tensor4D } from '@tensorflow/tfjs';
import {
  batchNorm,
  type Context,
  concatenated,
  convolution,
  type Declarations,
  type Layer,
  sequence,
} from '../../nn/layers.ts';
import type { Width } from '../../nn/padding.ts';
import { inScope } from '../../scope.ts';
import { type CellKind, halvingsAfter } from '../skeleton-names.ts';

export interface SkeletonOptions {
  readonly imageChannels: number;
  /** Of the first cells; every reduction doubles them. */
  readonly channels: number;
  readonly cells: number;
  /** Places as in `isReduction`. */
  readonly reductions?: readonly number[] | undefined;
}

/** What a cell is made for. */
export interface CellFrame {
  readonly at: Declarations;
  readonly kind: CellKind;
  /** Of every node. */
  readonly channels: number;
  /** How often the image has been halved before the cell. */
  readonly halvings: number;
  /** Whether batch norms have an affine transform: not in the search, yes in the evaluation network. */
  readonly affine: boolean;
}

/** Node i of a cell, from the states before it. C is the context that nodes need. */
export type Node<C extends Context = Context> = (states: readonly Tensor4D[], context: C) => Tensor4D;

export interface CellGraph<C extends Context = Context> {
  readonly nodes: readonly Node<C>[];
  /** The states whose concatenation is the cell's output. */
  readonly concat: readonly number[];
}

export type CellMaker<C extends Context = Context> = (frame: CellFrame) => CellGraph<C>;

/** From images to features. */
export interface Body<C extends Context = Context> {
  /** After each cell. */
  readonly widths: readonly Width[];
  /** Of the features. */
  readonly outputs: Width;
  /** [N, H, W, C] → features; `visit` sees each cell's output (the auxiliary head branches off there). */
  apply(images: Tensor4D, context: C, visit?: (index: number, output: Tensor4D) => void): Tensor4D;
}

export interface Skeleton {
  /** Whether the search normalises pools, which have no norm in the evaluation network. */
  readonly normalizesPools: boolean;
  /** Declares stem and cells, each searched cell made by `make`. */
  build<C extends Context>(
    at: Declarations,
    options: SkeletonOptions,
    affine: boolean,
    make: CellMaker<C>,
  ): Body<C>;
}

/** Conv 3×3, batch norm with an affine transform, no ReLU. */
export const makeStem = (at: Declarations, inputs: number, outputs: number): Layer =>
  sequence(convolution(at, inputs, outputs, 3), batchNorm(at, outputs, true));

/** The nodes' states after those given, each in a scope of its number, and the concatenation of some. */
export function runNodes<C extends Context>(
  { nodes, concat }: CellGraph<C>,
  inputs: readonly Tensor4D[],
  context: C,
): Tensor4D {
  const states = [...inputs];
  for (const node of nodes) {
    states.push(inScope(`node${states.length}`, () => node(states, context)));
  }
  const chosen = concat.map((state) => states[state] as Tensor4D);
  return chosen.length === 1 ? (chosen[0] as Tensor4D) : concatenated(chosen, context);
}

/** The most elements of a node's value, in a batch of images of this size. */
export function largestState(
  { channels, cells, reductions }: Omit<SkeletonOptions, 'imageChannels'>,
  batch: number,
  { height, width }: { readonly height: number; readonly width: number },
): number {
  const after = (count: number): number =>
    channels * 2 ** count * Math.ceil(height / 2 ** count) * Math.ceil(width / 2 ** count);
  const halvings = halvingsAfter(cells, cells, reductions);
  return batch * Math.max(...Array.from({ length: halvings + 1 }, (_, count) => after(count)));
}
