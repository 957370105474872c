/** Who takes part in benchmarks of the search. */
import { type Launch, ours } from './contestant.ts';
import { peer } from './python.ts';

export const searchContestants = (python: string): { ours: Launch; peers: readonly Launch[] } => ({
  ours: ours('onnx-nas', 'search-step.ts'),
  peers: [
    peer('PyTorch as published', python, 'search_step.py', 'published'),
    peer('PyTorch tuned', python, 'search_step.py', 'tuned'),
  ],
});
