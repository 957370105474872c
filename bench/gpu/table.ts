/** The report of a GPU: times against each peer, what stays on the device, and what could not be measured. */
import { formatRatio, formatSummary, markdownTable } from '../harness/statistics.ts';
import type { Outcome } from './measure.ts';

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1);

function timeRows({ title, precision, measured }: Outcome): string[][] {
  return measured.flatMap(({ peer = 'none', times }) =>
    Object.entries(times).map(([row, { ours, theirs, ratio }]) => [
      title,
      precision,
      row,
      formatSummary(ours),
      peer,
      theirs ? formatSummary(theirs) : 'not measured',
      ratio ? formatRatio(ratio) : 'not measured',
    ]),
  );
}

const useRows = ({ title, precision, use = {} }: Outcome): string[][] =>
  Object.entries(use).map(([step, { bytesIn, bytesOut, nodes, onCpu }]) => {
    const count = Object.values(onCpu).reduce((sum, n) => sum + n, 0);
    const most = Object.entries(onCpu).slice(0, 5);
    return [
      title,
      precision,
      step,
      `${count} of ${nodes}`,
      most.map(([operator, n]) => `${operator} ${n}`).join(', ') || '–',
      megabytes(bytesIn),
      megabytes(bytesOut),
    ];
  });

/** Milliseconds as median (minimum–maximum); ratios of the peer's to ours, of the medians (and within the rounds). */
export function tableOf(outcomes: readonly Outcome[]): string {
  const times = markdownTable(
    ['what', 'precision', 'row', 'onnx-nas, ms', 'peer', 'peer, ms', 'ratio'],
    outcomes.flatMap(timeRows),
  );
  const use = markdownTable(
    ['what', 'precision', 'step', 'nodes on the CPU', 'of them', 'MB to the device', 'MB back'],
    outcomes.flatMap(useRows),
  );
  const versions = new Map(
    outcomes.flatMap(({ measured }) =>
      measured.flatMap(({ peer, versions: of }) =>
        of ? [[peer, Object.entries(of).map(([name, version]) => `${name} ${version}`)] as const] : [],
      ),
    ),
  );
  const peers = [...versions].map(([peer, of]) => `- ${peer}: ${of.join(', ')}`);
  const missing = outcomes.flatMap((outcome) => outcome.missing.map((line) => `- not measured: ${line}`));
  return [times, use, [...peers, ...missing].join('\n')].join('\n\n').trimEnd();
}
