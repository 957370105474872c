/**
 * Loaded into a server with `--import`: SIGUSR2 ends the worker thread that next runs a model for somebody, in the
 * middle of the run, as a crash would. A folder named by SOAK_KILLS gets a folder for each worker that was ended.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const channel = new BroadcastChannel('worker-killer');
let kills = 0;

if (isMainThread) {
  process.on('SIGUSR2', () => channel.postMessage(++kills));
} else {
  const { InferenceSession } = await import('onnxruntime-node');
  const { run } = InferenceSession.prototype;
  let wanted = 0;
  // While a model is loaded it is tried and timed: those runs are nobody's.
  const trialTime = 500;
  const firstRuns = new WeakMap();
  channel.onmessage = ({ data }) => {
    wanted = data;
  };
  InferenceSession.prototype.run = function (...args) {
    if (!firstRuns.has(this)) firstRuns.set(this, Date.now());
    if (wanted > 0 && Date.now() - firstRuns.get(this) > trialTime) {
      const kill = wanted;
      wanted = 0;
      // Only one worker can make the folder, and that one ends.
      if (made(join(process.env.SOAK_KILLS, String(kill)))) process.exit(77);
    }
    return run.apply(this, args);
  };
}
channel.unref();

function made(folder) {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
