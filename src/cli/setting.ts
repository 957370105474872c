/** What the commands share: data sets and engines by option. Light: what the options name is imported when opened. */
import type { Dataset } from '../data/index.ts';
import type { DeviceName } from '../devices/names.ts';
import type { Engine } from '../engine/engine.ts';
import { InputError } from '../errors.ts';
import type { Precision } from '../precision.ts';
import { say } from './output.ts';

export interface DeviceOptions {
  readonly device: 'auto' | 'cpu' | 'cuda' | 'webgpu';
  readonly engine: 'onnxruntime' | 'tensorflow' | 'tfjs-cpu';
  readonly threads?: number;
}

export const deviceDefaults: DeviceOptions = { device: 'auto', engine: 'onnxruntime' };

/**
 * The device that an option names, certain to work. What `auto` picks is said, and so is a device that is none.
 *
 * @throws FailureError where it cannot be used
 */
export async function deviceOf({ device }: Pick<DeviceOptions, 'device'>): Promise<DeviceName> {
  const { autoDevice, requireDevice } = await import('../devices/index.ts');
  if (device !== 'auto') {
    const verdict = await requireDevice(device);
    if (verdict?.state === 'software') say(`warning: ${device} is ${verdict.what}: slower than --device cpu`);
    return device;
  }
  const { device: chosen, reason } = await autoDevice();
  say(`device: ${chosen} (${reason})`);
  return chosen;
}

/** The engine that the options ask for. InputError where they contradict one another. */
export async function openEngine(
  options: DeviceOptions & { readonly precision?: Precision },
): Promise<Engine> {
  const { device, engine, threads, precision = 'float32' } = options;
  if (engine === 'onnxruntime') {
    const provider = await deviceOf(options);
    const [{ onnxruntimeEngine }, { requireHalf }] = await Promise.all([
      import('../engine/onnxruntime.ts'),
      import('../engine/trial.ts'),
    ]);
    if (precision === 'float16') await requireHalf(provider);
    return onnxruntimeEngine({ provider, ...(threads && { threads }) });
  }
  const given = {
    '--threads': threads !== undefined,
    '--device': device !== 'auto',
    [`--precision ${precision}`]: precision !== 'float32',
  };
  const refused = Object.keys(given).find((name) => given[name]);
  if (refused) throw new InputError(`${refused} is for the engine onnxruntime; ${engine} does not have it`);
  const { tfjsEngine } = await import('../engine/tfjs.ts');
  return tfjsEngine(engine === 'tensorflow' ? 'tensorflow' : 'cpu');
}

export interface DataOptions {
  readonly data: string;
  readonly imageSize?: number;
  readonly trainLimit?: number;
  readonly testLimit?: number;
}

export const dataDefaults: DataOptions = { data: 'embedded' };

/** Of an image, in pixels: more is usual in photographs and not in what networks are trained on. */
const largeSide = 256;

/**
 * Loads the data set that the options name, and says what it is.
 *
 * @param channels of a model that is to be measured: a folder's images are made so
 */
export async function openDataset(
  { data, imageSize, trainLimit, testLimit }: DataOptions,
  channels?: number,
): Promise<Dataset> {
  const { loadDataset } = await import('../data/index.ts');
  const dataset = await loadDataset(data, {
    imageSize,
    ...((channels === 1 || channels === 3) && { channels }),
    limit: { train: trainLimit, test: testLimit },
  });
  const { train, test, shape, classes } = dataset;
  say(
    `data: ${dataset.name}, ${train.count} training and ${test.count} test images, ` +
      `${shape.height}×${shape.width}×${shape.channels}, ${classes.length} classes`,
  );
  if (Math.max(shape.height, shape.width) > largeSide) {
    say(
      `images of ${shape.height}×${shape.width} pixels take much memory and time: --image-size makes them smaller`,
    );
  }
  return dataset;
}
