/** The supernet: every edge of every cell is a mixed operation (Liu et al. 2019, section 2.2). */
import type * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.ts';
import { type Context, declarations, globalAveragePool, linear } from '../nn/layers.ts';
import { ParameterTable } from '../nn/parameters.ts';
import { inScope } from '../scope.ts';
import { outputStates } from './derive.ts';
import { darts } from './methods/darts.ts';
import type { Architecture, ArchitectureValues, Method } from './methods/method.ts';
import type { MixingWeights } from './mixed-operation.ts';
import { operationOf } from './operations.ts';
import { edgePlaces, skeletonForm, strideOf } from './skeleton-names.ts';
import { skeletonOf } from './skeletons/index.ts';
import type { CellFrame, CellGraph, Node, SkeletonOptions } from './skeletons/skeleton.ts';
import { candidatesOf, type SearchSpace } from './spaces.ts';

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
  /** The kinds of cells that it has none of, though the space leaves the places of reductions to the skeleton. */
  readonly unsearched: readonly string[];
  /** The number of places at which noise is added. */
  readonly noiseSites: number;
  /** Images [N, H, W, C] → logits [N, classes]. */
  logits(images: tf.Tensor4D, context: SupernetContext): tf.Tensor2D;
}

export interface SupernetOptions extends Omit<SkeletonOptions, 'reductions'> {
  readonly classes: number;
}

export function makeSupernet(space: SearchSpace, options: SupernetOptions, method: Method = darts): Supernet {
  const [parameters, architecture] = [new ParameterTable(), new ParameterTable()];
  method.declare(architecture, space);
  const root = declarations(parameters, new ParameterTable());
  const { reductions } = space;
  const searched = new Set<string>();
  const body = skeletonOf(space.skeleton).build(root, { ...options, reductions }, false, (frame) => {
    searched.add(frame.kind);
    return makeMixedCell(space, method, frame);
  });
  if (searched.size === 0) {
    throw new InputError(
      `all of the ${options.cells} cells of this network reduce, and none of them is searched in the space ${space.name}: take more cells`,
    );
  }
  const classify = linear(root.at('classifier'), body.outputs, options.classes);
  const logits: Supernet['logits'] = (images, context) => {
    const features = globalAveragePool(body.apply(images, context));
    return inScope('classifier', () => classify(features, context));
  };
  const noiseSites = root.noiseSites.count;
  const kinds = reductions ? [] : skeletonForm(space.skeleton).kinds;
  const unsearched = kinds.filter((kind) => !searched.has(kind));
  return { space, method, parameters, architecture, unsearched, noiseSites, logits };
}

function makeMixedCell(space: SearchSpace, method: Method, frame: CellFrame): CellGraph<SupernetContext> {
  const { at, channels } = frame;
  const kind = skeletonForm(space.skeleton).kinds.indexOf(frame.kind);
  const { normalizesPools: normalizePools } = skeletonOf(space.skeleton);
  const nodes = edgePlaces(space.skeleton, space.nodes).map((places): Node<SupernetContext> => {
    const mixed = method.node(
      places.map(({ input, edge }) => ({
        at: at.at(`edge${edge}`),
        operations: candidatesOf(space, kind, edge),
        channels,
        stride: strideOf(frame.kind, input),
        normalizePools,
      })),
    );
    // What a node without a candidate but `none` is.
    const nothing = operationOf('none').make(at, {
      channels,
      stride: strideOf(frame.kind, 0),
      affine: false,
      normalizePools,
    });
    return (states, context) => {
      const weights = places.map(({ edge }) => {
        const own = context.weights[kind]?.[edge];
        if (!own) throw new Error(`edge ${edge} of kind ${kind} has no weights`);
        return own;
      });
      const from = places.map(({ input }) => states[input] as tf.Tensor4D);
      return mixed(from, weights, context) ?? nothing(states[0] as tf.Tensor4D, context);
    };
  });
  return { nodes, concat: outputStates(space) };
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
