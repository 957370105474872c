/**
 * One table for whoever has a GPU: a search iteration, a step of retraining and inference on a provider of onnxruntime,
 * against PyTorch on the same device; which nodes onnxruntime leaves to the CPU, and what crosses the bus. No network is
 * needed. What cannot be measured is said, and the rest is measured all the same.
 */
import { spawnSync } from 'node:child_process';
import { requireDevice } from '../src/devices/index.ts';
import { FailureError } from '../src/errors.ts';
import { measure, type Outcome } from './gpu/measure.ts';
import { gpuOptions } from './gpu/options.ts';
import { tasksFor } from './gpu/problems.ts';
import { tableOf } from './gpu/table.ts';
import { readOptions } from './harness/options.ts';
import { machine } from './machine.ts';
import type { Benchmark } from './run.ts';

/** Name, driver's version and memory of each GPU, as NVIDIA's driver says; or why it does not. */
function gpus(): string {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  const { status, stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8' });
  return status === 0 ? stdout.trim().replaceAll('\n', '; ') : 'unknown: nvidia-smi is not there';
}

const benchmark: Benchmark = {
  /**
   * Options: --device cuda|webgpu|cpu --parts search,retrain,inference --peers tuned,amp,compiled|none --rounds 20 --warmup 5 --threads 2 --seed 2 --python PATH, --limit
   * 900 (seconds that an answer may take, compiling included), and for trials --channels, --cells, --batch.
   */
  async *run(args) {
    const options = readOptions(args, gpuOptions);
    await requireDevice(options.device);
    const { cpu, onnxruntime } = machine();
    const [hardware, { device }] = [options.device === 'cpu' ? String(cpu) : gpus(), options];
    const heading = `On ${device} (${hardware}), onnxruntime ${onnxruntime}:`;
    const tasks = tasksFor(options);
    let measured = false;
    const reasons: string[] = [];
    for (const part of options.parts) {
      const outcomes: Outcome[] = [];
      const todo = tasks
        .filter((task) => task.part === part)
        .flatMap((task) => task.precisions.map((precision) => ({ task, precision })));
      for (const { task, precision } of todo) {
        const outcome = await measure(task, precision, options);
        outcomes.push(outcome);
        measured ||= outcome.measured.length > 0;
        reasons.push(...outcome.missing);
        // A machine that is lent may be gone before a part is complete.
        const complete = outcomes.length === todo.length && { table: `${heading}\n\n${tableOf(outcomes)}` };
        yield { part, ...complete, configuration: { ...options, hardware }, results: outcomes };
      }
    }
    if (!measured) throw new FailureError(`nothing could be measured on ${options.device}: ${reasons[0]}`);
  },
};

export default benchmark;
