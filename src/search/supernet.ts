/** The supernet: every edge of every cell is a mixed operation (Liu et al. 2019, section 2.2). */
import type * as tf from '@tensorflow/tfjs';
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
import { darts } from './methods/darts.ts';
import type { Architecture, ArchitectureValues, Method } from './methods/method.ts';
import type { MixingWeights } from './mixed-operation.ts';
import { operationOf } from './operations.ts';
import { candidatesOf, cellKinds, type SearchSpace } from './spaces.ts';

/** What the supernet is evaluated with. */
export interface SupernetContext extends Context {
  readonly weights: MixingWeights;
}

export interface Supernet {
  readonly space: SearchSpace;
  readonly method: Method;
  /** The weights θ. */
  readonly parameters: ParameterTable;
  /** α, and what else the method learns about the architecture: one flat vector too. */
  readonly architecture: ParameterTable;
  /** Images [N, H, W, C] → logits [N, classes]. */
  logits(images: tf.Tensor4D, context: SupernetContext): tf.Tensor2D;
}

export interface SupernetOptions extends Skeleton {
  readonly classes: number;
}

export function makeSupernet(space: SearchSpace, options: SupernetOptions, method: Method = darts): Supernet {
  const [parameters, architecture] = [new ParameterTable(), new ParameterTable()];
  method.declare(architecture, space);
  const root = declarations(parameters, new ParameterTable());
  const stem = makeStem(root.at('stem'), options);
  const make = (frame: CellFrame) => makeMixedCell(space, method, frame);
  const { cells, outputs } = stackCells(root, options, false, make);
  const classify = linear(root.at('classifier'), outputs, options.classes);
  const logits: Supernet['logits'] = (images, context) => {
    const features = globalAveragePool(runCells(stem, cells, images, context));
    return inScope('classifier', () => classify(features, context));
  };
  return { space, method, parameters, architecture, logits };
}

function makeMixedCell(space: SearchSpace, method: Method, frame: CellFrame): Cell<SupernetContext> {
  const kind = cellKinds.indexOf(frame.reduction ? 'reduce' : 'normal');
  let edge = 0;
  const nodes = Array.from({ length: space.nodes }, (_, i): Node<SupernetContext> => {
    const incoming = Array.from({ length: i + 2 }, (__, input) => {
      const index = edge++;
      const at = frame.at.at(`edge${index}`);
      const operations = candidatesOf(space, kind, index);
      const stride = frame.reduction && input < 2 ? 2 : 1;
      return { input, index, frame: { at, operations, channels: frame.channels, stride } };
    });
    const mixed = method.node(incoming.map((one) => one.frame));
    // What a node without a candidate but `none` is.
    const stride = frame.reduction ? 2 : 1;
    const nothing = operationOf('none').make(frame.at, { ...frame, stride, normalizePools: false });
    return (states, context) => {
      const weights = incoming.map(({ index }) => {
        const own = context.weights[kind]?.[index];
        if (!own) throw new Error(`edge ${index} of kind ${kind} has no weights`);
        return own;
      });
      const from = incoming.map(({ input }) => states[input] as tf.Tensor4D);
      return mixed(from, weights, context) ?? nothing(states[0] as tf.Tensor4D, context);
    };
  });
  const concat = nodes.map((_, i) => i + 2);
  return makeCell(frame, nodes, concat);
}

/** The architecture's tensors by name, of its flat vector. */
export const architectureOf = ({ architecture }: Supernet, alpha: tf.Tensor): Architecture => {
  const pieces = architecture.split(alpha.flatten());
  return Object.fromEntries(architecture.parameters.map(({ name }, i) => [name, pieces[i] as tf.Tensor]));
};

/** The same of numbers. */
export const architectureValues = ({ architecture }: Supernet, alpha: Float32Array): ArchitectureValues =>
  Object.fromEntries(
    architecture.parameters.map(({ name, offset, size }) => [name, alpha.subarray(offset, offset + size)]),
  );
