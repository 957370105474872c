/** The options of the benchmark `gpu`. */
import type { Provider } from '../../src/engine/onnxruntime.ts';
import { number, type OptionsOf, oneOf, orNone, someOf, text, usual, whole } from '../harness/options.ts';

const parts = ['search', 'retrain', 'inference'] as const;
export type Part = (typeof parts)[number];

/** Ways in which the peer computes (bench/peers/mode.py). */
const peers = ['tuned', 'amp', 'compiled'] as const;
export type Peer = (typeof peers)[number];

export const gpuOptions = {
  ...usual,
  device: oneOf<Provider>(['cuda', 'webgpu', 'cpu']),
  parts: someOf(parts),
  peers: orNone(someOf(peers)),
  rounds: whole(20),
  warmup: whole(5),
  /** Seconds that an answer may take, compiling included. */
  limit: number(900, 1),
  // 0: as many as the problem has.
  channels: whole(0, 0),
  cells: whole(0, 0),
  batch: whole(0, 0),
  python: text,
};

export type GpuOptions = OptionsOf<typeof gpuOptions>;
