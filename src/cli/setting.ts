/** What the commands share: engines by option, data sets by option, interruption. */
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/engine.ts';
import type { OptionName } from './options.ts';
import { say } from './output.ts';

export interface DeviceOptions {
  readonly device: 'auto' | 'cpu' | 'cuda' | 'webgpu';
  readonly engine: 'onnxruntime' | 'tensorflow' | 'tfjs-cpu';
  readonly threads?: number;
}

export const deviceOptionNames = ['device', 'engine', 'threads'] as const satisfies readonly OptionName[];
export const deviceDefaults: DeviceOptions = { device: 'auto', engine: 'onnxruntime' };

/** The engine that the options ask for. `auto` is the CPU: a GPU is used where it is asked for by name. */
export async function openEngine({ device, engine, threads }: DeviceOptions): Promise<Engine> {
  if (engine === 'onnxruntime') {
    const { onnxruntimeEngine } = await import('../engine/onnxruntime.ts');
    return onnxruntimeEngine({ provider: device === 'auto' ? 'cpu' : device, ...(threads && { threads }) });
  }
  const { tfjsEngine } = await import('../engine/tfjs.ts');
  return tfjsEngine(engine === 'tensorflow' ? 'tensorflow' : 'cpu');
}

export interface DataOptions {
  readonly data: string;
  readonly imageSize?: number;
  readonly trainLimit?: number;
  readonly testLimit?: number;
}

export const dataOptionNames = [
  'data',
  'imageSize',
  'trainLimit',
  'testLimit',
] as const satisfies readonly OptionName[];
export const dataDefaults: DataOptions = { data: 'embedded' };

/** Loads the data set that the options name, and says what it is. */
export async function openDataset({ data, imageSize, trainLimit, testLimit }: DataOptions): Promise<Dataset> {
  const { loadDataset } = await import('../data/index.ts');
  const dataset = await loadDataset(data, { imageSize, limit: { train: trainLimit, test: testLimit } });
  const { train, test, shape, classes } = dataset;
  say(
    `data: ${dataset.name}, ${train.count} training and ${test.count} test images, ` +
      `${shape.height}×${shape.width}×${shape.channels}, ${classes.length} classes`,
  );
  return dataset;
}

/** The exit code after an interrupt, as shells have it (128 + SIGINT). */
export const interruptedExitCode = 130;

/** A signal that fires at the first Ctrl-C (or SIGTERM); a second one ends the process as usual. */
export function interruption(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const release = (): void => {
    for (const name of signals) process.off(name, stop);
  };
  const stop = (): void => {
    release();
    say('\ninterrupted: finishing the step and saving a checkpoint (again: quit at once)');
    controller.abort();
  };
  for (const name of signals) process.on(name, stop);
  return { signal: controller.signal, release };
}
