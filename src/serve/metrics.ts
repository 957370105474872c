/** Metrics for Prometheus, under Triton's names, so that its dashboards and alerts work. Computed when asked for. */

import { Counter, collectDefaultMetrics, Gauge, Registry as Metrics } from 'prom-client';
import type { Model } from './models/model.ts';
import type { FailureReason, PhaseName } from './statistics.ts';

type Labels = Readonly<Record<string, string>>;
/** Values by their labels. */
type Read = (model: Model) => readonly (readonly [labels: Labels, value: number])[];

const one =
  (value: (model: Model) => number): Read =>
  (model) => [[{}, value(model)]];

const microseconds = (milliseconds: number): number => Math.round(milliseconds * 1000);
const phase = (name: PhaseName): Read =>
  one(({ statistics }) => microseconds(statistics.phases[name].milliseconds));

interface Row {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly read: Read;
}

/** The sums of all requests so far. */
const counters: readonly Row[] = [
  {
    name: 'nv_inference_request_success',
    help: 'Number of successful inference requests',
    read: one(({ statistics }) => statistics.success.count),
  },
  {
    name: 'nv_inference_request_failure',
    help: 'Number of failed inference requests, by reason',
    labels: ['reason'],
    read: ({ statistics }) =>
      (Object.keys(statistics.failures) as FailureReason[]).map((reason) => [
        { reason },
        statistics.failures[reason].count,
      ]),
  },
  {
    name: 'nv_inference_count',
    help: 'Number of inferences performed (a batch of n counts as n)',
    read: one(({ statistics }) => statistics.inferences),
  },
  {
    name: 'nv_inference_exec_count',
    help: 'Number of model executions (a batch counts as 1)',
    read: one(({ statistics }) => statistics.executions),
  },
  {
    name: 'nv_inference_request_duration_us',
    help: 'Cumulative duration of successful inference requests, in microseconds',
    read: one(({ statistics }) => microseconds(statistics.success.milliseconds)),
  },
  {
    name: 'nv_inference_queue_duration_us',
    help: 'Cumulative time that requests have waited to be run, in microseconds',
    read: phase('queue'),
  },
  {
    name: 'nv_inference_compute_input_duration_us',
    help: 'Cumulative time spent joining inputs to batches, in microseconds',
    read: phase('input'),
  },
  {
    name: 'nv_inference_compute_infer_duration_us',
    help: 'Cumulative time spent in the model, in microseconds',
    read: phase('infer'),
  },
  {
    name: 'nv_inference_compute_output_duration_us',
    help: 'Cumulative time spent dividing the outputs of batches, in microseconds',
    read: phase('output'),
  },
];

const gauges: readonly Row[] = [
  {
    name: 'nv_inference_pending_request_count',
    help: 'Number of requests that wait to be run',
    read: one(({ session }) => session.waiting),
  },
];

const modelLabels = ['model', 'version'];

export interface MetricsPage {
  readonly contentType: string;
  /** The metrics as text, now. */
  text(): Promise<string>;
}

export function createMetrics(models: () => Iterable<Model>): MetricsPage {
  const metrics = new Metrics();
  collectDefaultMetrics({ register: metrics });
  const define = (Metric: typeof Counter | typeof Gauge, { name, help, labels = [], read }: Row): void => {
    new Metric({
      name,
      help,
      labelNames: [...modelLabels, ...labels],
      registers: [metrics],
      collect() {
        this.reset();
        for (const model of models()) {
          const own = { model: model.name, version: model.version };
          for (const [more, value] of read(model)) this.inc({ ...own, ...more }, value);
        }
      },
    });
  };
  for (const row of counters) define(Counter, row);
  for (const row of gauges) define(Gauge, row);
  return { contentType: metrics.contentType, text: () => metrics.metrics() };
}
