/** What there is to know of a model: its metadata, its configuration, what it has done, its card. */

import { type Call, type Handler, modelOf, ok, readiness } from '../call.ts';
import { readCard } from '../models/card.ts';
import { isReady, type Model } from '../models/model.ts';
import { datatypes } from '../protocol/datatypes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { shapeIn } from '../protocol/tensor.ts';
import type { RunPhases, Statistics, Total } from '../statistics.ts';
import type { TensorSignature } from '../tensor.ts';

const platform = 'onnxruntime_onnx';

const tensorMetadata = (signature: TensorSignature) => ({
  name: signature.name,
  datatype: datatypes[signature.dtype].name,
  shape: shapeIn(signature),
});

export const modelMetadata: Handler = (call) => {
  const { name, signature } = modelOf(call);
  return ok({
    name,
    versions: call.service.registry.versionsOf(name),
    platform,
    inputs: signature.inputs.map(tensorMetadata),
    outputs: signature.outputs.map(tensorMetadata),
  });
};

export const modelReady: Handler = (call) => {
  const name = call.path.model ?? '';
  const ready = isReadyNow(call);
  return readiness(ready, { name, ready });
};

function isReadyNow(call: Call): boolean {
  try {
    return isReady(modelOf(call));
  } catch (error) {
    // It is there, and not loaded.
    if (error instanceof ProtocolError && error.status === 503) return false;
    throw error;
  }
}

/** Triton's names of devices. */
const kinds = { cpu: 'KIND_CPU', cuda: 'KIND_GPU', webgpu: 'KIND_GPU' } as const;

/** The model's configuration in Triton's form (model_config.proto as JSON): dimensions without the batch. */
export const modelConfiguration: Handler = (call) => {
  const { name, config, placement, batching, signature } = modelOf(call);
  const tensor = ({ name: own, dtype, shape }: TensorSignature) => ({
    name: own,
    data_type: `TYPE_${dtype === 'string' ? 'STRING' : datatypes[dtype].name}`,
    dims: shapeIn({ shape: batching.maxRows > 0 ? shape.slice(1) : shape }),
  });
  const microseconds = (milliseconds: number): number => Math.round(milliseconds * 1000);
  const { versions } = config;
  return ok({
    name,
    platform,
    backend: 'onnxruntime',
    version_policy:
      versions === 'all'
        ? { all: {} }
        : versions === 'latest'
          ? { latest: { num_versions: 1 } }
          : { specific: { versions: versions.map(Number) } },
    max_batch_size: batching.maxRows,
    input: signature.inputs.map(tensor),
    output: signature.outputs.map(tensor),
    instance_group: [{ name, kind: kinds[config.device], count: placement.instances }],
    dynamic_batching: {
      max_queue_delay_microseconds: microseconds(config.maxQueueDelayMs),
      priority_levels: config.priorityLevels,
      default_priority_level: config.defaultPriority,
      default_queue_policy: {
        timeout_action: 'REJECT',
        default_timeout_microseconds: microseconds(config.defaultTimeoutMs),
        allow_timeout_override: true,
        max_queue_size: config.maxQueueSize,
      },
    },
    parameters: {
      device: { string_value: config.device },
      intra_op_thread_count: { string_value: String(placement.threads) },
      ...(placement.loneThreads !== undefined && {
        lone_intra_op_thread_count: { string_value: String(placement.loneThreads) },
      }),
      adaptive_delay: { string_value: String(config.adaptiveDelay) },
    },
  });
};

const duration = ({ count, milliseconds }: Total) => ({ count, ns: Math.round(milliseconds * 1e6) });

const batchPhases = (run: Readonly<Record<keyof RunPhases, Total>>) => ({
  compute_input: duration(run.input),
  compute_infer: duration(run.infer),
  compute_output: duration(run.output),
});

const statisticsOf = ({ name, version, statistics }: Model): object => ({
  name,
  version,
  last_inference: statistics.lastInference,
  inference_count: statistics.inferences,
  execution_count: statistics.executions,
  inference_stats: {
    success: duration(statistics.success),
    fail: duration(failed(statistics)),
    queue: duration(statistics.phases.queue),
    ...batchPhases(statistics.phases),
    cache_hit: { count: 0, ns: 0 },
    cache_miss: { count: 0, ns: 0 },
  },
  batch_stats: Array.from(statistics.batches, ([size, run]) => ({ batch_size: size, ...batchPhases(run) })),
});

function failed({ failures }: Statistics): Total {
  const all = Object.values(failures);
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    milliseconds: all.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
  };
}

/** Of a model without a version: of all its versions. */
export const modelStatistics: Handler = (call) => {
  const { registry } = call.service;
  const { model, version } = call.path;
  if (model !== undefined) modelOf(call);
  const models = registry
    .models()
    .filter(({ name }) => model === undefined || name === model)
    .filter((candidate) => version === undefined || candidate.version === version);
  return ok({ model_stats: models.map(statisticsOf) });
};

/** What a person would like to know: what the model says about itself, and its card in Markdown, if it has one. */
export const modelCard: Handler = async (call) => {
  const { name, version, path, metadata, classifier } = modelOf(call);
  const classifies = typeof classifier !== 'string';
  return ok({
    name,
    version,
    metadata,
    image: classifies ? classifier.image : null,
    labels: classifies ? classifier.labels : [],
    card: (await readCard(path)) ?? null,
  });
};
