/** Which nodes of a compiled step run elsewhere than on its device, as onnxruntime's profile tells. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Step } from '../signature.ts';
import { type Feeds, zeroFeeds } from './engine.ts';
import { type OnnxruntimeOptions, onnxruntimeEngine } from './onnxruntime.ts';

export interface Placement {
  /** Nodes that a run executes, copies between devices included. */
  readonly nodes: number;
  /** Those on the CPU, by operator and operands: `Cast(int64[64,1])`. None on the device cpu. */
  readonly fallbacks: Readonly<Record<string, number>>;
  /** Copies within the graph from the device to the CPU and back; inputs and outputs are not among them. */
  readonly copies: number;
}

interface ProfileEvent {
  readonly cat: string;
  readonly args?: {
    readonly provider?: string;
    readonly op_name?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

const cpuProvider = 'CPUExecutionProvider';
const copyOperators: readonly string[] = ['MemcpyToHost', 'MemcpyFromHost'];

/** The placement in the events of onnxruntime's profile of one run. */
export function placementOf(events: readonly ProfileEvent[], device: string): Placement {
  const ran = events.flatMap(({ cat, args }) => (cat === 'Node' && args?.provider ? [args] : []));
  const isCopy = ({ op_name: op = '' }: (typeof ran)[number]): boolean => copyOperators.includes(op);
  const fallbacks: Record<string, number> = {};
  for (const args of ran) {
    if (device === 'cpu' || args.provider !== cpuProvider || isCopy(args)) continue;
    const operands = (args.input_type_shape ?? []).flatMap((operand) =>
      Object.entries(operand).map(([type, shape]) => `${type}[${shape}]`),
    );
    const key = `${args.op_name}(${operands.join(', ')})`;
    fallbacks[key] = (fallbacks[key] ?? 0) + 1;
  }
  return { nodes: ran.length, fallbacks, copies: ran.filter(isCopy).length };
}

/** Compiles a step, runs it once (on zeros unless fed) and says where its nodes ran. */
export async function measurePlacement(
  step: Step,
  options: OnnxruntimeOptions,
  feeds: Feeds = zeroFeeds(step.signature),
): Promise<Placement> {
  const folder = mkdtempSync(join(tmpdir(), 'nas-profile-'));
  try {
    const engine = await onnxruntimeEngine({ ...options, profile: join(folder, 'run') });
    const compiled = await engine.compile(step.fn, step.signature, 'placement');
    await compiled.run(feeds);
    await compiled.dispose();
    const [file = ''] = readdirSync(folder);
    const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[];
    return placementOf(events, options.provider ?? 'cpu');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
