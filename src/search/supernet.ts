/** The supernet: every edge of every cell is a mixed operation (Liu et al. 2019, section 2.2). */
import * as tf from '@tensorflow/tfjs';
import { type Context, declarations, globalAveragePool, linear } from '../nn/layers.ts';
import { ParameterTable } from '../nn/parameters.ts';
import { inScope } from '../scope.ts';
import {
  type Cell,
  type CellFrame,
  makeCell,
  makeStem,
  type Node,
  runCells,
  type Skeleton,
  stackCells,
} from './cell.ts';
import { operationOf } from './operations.ts';
import { edgeCount, type SearchSpace } from './spaces.ts';

/** One candidate's weight on one edge: a scalar. */
type EdgeWeights = readonly tf.Tensor[];

/** softmax(α) of the normal and the reduction cell: a scalar for each edge and operation. */
export interface MixingWeights {
  readonly normal: readonly EdgeWeights[];
  readonly reduce: readonly EdgeWeights[];
}

/** What the supernet is evaluated with. */
export interface SupernetContext extends Context {
  readonly weights: MixingWeights;
}

export interface Supernet {
  readonly parameters: ParameterTable;
  /** Images [N, H, W, C] → logits [N, classes]. */
  logits(images: tf.Tensor4D, context: SupernetContext): tf.Tensor2D;
}

export interface SupernetOptions extends Skeleton {
  readonly classes: number;
}

export function makeSupernet(space: SearchSpace, options: SupernetOptions): Supernet {
  const parameters = new ParameterTable();
  const root = declarations(parameters, new ParameterTable());
  const stem = makeStem(root.at('stem'), options);
  const { cells, outputs } = stackCells(root, options, false, (frame) => makeMixedCell(space, frame));
  const classify = linear(root.at('classifier'), outputs, options.classes);
  const logits: Supernet['logits'] = (images, context) => {
    const features = globalAveragePool(runCells(stem, cells, images, context));
    return inScope('classifier', () => classify(features, context));
  };
  return { parameters, logits };
}

function makeMixedCell(space: SearchSpace, frame: CellFrame): Cell<SupernetContext> {
  const kind = frame.reduction ? 'reduce' : 'normal';
  let edge = 0;
  const nodes = Array.from({ length: space.nodes }, (_, i): Node<SupernetContext> => {
    const incoming = Array.from({ length: i + 2 }, (_, input) => {
      const index = edge++;
      const stride = frame.reduction && input < 2 ? 2 : 1;
      const mixed = mixedOperation(space, frame, `edge${index}`, stride);
      return (states: readonly tf.Tensor4D[], context: SupernetContext, sum: tf.Tensor4D | undefined) =>
        mixed(states[input] as tf.Tensor4D, context.weights[kind][index] as EdgeWeights, context, sum);
    });
    return (states, context) => {
      const sum = incoming.reduce<tf.Tensor4D | undefined>(
        (s, mixed) => mixed(states, context, s),
        undefined,
      );
      return sum as tf.Tensor4D;
    };
  });
  const concat = nodes.map((_, i) => i + 2);
  return makeCell(frame, nodes, concat);
}

/**
 * ō(x) = Σₒ softmax(α)ₒ·o(x), added to the sum of the edges before; `none` contributes nothing and is left out. Each
 * candidate is added as soon as it is known, so that no two of them are held in memory.
 */
function mixedOperation(space: SearchSpace, frame: CellFrame, name: string, stride: number) {
  const candidates = space.operations.flatMap((operation, column) => {
    if (operation === 'none') return [];
    const options = { channels: frame.channels, stride, affine: false, normalizePools: true };
    const layer = operationOf(operation).make(frame.at.at(name).at(operation), options);
    return [{ operation, column, layer }];
  });
  return (x: tf.Tensor4D, weights: EdgeWeights, context: Context, before: tf.Tensor4D | undefined) =>
    candidates.reduce((sum, { operation, column, layer }) => {
      const term = inScope(operation, () => layer(x, context, weights[column]));
      return sum ? tf.add(sum, term) : term;
    }, before);
}

/** softmax over the operations of each edge, taken apart. α is [2, edges, operations]. */
export function mixingWeights(alpha: tf.Tensor3D, space: SearchSpace): MixingWeights {
  const [edges, count] = [edgeCount(space), space.operations.length];
  const scalars = tf.split(tf.softmax(alpha).flatten(), 2 * edges * count);
  const rows = (kind: number): EdgeWeights[] =>
    Array.from({ length: edges }, (_, edge) => {
      const begin = (kind * edges + edge) * count;
      return scalars.slice(begin, begin + count);
    });
  return { normal: rows(0), reduce: rows(1) };
}
