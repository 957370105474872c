import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Classifier,
  classifierOf,
  type Described,
  topLabels,
} from '../../../src/serve/models/classifier.ts';
import type { NamedTensors, TensorSignature } from '../../../src/serve/tensor.ts';
import { softmax } from '../../../src/softmax.ts';
import { classifierMetadata } from '../onnx.ts';

const float = (name: string): TensorSignature => ({ name, dtype: 'float32', shape: [] });

const modelWith = (
  metadata: object = classifierMetadata(3, ['cat', 'dog', 'emu']),
  inputs: TensorSignature[] = [float('image')],
  outputs: TensorSignature[] = [float('logits')],
  config: Partial<Described['config']> = {},
): Described => ({
  metadata,
  config: { image: undefined, labels: undefined, normalization: undefined, ...config },
  inputs,
  outputs,
});

const classifier = (model: Described): Classifier => {
  const found = classifierOf(model);
  if (typeof found === 'string') throw new Error(found);
  return found;
};

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
  const usual = classifier(modelWith());

  it('sorts by probability and cuts', () => {
    const logits = results('logits', [1, 3, 2]);
    expect(topLabels(usual, logits, 2).map(({ label, index }) => [label, index])).toEqual([
      ['dog', 1],
      ['emu', 2],
    ]);
    expect(topLabels(usual, logits, 99)).toHaveLength(3);
  });

  it('takes an output named probabilities as it is, wherever it stands', () => {
    const both = modelWith(undefined, undefined, [float('features'), float('probabilities')]);
    const labels = topLabels(classifier(both), results('probabilities', [0.25, 0.75]), 1);
    expect(labels).toEqual([{ label: 'dog', index: 1, probability: 0.75 }]);
  });

  it('calls a class that has no label by its index', () => {
    const { labels, ...unlabelled } = classifierMetadata(3, []);
    expect(labels).toEqual([]);
    const top = topLabels(classifier(modelWith(unlabelled)), results('logits', [0, 1]), 1);
    expect(top[0]?.label).toBe('1');
  });
});

describe('classifierOf', () => {
  const image = (fields: object): object => ({ image: { channels: 3, height: 2, width: 2, ...fields } });

  it.each([
    ['no metadata', modelWith({}), /neither its metadata \(nas\.image\)/],
    ['an image of 4 channels', modelWith(image({ channels: 4 })), /neither its metadata \(nas\.image\)/],
    ['an image without a size', modelWith(image({ height: 0 })), /neither its metadata \(nas\.image\)/],
    ['an image that is none', modelWith({ image: 'large' }), /neither its metadata \(nas\.image\)/],
    ['an image that is null', modelWith({ image: null }), /neither its metadata \(nas\.image\)/],
    ['two inputs', modelWith(undefined, [float('a'), float('b')]), /exactly one FP32 input/],
    ['no input', modelWith(undefined, []), /exactly one FP32 input/],
    ['an integer input', modelWith(undefined, [{ ...float('a'), dtype: 'int64' }]), /exactly one FP32 input/],
    [
      'an integer output',
      modelWith(undefined, undefined, [{ ...float('a'), dtype: 'int64' }]),
      /output is not FP32/,
    ],
  ])('refuses a model with %s', (_, model, message) => {
    expect(classifierOf(model)).toMatch(message);
  });

  it.each([
    ['mean', { mean: [0.5], std: [0.25, 0.25, 0.25] }],
    ['std', { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25] }],
  ])(
    'refuses a %s of other than the channels of the images, wherever those are named',
    (name, normalization) => {
      const message = new RegExp(`normalization: expected 3 values of ${name}`);
      const named = { image: { channels: 3, height: 2, width: 2 }, normalization };
      expect(() => classifierOf(modelWith(image({}), undefined, undefined, { normalization }))).toThrow(
        message,
      );
      expect(() => classifierOf(modelWith({}, undefined, undefined, named))).toThrow(message);
    },
  );

  it('refuses a configured image that the model does not take', () => {
    const config = { image: { channels: 3, height: 2, width: 2 } } as const;
    const model = modelWith({}, [{ ...float('x'), shape: ['batch', 3, 4, 4] }], undefined, config);
    expect(() => classifierOf(model)).toThrow(
      'image: the model cannot classify such images: its input [batch, 3, 4, 4] does not take images of that size',
    );
  });

  it('refuses configured labels for more or fewer classes, where their number is known', () => {
    const withLabels = (shape: (string | number)[]): Described =>
      modelWith(image({}), undefined, [{ ...float('scores'), shape }], { labels: ['yes', 'no'] });
    expect(() => classifierOf(withLabels(['batch', 3]))).toThrow(
      'labels: expected 3, one for each value of the output scores, got 2',
    );
    expect(classifier(withLabels(['batch', 2])).labels).toEqual(['yes', 'no']);
    expect(classifier(withLabels(['batch', 'classes'])).labels).toEqual(['yes', 'no']);
  });

  it('does not trust labels that are none', () => {
    expect(classifier(modelWith({ ...image({}), labels: [1, 2] })).labels).toEqual([]);
  });

  it('prefers the configuration to the metadata', () => {
    const config = {
      image: { channels: 1, height: 5, width: 6 },
      labels: ['yes', 'no'],
      normalization: { mean: [0.5], std: [0.25] },
    };
    const found = classifier(modelWith(undefined, undefined, undefined, config));
    expect(found).toMatchObject(config);
    expect(classifier(modelWith({}, undefined, undefined, config))).toMatchObject(config);
  });

  it('finds the order of the dimensions in the shape of the input', () => {
    const layoutFor = (shape: TensorSignature['shape']) => {
      const found = classifierOf(modelWith(image({ height: 4, width: 2 }), [{ ...float('image'), shape }]));
      return typeof found === 'string' ? found : found.layout;
    };
    expect(layoutFor(['N', 3, 4, 2])).toBe('nchw');
    expect(layoutFor(['N', 4, 2, 3])).toBe('nhwc');
    expect(layoutFor(['N', 'c', 'h', 'w'])).toBe('nchw');
    expect(layoutFor(['N', 'h', 'w', 3])).toBe('nhwc');
    expect(layoutFor([])).toBe('nchw');
    expect(layoutFor(['N', 3, 4, 4])).toMatch(/does not take images of that size/);
    expect(layoutFor(['N', 24])).toMatch(/does not take images/);
  });
});
