/** The discrete network of a genotype (quark0/darts `cnn/model.py`), with drop-path and the auxiliary head. */
import * as tf from '@tensorflow/tfjs';
import {
  batchNorm,
  type Context,
  convolution,
  type Declarations,
  declarations,
  globalAveragePool,
  type Layer,
  linear,
  relu,
  sequence,
} from '../nn/layers.ts';
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
} from '../search/cell.ts';
import type { Edge, Genotype } from '../search/genotype.ts';
import { operationOf } from '../search/operations.ts';

export interface NetworkOptions extends Skeleton {
  readonly classes: number;
  readonly height: number;
  readonly width: number;
  /** Whether the network has an auxiliary head, which only training uses. */
  readonly auxiliary: boolean;
}

export interface Network {
  readonly parameters: ParameterTable;
  readonly statistics: ParameterTable;
  /** The number of places where drop-path may drop. */
  readonly dropSites: number;
  /** Images [N, H, W, C] → logits [N, classes]; the auxiliary head's too where it is asked for. */
  logits(
    images: tf.Tensor4D,
    context: Context,
    withAuxiliary?: boolean,
  ): { logits: tf.Tensor2D; auxiliary?: tf.Tensor2D };
}

export function makeNetwork(genotype: Genotype, options: NetworkOptions): Network {
  const [parameters, statistics] = [new ParameterTable(), new ParameterTable()];
  const root = declarations(parameters, statistics);
  const sites = { count: 0 };
  const stem = makeStem(root.at('stem'), options);
  const { cells, outputs } = stackCells(root, options, true, (frame) =>
    makeDiscreteCell(genotype, frame, sites),
  );
  const classify = linear(root.at('classifier'), outputs, options.classes);

  const branch = Math.floor((2 * options.cells) / 3);
  const branchOutputs = cells[branch]?.outputs;
  const auxiliary =
    options.auxiliary && branchOutputs !== undefined
      ? makeAuxiliaryHead(root.at('auxiliary'), branchOutputs, options)
      : undefined;

  const logits: Network['logits'] = (images, context, withAuxiliary = false) => {
    let side: tf.Tensor2D | undefined;
    const features = runCells(stem, cells, images, context, (index, output) => {
      if (index !== branch || !withAuxiliary || !auxiliary) return;
      side = inScope('auxiliary', () => auxiliary(output, context));
    });
    const result = inScope('classifier', () => classify(globalAveragePool(features), context));
    return side ? { logits: result, auxiliary: side } : { logits: result };
  };
  return { parameters, statistics, dropSites: sites.count, logits };
}

function makeDiscreteCell(genotype: Genotype, frame: CellFrame, sites: { count: number }): Cell {
  const { nodes, concat } = frame.reduction ? genotype.reduce : genotype.normal;
  const make = (edges: readonly Edge[], node: number): Node => {
    const terms = edges.map(({ operation, input }, i) => {
      const stride = frame.reduction && input < 2 ? 2 : 1;
      const { make: makeOperation, identity } = operationOf(operation);
      // Two edges into a node may name the same operation.
      const at = frame.at.at(`node${node + 2}`).at(`${i}_${operation}`);
      const settings = { channels: frame.channels, stride, affine: true, normalizePools: false };
      const layer = makeOperation(at, settings);
      const passesOn = identity === true && stride === 1;
      const site = passesOn ? undefined : sites.count++;
      return (states: readonly tf.Tensor4D[], context: Context): tf.Tensor4D => {
        const y = inScope(`${i}_${operation}`, () => layer(states[input] as tf.Tensor4D, context));
        return site === undefined || !context.pathMask ? y : tf.mul(y, context.pathMask(site));
      };
    });
    return (states, context) => {
      const values = terms.map((term) => term(states, context));
      return values.reduce((sum, value) => tf.add(sum, value));
    };
  };
  return makeCell(frame, nodes.map(make), concat);
}

/** Pixels of an image's side where the auxiliary head branches off: two reductions, each rounding up. */
const reduced = (size: number): number => Math.ceil(Math.ceil(size / 2) / 2);

/**
 * ReLU, average pool 5 stride 3, 1×1 to 128, BN, ReLU, 2×2 to 768, BN, ReLU, linear. Made for 8×8; a smaller image
 * has smaller windows, a larger one is averaged at the end.
 */
function makeAuxiliaryHead(
  at: Declarations,
  inputs: number,
  { height, width, classes }: NetworkOptions,
): (x: tf.Tensor4D, context: Context) => tf.Tensor2D {
  const smallest = Math.min(reduced(height), reduced(width));
  const window = Math.min(5, smallest);
  const kernel = Math.min(2, Math.floor((smallest - window) / 3) + 1);
  const valid = (part: Declarations, from: number, to: number, size: number): Layer => {
    const unpadded = convolution(part, from, to, size, { padding: 'valid' });
    return sequence(unpadded, batchNorm(part, to, true), relu);
  };
  const features = sequence(valid(at.at('first'), inputs, 128, 1), valid(at.at('second'), 128, 768, kernel));
  const classify = linear(at.at('classifier'), 768, classes);
  return (x, context) => {
    const pooled = tf.avgPool(relu(x, context), window, 3, 'valid');
    return classify(globalAveragePool(features(pooled, context)), context);
  };
}
