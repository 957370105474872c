/** Progress on stderr: a bar with loss, accuracy, rate and time left on a terminal, plain lines elsewhere. */
import { SingleBar } from 'cli-progress';
import type { EpochRecord, Observer, StepReport } from '../runs/epochs.ts';
import { formatDuration, percent, say } from './output.ts';

const figures = ({ means, stepsPerSecond, secondsLeft }: StepReport): string =>
  [
    `loss ${(means.loss ?? Number.NaN).toFixed(3)}`,
    `accuracy ${percent(means.accuracy ?? Number.NaN)}`,
    ...(means.validationAccuracy === undefined ? [] : [`validation ${percent(means.validationAccuracy)}`]),
    `${stepsPerSecond.toFixed(2)} steps/s`,
    `${formatDuration(secondsLeft)} left`,
  ].join('  ');

function epochLine(title: string, epochs: number, record: EpochRecord): string {
  const shown = ['loss', 'validationLoss'].flatMap((name) =>
    typeof record[name] === 'number' ? [`${name} ${(record[name] as number).toFixed(4)}`] : [],
  );
  const shares = ['accuracy', 'validationAccuracy', 'testAccuracy'].flatMap((name) =>
    typeof record[name] === 'number' ? [`${name} ${percent(record[name] as number)}`] : [],
  );
  return [
    `${title} epoch ${record.epoch + 1}/${epochs}`,
    ...shown,
    ...shares,
    `${record.seconds.toFixed(1)} s`,
  ].join('  ');
}

/** Seconds between plain lines. */
const quiet = 10;

/** An observer for the epochs of a run; `close` removes the bar. */
export function showProgress(title: string, epochs: number): Observer & { close(): void } {
  const terminal = process.stderr.isTTY === true;
  const bar = terminal
    ? new SingleBar({
        format: `${title} epoch {epoch}/{epochs} [{bar}] {value}/{total}  {figures}`,
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: true,
        barsize: 20,
      })
    : undefined;
  let active = false;
  let last = 0;
  const stop = (): void => {
    if (active) bar?.stop();
    active = false;
  };
  return {
    onStep: (report) => {
      const payload = { epoch: report.epoch + 1, epochs: report.epochs, figures: figures(report) };
      if (bar) {
        if (!active) bar.start(report.steps, report.step, payload);
        else bar.update(report.step, payload);
        active = true;
        return;
      }
      const now = performance.now();
      if (now - last < quiet * 1000 || report.step === report.steps) return;
      last = now;
      say(
        `${title} epoch ${payload.epoch}/${payload.epochs} step ${report.step}/${report.steps}  ${payload.figures}`,
      );
    },
    onEpoch: (record) => {
      stop();
      say(epochLine(title, epochs, record));
    },
    close: stop,
  };
}
