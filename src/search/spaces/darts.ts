/** The space of Liu, Simonyan & Yang 2019 (DARTS), section 2.1. */
import { everywhere, type SearchSpace } from './space.ts';

const form = { skeleton: 'darts', nodes: 4 } as const;

export const darts: SearchSpace = {
  ...form,
  name: 'darts',
  candidates: everywhere(
    [
      'none',
      'max_pool_3x3',
      'avg_pool_3x3',
      'skip_connect',
      'sep_conv_3x3',
      'sep_conv_5x5',
      'dil_conv_3x3',
      'dil_conv_5x5',
    ],
    form,
  ),
  keptEdges: 2,
};
