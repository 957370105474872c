/** Passes and the pipelines made of them. */

import type { Graph } from '../ir.ts';
import { boolsAsNumbers } from './bools-as-numbers.ts';
import { commonSubexpressions } from './common-subexpressions.ts';
import { constantFolding } from './constant-folding.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import { fuseBias } from './fuse-bias.ts';
import { fuseConvolution } from './fuse-convolution.ts';
import { halfPrecision } from './half-precision.ts';
import { identity } from './identity.ts';
import { limitOutputs } from './limit-outputs.ts';
import { pickByConvolution } from './pick-by-convolution.ts';
import type { Pass } from './rewrite.ts';
import { simplify } from './simplify.ts';
import { sinkIntoBranches } from './sink-into-branches.ts';
import { stackImages, stackSmall } from './stack.ts';

export type { Pass } from './rewrite.ts';
export {
  boolsAsNumbers,
  commonSubexpressions,
  constantFolding,
  foldBatchNorm,
  fuseBias,
  fuseConvolution,
  halfPrecision,
  identity,
  limitOutputs,
  pickByConvolution,
  simplify,
  sinkIntoBranches,
  stackImages,
  stackSmall,
};

const pipeline =
  (...passes: readonly Pass[]): Pass =>
  (graph: Graph) =>
    passes.reduce((result, pass) => pass(result), graph);

export interface OptimizeOptions {
  /** Mixed precision: float16 where it does no harm. */
  readonly half?: boolean;
  /** Whether nodes over images are stacked, too, and not only small ones. */
  readonly stacksImages?: boolean;
}

/** What makes a simplified graph fast; which nodes it joins depends on who reads them. */
export const fuseFor = ({ half = false, stacksImages = false }: OptimizeOptions = {}): Pass =>
  pipeline(
    sinkIntoBranches,
    fuseConvolution,
    ...(half ? [halfPrecision] : []),
    stacksImages ? stackImages : stackSmall,
    identity,
  );

/** For graphs that are run by us: removes what is superfluous, computes nothing twice and little node by node. */
const optimizeFor = (options: OptimizeOptions = {}): Pass => pipeline(simplify, fuseFor(options));

/** The same for a CPU, in float32. */
export const optimize: Pass = optimizeFor();

/** For models that are exported: constants are computed and joined with the operators that read them, too. */
export const optimizeForInference: Pass = pipeline(
  constantFolding,
  identity,
  foldBatchNorm,
  pickByConvolution,
  fuseBias,
  commonSubexpressions,
);
