/** The options of the benchmark `gpu`. */
import type { Provider } from '../../src/engine/onnxruntime.ts';
import { amount, count, oneOf } from '../../src/kinds.ts';
import { type OptionsOf, option, orNone, python, someOf, usual } from '../harness/options.ts';

const parts = ['search', 'retrain', 'inference'] as const;
export type Part = (typeof parts)[number];

/** Ways in which the peer computes (bench/peers/mode.py). */
const peers = ['tuned', 'amp', 'compiled'] as const;
export type Peer = (typeof peers)[number];

export const gpuOptions = {
  ...usual,
  device: option<Provider, Provider>(oneOf(['cuda', 'webgpu', 'cpu']), 'cuda'),
  parts: someOf(parts),
  peers: orNone(someOf(peers)),
  rounds: option(count, 20),
  warmup: option(count, 5),
  /** Seconds that an answer may take, compiling included. */
  limit: option(count, 900),
  // 0: as many as the problem has.
  channels: option(amount, 0),
  cells: option(amount, 0),
  batch: option(amount, 0),
  python,
};

export type GpuOptions = OptionsOf<typeof gpuOptions>;
