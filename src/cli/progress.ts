/** Progress on stderr: a bar with loss, accuracy, rate and time left on a terminal, plain lines elsewhere. */
import { SingleBar } from 'cli-progress';
import type { EpochRecord, Observer, StepReport } from '../runs/epochs.ts';
import { say } from './output.ts';
import { barLine, epochLine, stepLine } from './progress-lines.ts';

/** Seconds between plain lines. */
const quiet = 10;

/** An observer for the epochs of a run; once it is closed, by the signal or by `close`, it shows no more steps. */
export function showProgress(title: string, signal: AbortSignal): Observer & { close(): void } {
  const { onStep, clear, close } = process.stderr.isTTY ? showBar(title) : showLines(title);
  signal.addEventListener('abort', close, { once: true });
  return {
    onStep,
    onEpoch: (record: EpochRecord, epochs: number) => {
      clear();
      say(epochLine(title, epochs, record));
    },
    close,
  };
}

interface StepDisplay {
  onStep(report: StepReport): void;
  /** Makes room for other lines. */
  clear(): void;
  close(): void;
}

function showLines(title: string): StepDisplay {
  let last = Number.NEGATIVE_INFINITY;
  return {
    onStep: (report) => {
      const now = performance.now();
      if (now - last < quiet * 1000 || report.step === report.steps) return;
      last = now;
      say(stepLine(title, report));
    },
    clear: () => {},
    close: () => {},
  };
}

function showBar(title: string): StepDisplay {
  const bar = new SingleBar({
    format: (_options, _state, { report }: { report: StepReport }) =>
      barLine(title, report, process.stderr.columns),
    stream: process.stderr,
    clearOnComplete: true,
    // The terminal stays as it is, whatever ends the process.
    hideCursor: false,
    linewrap: null,
    gracefulExit: false,
  });
  let [active, closed] = [false, false];
  const clear = (): void => {
    if (active) bar.stop();
    active = false;
  };
  return {
    onStep: (report) => {
      if (closed) return;
      if (active) bar.update(report.step, { report });
      else bar.start(report.steps, report.step, { report });
      active = true;
    },
    clear,
    close: () => {
      closed = true;
      clear();
    },
  };
}
