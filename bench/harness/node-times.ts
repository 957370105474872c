/** What onnxruntime's profile of a run says: each node's time, operands and result, and what it had to do. */
import { readFileSync } from 'node:fs';

export interface NodeTime {
  readonly operator: string;
  /** That ran it, e.g. `CPUExecutionProvider`. */
  readonly provider: string;
  /** Shapes of the operands, e.g. `64×16×32×32, 16×16×1×1`. */
  readonly shapes: string;
  readonly milliseconds: number;
  /** Of products and convolutions: twice the multiply-accumulates. */
  readonly flops: number;
  /** Of operands and results, each crossing memory once. */
  readonly bytes: number;
}

export interface ProfiledRun {
  readonly milliseconds: number;
  readonly nodes: readonly NodeTime[];
}

type Shapes = readonly Readonly<Record<string, readonly number[]>>[];

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: {
    readonly op_name?: string;
    readonly provider?: string;
    readonly input_type_shape?: Shapes;
    readonly output_type_shape?: Shapes;
  };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const shapesOf = (typed: Shapes = []): (readonly number[])[] =>
  typed.flatMap((value) => Object.values(value));

/** A convolution's filter is [O, I/groups, kh, kw]; the last two dimensions of matrices are [m, k] and [k, n]. */
function flopsOf(
  operator: string,
  operands: readonly (readonly number[])[],
  result: readonly number[],
): number {
  const [first = [], second = []] = operands;
  if (operator === 'Conv') return 2 * sizeOf(result) * sizeOf(second.slice(1));
  if (!/MatMul|Gemm/.test(operator)) return 0;
  // Whichever of the two is transposed: k is what the three sizes have beyond m·n.
  const [m = 1, n = 1] = result.slice(-2);
  return 2 * sizeOf(result) * Math.sqrt((sizeOf(first.slice(-2)) * sizeOf(second.slice(-2))) / (m * n));
}

function nodeTime({ dur, args }: Event): NodeTime {
  const operator = args.op_name ?? '';
  const [operands, results] = [shapesOf(args.input_type_shape), shapesOf(args.output_type_shape)];
  return {
    operator,
    provider: args.provider ?? '',
    shapes: operands.map((shape) => shape.join('×')).join(', '),
    milliseconds: dur / 1000,
    flops: flopsOf(operator, operands, results[0] ?? []),
    // A Reshape names its operand anew.
    bytes:
      operator === 'Reshape'
        ? 0
        : 4 * [...operands, ...results].reduce((sum, shape) => sum + sizeOf(shape), 0),
  };
}

/** The last run in a profile. */
export function lastRun(file: string): ProfiledRun {
  const events = JSON.parse(readFileSync(file, 'utf8')) as Event[];
  const run = events.filter(({ name }) => name === 'model_run').at(-1);
  if (!run) throw new Error(`${file} holds no run`);
  const within = ({ ts }: Event): boolean => ts >= run.ts && ts <= run.ts + run.dur;
  const kernels = events.filter(
    (event) => event.cat === 'Node' && event.name.endsWith('_kernel_time') && within(event),
  );
  return { milliseconds: run.dur / 1000, nodes: kernels.map(nodeTime) };
}
