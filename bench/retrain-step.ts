/** A step of retraining DARTS_V2, with drop-path and the auxiliary head, against PyTorch. */
import { ours } from './harness/contestant.ts';
import { peer } from './harness/python.ts';
import { describeRetraining, retrainProblems, writeRetrainProblem } from './harness/retrain-problem.ts';
import { stepBenchmark } from './harness/step-benchmark.ts';

/** Options: --rounds 7 --warmup 2 --threads 2 --seed 2 --python PATH. */
export default stepBenchmark({
  problems: retrainProblems,
  describe: describeRetraining,
  write: writeRetrainProblem,
  contestants: (python) => ({
    ours: ours('onnx-nas', 'retrain-step.ts'),
    peers: [
      peer('PyTorch as published', python, 'retrain_step.py', 'published'),
      peer('PyTorch tuned', python, 'retrain_step.py', 'tuned'),
    ],
  }),
  rows: { step: ['step'] },
});
