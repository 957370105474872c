import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { configDefaults, parseConfig } from '../../../src/serve/models/config.ts';

const parse = (config: unknown) => parseConfig(JSON.stringify(config), 'm/config.json');

describe('parseConfig', () => {
  it('takes every key', () => {
    const config = {
      device: 'cuda',
      instances: 2,
      threads: 3,
      max_batch_size: 8,
      max_queue_delay_ms: 2.5,
      adaptive_delay: true,
      max_queue_size: 99,
      priority_levels: 4,
      default_priority: 3,
      default_timeout_ms: 250,
      versions: ['1', '3'],
      warm_up: { image: [1, 3, 224, 224] },
      labels: ['cat', 'dog'],
      image: { channels: 3, height: 224, width: 224 },
      normalization: { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] },
    };
    const parsed = parse(config);
    expect(Object.keys(config)).toHaveLength(Object.keys(configDefaults).length);
    expect(Object.keys(parsed).sort()).toEqual(Object.keys(configDefaults).sort());
    expect(parsed).toMatchObject({ maxQueueDelayMs: 2.5, warmUp: config.warm_up, versions: ['1', '3'] });
  });

  it('leaves the rest as it is', () => {
    expect(parse({})).toEqual(configDefaults);
    expect(parseConfig('{"instances": 2}', 'c', { ...configDefaults, threads: 5 })).toMatchObject({
      instances: 2,
      threads: 5,
    });
  });

  it.each([
    ['{', /^InputError: m\/config.json: expected JSON: .* at position 1/],
    ['[]', /expected a JSON object/],
    ['{"max_batchsize": 1}', /no key "max_batchsize"; there are device, instances, .*max_batch_size/],
    ['{"__proto__": 1}', /no key "__proto__"/],
    ['{"device": "tpu"}', /device: expected one of "cpu", "cuda", "webgpu", got "tpu"/],
    ['{"instances": 0}', /instances: expected a whole number from 1 to 64, got 0/],
    ['{"threads": "2"}', /threads: expected a whole number from 1 to 256, got "2"/],
    ['{"max_batch_size": 1.5}', /max_batch_size: expected a whole number/],
    ['{"max_queue_delay_ms": -1}', /expected a number of milliseconds/],
    ['{"adaptive_delay": 1}', /expected true or false, got 1/],
    ['{"versions": []}', /versions: expected "all", "latest" or a list/],
    ['{"versions": [1]}', /versions: expected/],
    ['{"warm_up": {"x": [0]}}', /warm_up: expected an object of shapes/],
    ['{"labels": [1]}', /labels: expected a list of texts/],
    ['{"image": {"channels": 2, "height": 1, "width": 1}}', /image: expected/],
    ['{"image": {"channels": 1, "height": 1, "width": 1, "depth": 1}}', /image: expected/],
    ['{"normalization": {"mean": [0], "std": [0]}}', /std above 0/],
    ['{"default_priority": 3}', /default_priority: expected one of the 2 of priority_levels, got 3/],
  ])('refuses %s', (text, message) => {
    let error: unknown;
    try {
      parseConfig(text, 'm/config.json');
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toMatch(message);
  });

  it('throws nothing but InputError, whatever it is given', () => {
    const keys = fc.constantFrom(
      'device',
      'instances',
      'versions',
      'warm_up',
      'image',
      'normalization',
      'labels',
      'x',
    );
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), (config) => {
        try {
          parse(config);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
    );
  });
});
