/** Ordinary convolutions, pools and the identity on every edge; the best operation of each edge is kept. */
import { everywhere, type SearchSpace } from './space.ts';

const form = { skeleton: 'darts', nodes: 4 } as const;

export const simple: SearchSpace = {
  ...form,
  name: 'simple',
  candidates: everywhere(['conv_3x3', 'conv_5x5', 'max_pool_3x3', 'avg_pool_3x3', 'identity'], form),
  keptEdges: Number.POSITIVE_INFINITY,
  alphaGradientLimit: 1,
};
