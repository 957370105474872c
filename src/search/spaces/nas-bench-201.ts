/** The space of Dong & Yang 2020 (NAS-Bench-201, arXiv 2001.00326): 5⁶ = 15,625 cells, every edge decided. */
import { everywhere, type SearchSpace } from './space.ts';

const form = { skeleton: 'nas-bench-201', nodes: 3 } as const;

export const nasBench201: SearchSpace = {
  ...form,
  name: 'nas-bench-201',
  candidates: everywhere(['none', 'skip_connect', 'nor_conv_1x1', 'nor_conv_3x3', 'avg_pool_3x3'], form),
  keptEdges: Number.POSITIVE_INFINITY,
  choosesNone: true,
  // Five cells a stage, and the two residual blocks between.
  defaults: { channels: 16, cells: 17 },
};
