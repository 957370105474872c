/** The discrete network of a genotype (quark0/darts `cnn/model.py`), with drop-path and the auxiliary head. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { Dataset } from '../data/dataset.ts';
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
import type { Width } from '../nn/padding.ts';
import { ParameterTable } from '../nn/parameters.ts';
import { inScope } from '../scope.ts';
import { cellsOf, type Edge, type Genotype, skeletonOfGenotype } from '../search/genotype.ts';
import { operationOf } from '../search/operations.ts';
import { halvingsAfter, skeletonForm, strideOf } from '../search/skeleton-names.ts';
import { skeletonOf } from '../search/skeletons/index.ts';
import {
  type CellFrame,
  type CellGraph,
  largestState,
  type Node,
  type SkeletonOptions,
} from '../search/skeletons/skeleton.ts';
import { tf } from '../tfjs.ts';

export interface NetworkOptions extends Omit<SkeletonOptions, 'reductions'> {
  readonly classes: number;
  readonly height: number;
  readonly width: number;
  /** Whether the network has an auxiliary head, which only training uses. */
  readonly auxiliary: boolean;
}

/** How large a network is, and what it takes and tells apart. */
export type NetworkSize = Omit<NetworkOptions, 'auxiliary'>;

/** The size of a network for a data set. */
export const networkSize = (
  { channels, cells }: { readonly channels: number; readonly cells: number },
  { shape, classes }: Pick<Dataset, 'shape' | 'classes'>,
): NetworkSize => ({
  ...{ channels, cells },
  imageChannels: shape.channels,
  height: shape.height,
  width: shape.width,
  classes: classes.length,
});

export interface Network {
  readonly parameters: ParameterTable;
  readonly statistics: ParameterTable;
  /** The number of places where drop-path may drop. */
  readonly dropSites: number;
  /** The number of places at which training adds noise. */
  readonly noiseSites: number;
  /** The most elements of a node's value for one image. */
  readonly largestState: number;
  /** Images [N, H, W, C] → logits [N, classes]; the auxiliary head's too where it is asked for. */
  logits(
    images: Tensor4D,
    context: Context,
    withAuxiliary?: boolean,
  ): { logits: Tensor2D; auxiliary?: Tensor2D };
}

export function makeNetwork(genotype: Genotype, options: NetworkOptions): Network {
  const [parameters, statistics] = [new ParameterTable(), new ParameterTable()];
  const root = declarations(parameters, statistics);
  const sites = { count: 0 };
  const { reductions } = genotype;
  const skeleton = skeletonOf(skeletonOfGenotype(genotype));
  const body = skeleton.build(root, { ...options, reductions }, true, (frame) =>
    makeDiscreteCell(genotype, frame, sites),
  );
  const classify = linear(root.at('classifier'), body.outputs, options.classes);

  const branch = Math.floor((2 * options.cells) / 3);
  const branchOutputs = body.widths[branch];
  const auxiliary =
    options.auxiliary && branchOutputs !== undefined
      ? makeAuxiliaryHead(
          root.at('auxiliary'),
          branchOutputs,
          options,
          halvingsAfter(branch + 1, options.cells, reductions),
        )
      : undefined;

  const logits: Network['logits'] = (images, context, withAuxiliary = false) => {
    let side: Tensor2D | undefined;
    const features = body.apply(images, context, (index, output) => {
      if (index !== branch || !withAuxiliary || !auxiliary) return;
      side = inScope('auxiliary', () => auxiliary(output, context));
    });
    const result = inScope('classifier', () => classify(globalAveragePool(features), context));
    return side ? { logits: result, auxiliary: side } : { logits: result };
  };
  const noiseSites = root.noiseSites.count;
  const largest = largestState({ ...options, reductions }, 1, options);
  return { parameters, statistics, dropSites: sites.count, noiseSites, largestState: largest, logits };
}

function makeDiscreteCell(genotype: Genotype, frame: CellFrame, sites: { count: number }): CellGraph {
  const { at, channels, affine } = frame;
  const cell = cellsOf(genotype).find(([kind]) => kind === frame.kind)?.[1];
  if (!cell) throw new Error(`the genotype has no cell of the kind ${frame.kind}`);
  const inputs = skeletonForm(skeletonOfGenotype(genotype)).inputs;
  const make = (edges: readonly Edge[], node: number): Node => {
    // `none` adds nothing: it is not computed.
    const terms = edges.flatMap(({ operation, input }, i) => {
      if (operation === 'none') return [];
      const stride = strideOf(frame.kind, input);
      const { make: makeOperation, identity } = operationOf(operation);
      // Two edges into a node may name the same operation.
      const scope = `${i}_${operation}`;
      const place = at.at(`node${node + inputs}`).at(scope);
      const layer = makeOperation(place, { channels, stride, affine, normalizePools: false });
      const passesOn = identity === true && stride === 1;
      const site = passesOn ? undefined : sites.count++;
      return (states: readonly Tensor4D[], context: Context): Tensor4D => {
        const y = inScope(scope, () => layer(states[input] as Tensor4D, context));
        return site === undefined || !context.pathMask ? y : tf.mul(y, context.pathMask(site));
      };
    });
    return (states, context) => {
      const values = terms.map((term) => term(states, context));
      const [first, ...others] = values;
      if (!first) return zerosOf(states[0] as Tensor4D, strideOf(frame.kind, 0));
      return others.reduce((sum, value) => tf.add(sum, value), first);
    };
  };
  return { nodes: cell.nodes.map(make), concat: cell.concat };
}

/** Zeros that are computed of x: their size follows that of an open batch, which a constant's does not. */
const zerosOf = (x: Tensor4D, stride: number): Tensor4D =>
  tf.mul(stride === 1 ? x : tf.avgPool(x, 1, stride, 'same'), 0);

/**
 * ReLU, average pool 5 stride 3, 1×1 to 128, BN, ReLU, 2×2 to 768, BN, ReLU, linear. Made for 8×8; a smaller image
 * has smaller windows, a larger one is averaged at the end.
 *
 * @param halvings of the image before the head
 */
function makeAuxiliaryHead(
  at: Declarations,
  inputs: Width,
  { height, width, classes }: NetworkOptions,
  halvings: number,
): (x: Tensor4D, context: Context) => Tensor2D {
  const smallest = Math.ceil(Math.min(height, width) / 2 ** halvings);
  const window = Math.min(5, smallest);
  const kernel = Math.min(2, Math.floor((smallest - window) / 3) + 1);
  const valid = (part: Declarations, from: number | Width, to: number, size: number): Layer => {
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
