import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifierOf, topLabels } from '../../src/serve/classifier.ts';
import type { Model } from '../../src/serve/model.ts';
import type { NamedTensors, TensorSignature } from '../../src/serve/tensor.ts';
import { softmax } from '../../src/softmax.ts';
import { classifierMetadata } from './onnx.ts';

const float = (name: string): TensorSignature => ({ name, dtype: 'float32', shape: [] });

const modelWith = (
  metadata: object = classifierMetadata(3, ['cat', 'dog', 'emu']),
  inputs: TensorSignature[] = [float('image')],
  outputs: TensorSignature[] = [float('logits')],
): Model => ({
  name: 'm',
  version: '1',
  metadata,
  session: {
    inputs,
    outputs,
    failure: undefined,
    infer: () => Promise.reject(new Error('not to be called')),
    close: () => Promise.resolve(),
  },
});

const results = (name: string, values: number[]): NamedTensors =>
  new Map([[name, { dtype: 'float32', shape: [1, values.length], data: Float32Array.from(values) }]]);

describe('softmax', () => {
  it('gives positive numbers that sum to 1 and keep the order, however large the logits', () => {
    const logits = fc.array(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(logits, (values) => {
        const probabilities = softmax(values);
        expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 10);
        expect(probabilities[values.indexOf(Math.max(...values))]).toBe(Math.max(...probabilities));
      }),
    );
  });

  it('is what it is', () => {
    expect(softmax([0, Math.log(3)])).toEqual([expect.closeTo(0.25, 12), expect.closeTo(0.75, 12)]);
  });
});

describe('topLabels', () => {
  const classifier = classifierOf(modelWith());

  it('sorts by probability and cuts', () => {
    const logits = results('logits', [1, 3, 2]);
    expect(topLabels(classifier, logits, 2).map(({ label, index }) => [label, index])).toEqual([
      ['dog', 1],
      ['emu', 2],
    ]);
    expect(topLabels(classifier, logits, 99)).toHaveLength(3);
  });

  it('takes an output named probabilities as it is, wherever it stands', () => {
    const both = modelWith(undefined, undefined, [float('features'), float('probabilities')]);
    const labels = topLabels(classifierOf(both), results('probabilities', [0.25, 0.75]), 1);
    expect(labels).toEqual([{ label: 'dog', index: 1, probability: 0.75 }]);
  });

  it('calls a class that has no label by its index', () => {
    const { labels, ...unlabelled } = classifierMetadata(3, []);
    expect(labels).toEqual([]);
    const top = topLabels(classifierOf(modelWith(unlabelled)), results('logits', [0, 1]), 1);
    expect(top[0]?.label).toBe('1');
  });
});

describe('classifierOf', () => {
  const image = (fields: object): object => ({ image: { channels: 3, height: 2, width: 2, ...fields } });

  it.each([
    ['no metadata', modelWith({}), /no nas\.image/],
    ['an image of 4 channels', modelWith(image({ channels: 4 })), /no nas\.image/],
    ['an image without a size', modelWith(image({ height: 0 })), /no nas\.image/],
    ['an image that is none', modelWith({ image: 'large' }), /no nas\.image/],
    ['an image that is null', modelWith({ image: null }), /no nas\.image/],
    ['two inputs', modelWith(undefined, [float('a'), float('b')]), /exactly one FP32 input/],
    ['no input', modelWith(undefined, []), /exactly one FP32 input/],
    ['an integer input', modelWith(undefined, [{ ...float('a'), dtype: 'int64' }]), /exactly one FP32 input/],
    [
      'an integer output',
      modelWith(undefined, undefined, [{ ...float('a'), dtype: 'int64' }]),
      /output is not FP32/,
    ],
  ])('refuses a model with %s', (_, model, message) => {
    expect(() => classifierOf(model)).toThrow(message);
  });

  it('does not trust labels that are none', () => {
    expect(classifierOf(modelWith({ ...image({}), labels: [1, 2] })).labels).toEqual([]);
  });
});
