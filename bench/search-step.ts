/** A search iteration, α's update and the weights', against PyTorch as published and tuned. */
import { searchContestants } from './harness/search-contestants.ts';
import { describeProblem, searchProblems, writeSearchProblem } from './harness/search-problem.ts';
import { stepBenchmark } from './harness/step-benchmark.ts';

/** Options: --configuration small,canonical,grey --rounds 7 --warmup 2 --threads 2 --seed 2 --python PATH. */
export default stepBenchmark({
  problems: searchProblems,
  describe: describeProblem,
  write: writeSearchProblem,
  contestants: searchContestants,
  rows: { α: ['alpha'], θ: ['theta'], iteration: ['alpha', 'theta'] },
});
