/** One task on one device: our times, alternating with each peer's, and what our steps do on the device. */
import { FailureError, InputError, messageOf } from '../../src/errors.ts';
import type { Precision } from '../../src/precision.ts';
import { type Contestant, type Launch, ours, withContestant } from '../harness/contestant.ts';
import type { DeviceUse } from '../harness/device-use.ts';
import { withFolder } from '../harness/folder.ts';
import { peer, requirePython } from '../harness/python.ts';
import {
  type Agreement,
  type Comparison,
  compare,
  play,
  requireAgreement,
  timesOf,
} from '../harness/rounds.ts';
import { sampled } from '../harness/statistics.ts';
import type { GpuOptions, Peer } from './options.ts';
import type { Task } from './problems.ts';

/** A peer's mode, which bench/peers/mode.py explains, for the precision that it competes in. */
const modes: readonly { readonly name: string; readonly mode: Peer; readonly precision: Precision }[] = [
  { name: 'PyTorch eager, channels_last', mode: 'tuned', precision: 'float32' },
  { name: 'PyTorch eager, channels_last, AMP', mode: 'amp', precision: 'float16' },
  { name: 'PyTorch compiled, channels_last, AMP', mode: 'compiled', precision: 'float16' },
];

/** Relative differences of the first losses: in mixed precision both sides round, in places of their own. */
const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-3, float16: 3e-2 };

export interface Measured {
  /** The peer, or ours alone. */
  readonly peer?: string;
  readonly versions?: Readonly<Record<string, string>>;
  readonly agreement?: Agreement;
  readonly times: Readonly<Record<string, Pick<Comparison, 'ours'> & Partial<Comparison>>>;
}

export interface Outcome {
  readonly title: string;
  readonly precision: Precision;
  readonly measured: readonly Measured[];
  /** By step. */
  readonly use?: Readonly<Record<string, DeviceUse>>;
  /** What could not be measured, and why. */
  readonly missing: readonly string[];
}

/** Runs `body`; an expected failure becomes a line of what is missing. */
async function attempt<T>(what: string, missing: string[], body: () => Promise<T>): Promise<T | undefined> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof FailureError || error instanceof InputError)) throw error;
    missing.push(`${what}: ${messageOf(error)}`);
    return undefined;
  }
}

export const measure = (task: Task, precision: Precision, options: GpuOptions): Promise<Outcome> =>
  withFolder(async (folder) => {
    const { device, threads, limit } = options;
    // PyTorch has no WebGPU: the same GPU by CUDA.
    const peerDevice = device === 'webgpu' ? 'cuda' : device;
    const request = { ...task.prepare(folder, precision), provider: device, device: peerDevice, threads };
    const us: Launch = { ...ours('onnx-nas', task.contestant), limit };
    const missing: string[] = [];
    const steps = [...new Set(Object.values(task.rows).flat())];
    const label = `${task.title}, ${precision}`;

    const duel = (guest: Launch, home: Contestant, tolerance: number): Promise<Measured> =>
      withContestant(guest, async (opponent) => {
        const match = await play([home, opponent], request, steps, options);
        const rows = Object.entries(task.rows);
        return {
          peer: guest.name,
          versions: match[1].prepared.versions,
          agreement: requireAgreement(match, tolerance),
          times: Object.fromEntries(rows.map(([row, sum]) => [row, compare(match, sum, options)])),
        };
      });

    // A process of its own: what a profile costs is not to be in the times.
    const use = await attempt(`${label}, use of the device`, missing, () =>
      withContestant(us, ({ ask }) => ask<Record<string, DeviceUse>>('use', request)),
    );
    const measured: Measured[] = [];
    // An exported file is float32; the peers may compute in what they gain from.
    const rivals = modes
      .filter(({ mode }) => options.peers.includes(mode))
      .filter((rival) => task.part === 'inference' || rival.precision === precision);
    const python =
      rivals.length > 0 && use
        ? await attempt(`${label}, peers`, missing, async () =>
            requirePython(options.python, ['torch', 'numpy']),
          )
        : undefined;
    for (const { name, mode, precision: theirs } of python ? rivals : []) {
      const guest = { ...peer(name, python as string, task.peer, mode), limit };
      const result = await attempt(`${label}, ${name}`, missing, () =>
        withContestant(us, (home) => duel(guest, home, tolerances[theirs])),
      );
      if (result) measured.push(result);
    }
    if (use && measured.length === 0) {
      const alone = await attempt(label, missing, () =>
        withContestant(us, (home) => byItself(home, request, task, steps, options)),
      );
      if (alone) measured.push(alone);
    }
    return { title: task.title, precision, measured, ...(use && { use }), missing };
  });

/** Our times without anybody to compare with. */
async function byItself(
  home: Contestant,
  request: object,
  task: Task,
  steps: readonly string[],
  options: GpuOptions,
): Promise<Measured> {
  const [score] = await play([home], request, steps, options);
  const rows = Object.entries(task.rows);
  return {
    times: Object.fromEntries(
      rows.map(([row, sum]) => [row, { ours: sampled(timesOf(score, sum, options)) }]),
    ),
  };
}
