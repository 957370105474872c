import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, shellWord } from '../../src/cli/output.ts';
import { barLine, epochLine, stepLine } from '../../src/cli/progress-lines.ts';
import type { StepReport } from '../../src/runs/epochs.ts';

const report = (changes: Partial<StepReport> = {}): StepReport => ({
  epoch: 0,
  epochs: 50,
  step: 78,
  steps: 312,
  means: { loss: 2.11412, accuracy: 0.23104, validationAccuracy: 0.25 },
  stepsPerSecond: 2.72,
  secondsLeft: 5000,
  ...changes,
});

describe('the bar', () => {
  it('is as wide as the terminal, a column less', () => {
    expect([110, 100, 80, 60, 40].map((columns) => barLine('search', report(), columns))).toEqual([
      'search 1/50 [======                  ] 78/312  loss 2.114  acc 23.1 %  val 25.0 %  2.72 steps/s  1:23:20 left',
      'search 1/50 [====          ] 78/312  loss 2.114  acc 23.1 %  val 25.0 %  2.72 steps/s  1:23:20 left',
      'search 1/50 [==    ] 78/312  loss 2.114  acc 23.1 %  2.72 steps/s  1:23:20 left',
      'search 1/50 [======                  ] 78/312  1:23:20 left',
      'search 1/50 [=====             ] 78/312',
    ]);
  });

  it('fits every terminal and shows how much is done', () => {
    const reports = fc.record({
      step: fc.integer({ min: 1, max: 312 }),
      columns: fc.integer({ min: 1, max: 200 }),
    });
    fc.assert(
      fc.property(reports, ({ step, columns }) => {
        const line = barLine('retrain', report({ step, means: {} }), columns);
        expect(line.length).toBeLessThanOrEqual(columns - 1);
        const [, bar] = /\[(=* *)\]/.exec(line) ?? [];
        if (bar) expect(bar.indexOf(' ') < 0).toBe(Math.round((bar.length * step) / 312) === bar.length);
      }),
    );
  });

  it('shows a bar, loss, accuracy, rate and time left at 80 columns, in long runs too', () => {
    const long = report({ epoch: 599, epochs: 600, secondsLeft: 3_000_000, stepsPerSecond: 9.94 });
    const all = /\[=+ +\] .*loss .*acc .*steps\/s .*left$/;
    expect(barLine('search', report(), 80)).toMatch(all);
    expect(barLine('retrain', long, 80)).toMatch(all);
  });
});

it('plain lines say the same', () => {
  expect(stepLine('search', report())).toBe(
    'search epoch 1/50 step 78/312  loss 2.114  accuracy 23.10 %  validation 25.00 %  2.72 steps/s  1:23:20 left',
  );
  expect(
    epochLine('search', 50, { epoch: 1, seconds: 12.34, loss: 1, validationLoss: 2, accuracy: 0.5 }),
  ).toBe('search epoch 2/50  loss 1.0000  validationLoss 2.0000  accuracy 50.00 %  12.3 s');
});

it('show what there is, and nothing that is not', () => {
  const trial = report({ means: { trialLoss: 2, trialAccuracy: 0.25 } });
  expect(stepLine('search', trial)).toBe(
    'search epoch 1/50 step 78/312  trials 25.00 %  2.72 steps/s  1:23:20 left',
  );
  expect(barLine('search', trial, 80)).toBe(
    'search 1/50 [=====             ] 78/312  val 25.0 %  2.72 steps/s  1:23:20 left',
  );
  const frozen = { epoch: 0, seconds: 1, loss: 1, accuracy: 0.5, skips: 3, eigenvalue: 0.123456 };
  expect(epochLine('search', 50, frozen)).toBe(
    'search epoch 1/50  loss 1.0000  accuracy 50.00 %  skips 3  eigenvalue 0.123  1.0 s',
  );
});

it('say what a projection has decided, and why a search was stopped', () => {
  const projection = [
    { cell: 'normal', edge: 3, kept: ['sep_conv_3x3'] },
    { cell: 'reduce', node: 4, kept: [5, 8] },
  ];
  expect(epochLine('search', 60, { epoch: 51, seconds: 1, projection })).toBe(
    'search epoch 52/60  normal edge 3: sep_conv_3x3  reduce node 4, edges 5 and 8  1.0 s',
  );
  expect(epochLine('search', 50, { epoch: 19, seconds: 1, skips: 3, stopped: 'too many skips' })).toBe(
    'search epoch 20/50  skips 3  1.0 s  stopped: too many skips',
  );
});

it.each([
  [0, '0:00'],
  [-3, '0:00'],
  [59.6, '1:00'],
  [3599, '59:59'],
  [3600, '1:00:00'],
  [360_000, '100:00:00'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

it.each([
  ['runs/x', 'runs/x'],
  ['my run', "'my run'"],
  ["it's", `'it'\\''s'`],
  ['', "''"],
])('the shell reads %s as %s', (word, quoted) => {
  expect(shellWord(word)).toBe(quoted);
});
