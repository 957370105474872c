/**
 * The tfjs backend `onnx`. It does not compute: each kernel becomes graph nodes, by the rules in `rules/`.
 *
 * Outside of `trace` it works interactively too: reading a tensor (`await x.data()`) hands the part of the
 * graph that the tensor needs to an evaluator, which an engine installs.
 */
import type { BackendValues, DataType, NamedTensorInfoMap, Tensor, TensorInfo } from '@tensorflow/tfjs';
import { createBuilder } from '../onnx/build.ts';
import { constantValue, type Graph, nodesOf, type TensorData } from '../onnx/ir.ts';
import { currentScope } from '../scope.ts';
import { tf } from '../tfjs.ts';
import { type Device, portable } from './device.ts';
import type { Kernels, Rule } from './kernels.ts';
import { createLowering, type Lowering } from './lowering.ts';
import { filled } from './rules/creation.ts';
import { rules } from './rules/index.ts';
import { onnxType, type Traced } from './traced.ts';

export const backendName = 'onnx';

const whileTraced =
  'while a function is traced its tensors have no values yet: express the decision with tf.where';

/** Computes a graph without inputs; the result's elements by output name. */
export type Evaluator = (graph: Graph) => Promise<Record<string, TensorData>>;

type Written = { readonly values: BackendValues; readonly shape: number[]; readonly dtype: DataType };

export class OnnxBackend extends tf.KernelBackend {
  private readonly storage = new tf.DataStorage<Traced | Written>(this, tf.engine());
  private lowering: Lowering | undefined;
  evaluator: Evaluator | undefined;

  /** Runs `body` with its kernels recorded for a device, equal small constants shared. */
  recording<T>(device: Device, body: () => T): T {
    const outer = this.lowering;
    this.lowering = createLowering(createBuilder(currentScope), device);
    try {
      return body();
    } finally {
      this.lowering = outer;
    }
  }

  /** The rules' view of the present recording; interactively, one kernel is one recording. */
  currentLowering(): Lowering {
    return this.lowering ?? createLowering(createBuilder(currentScope), portable);
  }

  /** What `nn/kernel.ts` asks for. */
  get channelBlock(): number {
    return Math.max(1, this.currentLowering().device.block);
  }

  /** A tensor that stands for a traced value. */
  tensorOf(traced: Traced): Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.infoOf(traced));
  }

  infoOf(traced: Traced): TensorInfo {
    const dataId = {};
    this.storage.set(dataId, traced);
    return { dataId, shape: [...traced.shape], dtype: traced.dtype };
  }

  /** The traced value behind a tensor; values written by the program become constants. */
  tracedOf({ dataId }: TensorInfo): Traced {
    const entry = this.storage.get(dataId);
    if ('value' in entry) return entry;
    const traced = this.constantOf(entry);
    this.storage.set(dataId, traced);
    return traced;
  }

  /** Written values in the graph. Equal ones, such as tfjs's gradients multiply with, are known to be a broadcast. */
  private constantOf({ values, shape, dtype }: Written): Traced {
    const elements = values as Exclude<BackendValues, Uint8Array[]>;
    const [first = 0] = elements;
    const isUniform = elements.length > 1 && elements.every((element) => element === first);
    const spread = isUniform ? filled(this.currentLowering(), shape, first, dtype) : undefined;
    const value = constantValue(elements, { dtype: onnxType(dtype), shape });
    return { ...spread, value, layout: 'plain', shape, dtype };
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): object {
    const dataId = {};
    this.storage.set(dataId, { values, shape, dtype });
    return dataId;
  }

  override move(dataId: object, values: BackendValues, shape: number[], dtype: DataType): void {
    this.storage.set(dataId, { values, shape, dtype });
  }

  override async read(dataId: object): Promise<BackendValues> {
    const entry = this.storage.get(dataId);
    if (!('value' in entry)) return entry.values;
    const lowering = this.currentLowering();
    const value = lowering.as(entry, 'plain');
    if (value.source.kind === 'constant') return value.source.data as Float32Array;
    const read = nodesOf([value]).flatMap((node) => node.inputs);
    const open = [value, ...read].find((input) => input?.source.kind === 'input');
    if (open?.source.kind === 'input') {
      throw new Error(
        `a value that depends on the traced function's input "${open.source.name}" was read; ${whileTraced}`,
      );
    }
    if (!this.evaluator) {
      throw new Error(
        'the onnx backend has no engine to compute with: call registerOnnxBackend() of onnx-nas first',
      );
    }
    const results = await this.evaluator({ name: 'read', inputs: [], outputs: [{ name: 'value', value }] });
    const values = results.value as Float32Array;
    this.storage.set(dataId, { values, shape: [...entry.shape], dtype: entry.dtype });
    return values;
  }

  override readSync(dataId: object): BackendValues {
    const entry = this.storage.get(dataId);
    if (!('value' in entry)) return entry.values;
    if (entry.value.source.kind === 'constant' && entry.layout === 'plain') {
      return entry.value.source.data as Float32Array;
    }
    throw new Error(
      this.lowering
        ? `a value was read; ${whileTraced}`
        : 'the onnx backend computes asynchronously: use "await tensor.data()" instead of dataSync()',
    );
  }

  override disposeData(dataId: object): boolean {
    return this.storage.delete(dataId);
  }

  override numDataIds(): number {
    return this.storage.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  // Each result has a data id of its own, so nothing is counted.
  override refCount(): number {
    return 1;
  }
  override incRef(): void {}
  override timerAvailable(): boolean {
    return false;
  }
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
}

const backend = new OnnxBackend();

type AnyRule = Rule<unknown, unknown>;

/** The inputs of one kernel call as traced values; kernels over a list get a list. */
function tracedInputs(inputs: NamedTensorInfoMap): unknown {
  if (Array.isArray(inputs)) return inputs.map((x: TensorInfo) => backend.tracedOf(x));
  const traced: Record<string, Traced> = {};
  for (const name in inputs) if (inputs[name]) traced[name] = backend.tracedOf(inputs[name]);
  return traced;
}

const describe = (inputs: NamedTensorInfoMap): string =>
  Object.entries(inputs)
    .flatMap(([name, x]) => (x ? [`${name}: ${x.dtype}[${x.shape}]`] : []))
    .join(', ');

function register(kernelName: string, rule: AnyRule): void {
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      try {
        const result = rule(backend.currentLowering(), tracedInputs(inputs) as never, attrs ?? {});
        return Array.isArray(result)
          ? result.map((x) => backend.infoOf(x))
          : backend.infoOf(result as Traced);
      } catch (error) {
        if (error instanceof LoweringError) throw error;
        const where = currentScope();
        throw new LoweringError(
          `cannot lower ${kernelName}(${describe(inputs)})${where && ` in ${where}`}: ${(error as Error).message}`,
        );
      }
    },
  });
}

/** A kernel call that the tracer cannot express; names the kernel, its operands and the cause. */
export class LoweringError extends Error {
  override readonly name = 'LoweringError';
}

const unsupported: AnyRule = () => {
  throw new Error(
    'the tracer has no rule for this kernel; add one to src/trace/kernels.ts and src/trace/rules/',
  );
};

let registered = false;

/** The backend, registered with tfjs at the first call. */
export function onnxBackend(): OnnxBackend {
  if (registered) return backend;
  registered = true;
  tf.registerBackend(backendName, () => backend, 0);
  for (const name of Object.keys(rules)) register(name, rules[name as keyof Kernels] as AnyRule);
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    if (!(kernelName in rules)) register(kernelName, unsupported);
  }
  return backend;
}
