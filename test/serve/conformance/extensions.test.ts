/** The extensions classification, schedule_policy, statistics and model_configuration, and the metrics, from their text. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metadataToProps } from '../../../src/onnx/metadata.ts';
import { classifierMetadata, classifierModel, identityModel, linearModel, slowModel } from '../onnx.ts';
import { bytesElements, expectAnswer, expectError, openService, partsOf, type Service } from '../service.ts';

let service: Service;
beforeAll(async () => {
  service = await openService({
    'linear/1/model.onnx': linearModel(),
    'linear/3/model.onnx': linearModel(),
    'grey/1/model.onnx': classifierModel(
      1,
      'logits',
      metadataToProps(classifierMetadata(1, ['cat', 'dog', 'emu'])),
    ),
    'int64/1/model.onnx': identityModel('int64', ['batch', 3]),
    'half/1/model.onnx': identityModel('float16', ['batch', 3]),
    'text/1/model.onnx': identityModel('string'),
    'named/1/model.onnx': identityModel('float32', ['batch', 2]),
    'named/config.json': JSON.stringify({ labels: ['no', 'yes'] }),
    'tuned/1/model.onnx': linearModel(),
    'tuned/config.json': JSON.stringify({
      instances: 2,
      max_batch_size: 8,
      max_queue_delay_ms: 1.5,
      adaptive_delay: true,
      priority_levels: 5,
      default_priority: 2,
      default_timeout_ms: 400,
      max_queue_size: 77,
      versions: ['1'],
    }),
    'slow/1/model.onnx': slowModel(20),
    'slow/config.json': JSON.stringify({ max_queue_size: 3, max_batch_size: 0 }),
  });
});
afterAll(() => service.close());

const infer = (model: string, body: object) => service.post(`/v2/models/${model}/infer`, body);
const input = (name: string, datatype: string, shape: number[], data: unknown[]) => ({
  name,
  datatype,
  shape,
  data,
});

describe('classification', () => {
  const image = input('image', 'FP32', [2, 1, 2, 2], [0.5, 3, -1, 2, 9, 7, 8, 1]);
  const outputs = (classification: unknown, more: object = {}) => [
    { name: 'logits', parameters: { classification, ...more } },
  ];

  it('answers value, index and label of the highest elements of each row', async () => {
    const { outputs: answered } = (await infer('grey', { inputs: [image], outputs: outputs(2) })).json();
    expect(answered).toEqual([
      { name: 'logits', datatype: 'BYTES', shape: [2, 2], data: ['3:1:dog', '2:3', '9:0:cat', '8:2:emu'] },
    ]);
  });

  it('answers in bytes, too', async () => {
    const asked = outputs(1, { binary_data: true });
    const [json, rest] = partsOf(await infer('grey', { inputs: [image], outputs: asked }));
    expect(rest).toEqual(bytesElements('3:1:dog', '9:0:cat'));
    expect(json.outputs).toMatchObject([{ shape: [2, 1], parameters: { binary_data_size: rest.length } }]);
  });

  it('answers all of them where more are asked for, and takes labels from the configuration', async () => {
    const named = {
      inputs: [input('x', 'FP32', [1, 2], [1, 4])],
      outputs: [{ name: 'y', parameters: { classification: 9 } }],
    };
    expect((await infer('named', named)).json().outputs).toEqual([
      { name: 'y', datatype: 'BYTES', shape: [1, 2], data: ['4:1:yes', '1:0:no'] },
    ]);
  });

  it('compares 64-bit integers with all their digits', async () => {
    const values = ['9007199254740993', '9007199254740992', '-9007199254740993'];
    const asked = {
      inputs: [input('x', 'INT64', [1, 3], values)],
      outputs: [{ name: 'y', parameters: { classification: 3 } }],
    };
    expect((await infer('int64', asked)).json().outputs[0].data).toEqual([
      '9007199254740993:0',
      '9007199254740992:1',
      '-9007199254740993:2',
    ]);
  });

  it('of none is the tensor itself', async () => {
    expect((await infer('grey', { inputs: [image], outputs: outputs(0) })).json().outputs[0].datatype).toBe(
      'FP32',
    );
  });

  it.each([-1, 1.5, '2', true])('refuses %j classes', async (classes) => {
    expectError(
      await infer('grey', { inputs: [image], outputs: outputs(classes) }),
      400,
      /classification: expected a whole number from 0/,
    );
  });

  it('knows half precision as numbers', async () => {
    const asked = {
      inputs: [input('x', 'FP16', [1, 3], [-2, 0.5, 0.25])],
      outputs: [{ name: 'y', parameters: { classification: 2 } }],
    };
    expect((await infer('half', asked)).json().outputs).toEqual([
      { name: 'y', datatype: 'BYTES', shape: [1, 2], data: ['0.5:1', '0.25:2'] },
    ]);
  });

  it('refuses texts', async () => {
    const asked = {
      inputs: [input('x', 'BYTES', [1, 2], ['a', 'b'])],
      outputs: [{ name: 'y', parameters: { classification: 1 } }],
    };
    expectError(await infer('text', asked), 400, /classification of numbers, got BYTES/);
  });
});

describe('schedule_policy', () => {
  const one = input('x', 'FP32', [1], [1]);
  const slow = (parameters: object) => infer('slow', { parameters, inputs: [one] });

  it('runs the urgent first, gives up what waits too long, and refuses what is too much', async () => {
    const order: string[] = [];
    const sent = async (name: string, parameters: object) => {
      const response = await slow(parameters);
      order.push(name);
      return response;
    };
    // Of a run, which takes as long as the machine lets it: the shortest of some, as the next may be shorter still.
    let whole = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 3; run++) {
      const begin = performance.now();
      await slow({});
      whole = Math.min(whole, performance.now() - begin);
    }
    const patience = Math.round(0.4 * whole);
    const running = sent('running', {});
    await new Promise((resolve) => setTimeout(resolve, 0.1 * whole));
    const late = sent('late', { priority: 2 });
    const urgent = sent('urgent', { priority: 1 });
    const impatient = sent('impatient', { timeout: 1000 * patience });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const refused = await sent('refused', {});
    expectError(refused, 503, /model slow is overloaded: 3 requests wait already/);
    expect(refused.headers['retry-after']).toBe('1');
    const timedOut = await impatient;
    expectError(
      timedOut,
      503,
      new RegExp(`model slow: the request timed out after it had waited ${patience} ms to be run`),
    );
    expect(timedOut.headers['retry-after']).toBe('1');
    for (const answer of [running, urgent, late]) expect((await answer).statusCode).toBe(200);
    expect(order).toEqual(['refused', 'impatient', 'running', 'urgent', 'late']);
  });

  it.each([
    [{ priority: -1 }, /priority: expected a whole number from 0, got -1/],
    [{ priority: 'high' }, /priority: expected/],
    [{ timeout: 0.5 }, /timeout: expected a whole number from 0, got 0.5/],
    [[1], /parameters: expected an object, got an array of 1/],
  ])('refuses %j', async (parameters, message) => {
    expectError(await slow(parameters), 400, message);
  });
});

describe('statistics and metrics', () => {
  const x = input('x', 'FP32', [2, 3], [1, 2, 3, 4, 5, 6]);

  it('count requests, rows, runs and failures', async () => {
    const fresh = await openService({
      'linear/1/model.onnx': linearModel(),
      'other/2/model.onnx': linearModel(),
    });
    const send = (body: object) => fresh.post('/v2/models/linear/infer', body);
    expectAnswer(await fresh.get('/v2/models/other/stats'), {
      model_stats: [
        expect.objectContaining({ name: 'other', version: '2', last_inference: 0, execution_count: 0 }),
      ],
    });
    const before = Date.now();
    await send({ inputs: [x] });
    await send({ inputs: [x] });
    await send({ inputs: [{ ...x, shape: [3, 3] }] });
    const { model_stats: all } = (await fresh.get('/v2/models/stats')).json();
    expect(all.map(({ name }: { name: string }) => name)).toEqual(['linear', 'other']);
    const { model_stats: versions } = (await fresh.get('/v2/models/linear/versions/1/stats')).json();
    const duration = (count: number) => ({ count, ns: expect.any(Number) });
    const run = { compute_input: duration(2), compute_infer: duration(2), compute_output: duration(2) };
    expect(versions).toEqual([
      {
        name: 'linear',
        version: '1',
        last_inference: expect.any(Number),
        inference_count: 4,
        execution_count: 2,
        inference_stats: {
          success: duration(2),
          fail: duration(1),
          queue: duration(2),
          ...run,
          cache_hit: duration(0),
          cache_miss: duration(0),
        },
        batch_stats: [{ batch_size: 2, ...run }],
      },
    ]);
    expect(versions[0].last_inference).toBeGreaterThanOrEqual(before);
    expect(versions[0].inference_stats.success.ns).toBeGreaterThan(
      versions[0].inference_stats.compute_infer.ns,
    );

    const page = await fresh.get('/metrics');
    expect(page.headers['content-type']).toMatch(/^text\/plain; version=0.0.4/);
    const value = (line: string): number => {
      const found = page.body.split('\n').find((candidate) => candidate.startsWith(`${line} `));
      expect(found, line).toBeDefined();
      return Number(found?.split(' ').at(-1));
    };
    const labels = '{model="linear",version="1"}';
    expect(value(`nv_inference_request_success${labels}`)).toBe(2);
    expect(value(`nv_inference_count${labels}`)).toBe(4);
    expect(value(`nv_inference_exec_count${labels}`)).toBe(2);
    expect(value(`nv_inference_pending_request_count${labels}`)).toBe(0);
    expect(value('nv_inference_request_failure{model="linear",version="1",reason="OTHER"}')).toBe(1);
    expect(value('nv_inference_request_failure{model="linear",version="1",reason="REJECTED"}')).toBe(0);
    for (const name of ['request', 'queue', 'compute_input', 'compute_infer', 'compute_output']) {
      expect(value(`nv_inference_${name}_duration_us${labels}`)).toBeGreaterThanOrEqual(0);
    }
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(page.body).toContain('# TYPE nv_inference_request_success counter');
    // What is read again has not been added to itself.
    expect((await fresh.get('/metrics')).body).toContain(`nv_inference_count${labels} 4`);
    await fresh.close();
  });

  it('are 404 for what there is not', async () => {
    expectError(await service.get('/v2/models/cat/stats'), 404, /no model "cat"/);
    expectError(await service.get('/v2/models/linear/versions/2/stats'), 404, /no version "2"/);
  });

  it('tell versions apart', async () => {
    const { model_stats: versions } = (await service.get('/v2/models/linear/stats')).json();
    expect(versions.map(({ version }: { version: string }) => version)).toEqual(['1', '3']);
  });
});

describe('model_configuration', () => {
  it("answers in Triton's form", async () => {
    expectAnswer(await service.get('/v2/models/tuned/config'), {
      name: 'tuned',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      version_policy: { specific: { versions: [1] } },
      max_batch_size: 8,
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [3] }],
      output: [{ name: 'y', data_type: 'TYPE_FP32', dims: [2] }],
      instance_group: [{ name: 'tuned', kind: 'KIND_CPU', count: 2 }],
      dynamic_batching: {
        max_queue_delay_microseconds: 1500,
        priority_levels: 5,
        default_priority_level: 2,
        default_queue_policy: {
          timeout_action: 'REJECT',
          default_timeout_microseconds: 400_000,
          allow_timeout_override: true,
          max_queue_size: 77,
        },
      },
      parameters: {
        device: { string_value: 'cpu' },
        intra_op_thread_count: { string_value: '1' },
        adaptive_delay: { string_value: 'true' },
      },
    });
    const defaults = (await service.get('/v2/models/linear/versions/3/config')).json();
    expect(defaults).toMatchObject({ max_batch_size: 32, version_policy: { all: {} } });
    const single = (await service.get('/v2/models/slow/config')).json();
    expect(single).toMatchObject({ max_batch_size: 0, input: [{ dims: [1] }] });
    const text = (await service.get('/v2/models/text/config')).json();
    expect(text.input).toEqual([{ name: 'x', data_type: 'TYPE_STRING', dims: [2] }]);
  });
});

describe('a model card', () => {
  it('says what the model says about itself', async () => {
    const { metadata, labels, image, card } = (await service.get('/v2/models/grey/card')).json();
    expect(metadata).toMatchObject({ dataset: 'test', accuracy: 0.5 });
    expect([labels, image, card]).toEqual([
      ['cat', 'dog', 'emu'],
      { channels: 1, height: 2, width: 2 },
      null,
    ]);
    const other = (await service.get('/v2/models/linear/versions/1/card')).json();
    expect(other).toEqual({
      name: 'linear',
      version: '1',
      metadata: {},
      labels: [],
      image: null,
      card: null,
    });
  });
});
