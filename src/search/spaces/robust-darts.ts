/**
 * The reduced spaces S1 to S4 in which DARTS collapses (Zela et al. 2020, arXiv 1909.09656; automl/RobustDARTS
 * `src/spaces.py`).
 */
import type { OperationName } from '../operation-names.ts';
import { everywhere, type SearchSpace } from './space.ts';

const form = { skeleton: 'darts', nodes: 4 } as const;

const reduced = (name: string, candidates: SearchSpace['candidates']): SearchSpace => ({
  ...form,
  name,
  candidates,
  keptEdges: 2,
});

type Pair = readonly [OperationName, OperationName];

const skipOr3: Pair = ['skip_connect', 'sep_conv_3x3'];
const skipOrDilated3: Pair = ['skip_connect', 'dil_conv_3x3'];
const skipOrDilated5: Pair = ['skip_connect', 'dil_conv_5x5'];
const maximumOrSkip: Pair = ['max_pool_3x3', 'skip_connect'];
const eitherDilated: Pair = ['dil_conv_3x3', 'dil_conv_5x5'];
const eitherPool: Pair = ['max_pool_3x3', 'avg_pool_3x3'];

/** The two strongest operations of each edge, found by searching in the space of DARTS. */
export const s1 = reduced('s1', [
  [
    ...[skipOrDilated3, skipOrDilated5],
    ...[skipOrDilated5, skipOr3, skipOrDilated3],
    ...[maximumOrSkip, skipOr3, skipOr3, skipOrDilated3],
    ...[skipOr3, maximumOrSkip, skipOrDilated3, eitherDilated, eitherDilated],
  ],
  [
    ...[eitherPool, ['max_pool_3x3', 'dil_conv_3x3'] as const],
    ...[eitherPool, eitherPool, skipOrDilated5],
    ...[eitherPool, ['max_pool_3x3', 'sep_conv_3x3'] as const, skipOrDilated3, skipOrDilated5],
    ...[eitherPool, eitherPool, skipOrDilated5, skipOrDilated5, skipOrDilated5],
  ],
]);

export const s2 = reduced('s2', everywhere(skipOr3, form));

export const s3 = reduced('s3', everywhere(['none', 'skip_connect', 'sep_conv_3x3'], form));

/** Noise ignores its input, so that nothing is gained by choosing it. */
export const s4 = reduced('s4', everywhere(['noise', 'sep_conv_3x3'], form));
