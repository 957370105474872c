/** Where the operations of a network are: the cells of a space, with the shapes that their states have. */
import { declarations } from '../nn/layers.ts';
import { ParameterTable } from '../nn/parameters.ts';
import type { NetworkSize } from '../retrain/network.ts';
import { outputStates } from '../search/derive.ts';
import type { OperationName } from '../search/operation-names.ts';
import { edgePlaces, skeletonForm, strideOf } from '../search/skeleton-names.ts';
import { skeletonOf } from '../search/skeletons/index.ts';
import type { CellFrame } from '../search/skeletons/skeleton.ts';
import { candidatesOf, type SearchSpace } from '../search/spaces.ts';

/** An operation on an image [height, width, channels]. */
export interface OperationShape {
  readonly operation: OperationName;
  readonly stride: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The name of a shape, e.g. `sep_conv_3x3 16×32×32 /2`. */
export const shapeName = ({ operation, stride, channels, height, width }: OperationShape): string =>
  `${operation} ${channels}×${height}×${width}${stride > 1 ? ` /${stride}` : ''}`;

/** The frames of the searched cells of a network. */
function cellFrames(space: SearchSpace, size: NetworkSize): CellFrame[] {
  const frames: CellFrame[] = [];
  const root = declarations(new ParameterTable(), new ParameterTable());
  skeletonOf(space.skeleton).build(root, { ...size, reductions: space.reductions }, true, (frame) => {
    frames.push(frame);
    return { nodes: [], concat: outputStates(space) };
  });
  return frames;
}

/** By kind of cell, edge and candidate: the shapes at which the network has the operation, one a cell. */
export function operationShapes(space: SearchSpace, size: NetworkSize): OperationShape[][][][] {
  const frames = cellFrames(space, size);
  const inputs = edgePlaces(space.skeleton, space.nodes)
    .flat()
    .map(({ input }) => input);
  return skeletonForm(space.skeleton).kinds.map((kind, k) =>
    inputs.map((input, edge) => {
      const stride = strideOf(kind, input);
      return candidatesOf(space, k, edge).map((operation) =>
        frames
          .filter((frame) => frame.kind === kind)
          .map(({ channels, halvings }): OperationShape => {
            // The input of an edge of stride 2 is the cell's, all others are as large as its nodes.
            const before = kind === 'reduce' && stride === 1 ? halvings + 1 : halvings;
            const side = (length: number): number => Math.ceil(length / 2 ** before);
            return { operation, stride, channels, height: side(size.height), width: side(size.width) };
          }),
      );
    }),
  );
}
