/** A search iteration, α's update and the weights', against PyTorch as published and tuned. */
import { ours } from './harness/contestant.ts';
import { peer } from './harness/python.ts';
import { describeProblem, searchProblems, writeSearchProblem } from './harness/search-problem.ts';
import { stepBenchmark } from './harness/step-benchmark.ts';

/** Options: --configuration small,canonical,grey --rounds 7 --warmup 2 --threads 2 --seed 2 --python PATH. */
export default stepBenchmark({
  problems: searchProblems,
  describe: describeProblem,
  write: writeSearchProblem,
  contestants: (python) => [
    ours('onnx-nas', 'search-step.ts'),
    peer('PyTorch as published', python, 'search_step.py', 'published'),
    peer('PyTorch tuned', python, 'search_step.py', 'tuned'),
  ],
  steps: ['alpha', 'theta'],
  rows: { α: ['alpha'], θ: ['theta'], iteration: ['alpha', 'theta'] },
  defaults: { rounds: 7, warmup: 2 },
});
