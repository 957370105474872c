/** Operators on images and feature maps, [N, C, spatial dimensions …]. */

import { floatTypes } from '../data-types.ts';
import {
  input,
  intAttribute,
  type KnownType,
  type Operator,
  optionalInput,
  optionalInts,
  optionalNumbers,
  stringAttribute,
} from './operator.ts';
import { ensure, ensureDtype, ensureRank, ensureShape } from './shapes.ts';
import {
  convolutionAttributes,
  convolutionType,
  globalPoolType,
  poolType,
  transposedConvolutionType,
  windowAttributes,
} from './windows.ts';

const images = (type: KnownType): KnownType => {
  ensureDtype(type, floatTypes, 'the input');
  return type;
};

export const imageOperators = {
  Conv: {
    since: 11,
    inputs: [2, 3],
    attributes: { ...convolutionAttributes, group: 'int' },
    infer: (inputs, attributes) => [
      convolutionType(images(input(inputs, 0)), input(inputs, 1), optionalInput(inputs, 2), attributes),
    ],
  },
  ConvTranspose: {
    since: 11,
    inputs: [2, 3],
    attributes: { ...convolutionAttributes, output_padding: 'ints' },
    infer: (inputs, attributes) => [
      transposedConvolutionType(
        images(input(inputs, 0)),
        input(inputs, 1),
        optionalInput(inputs, 2),
        attributes,
      ),
    ],
  },
  MaxPool: {
    since: 11,
    inputs: [1, 1],
    attributes: windowAttributes,
    infer: (inputs, attributes) => [poolType(images(input(inputs, 0)), attributes)],
  },
  AveragePool: {
    since: 11,
    inputs: [1, 1],
    attributes: { ...windowAttributes, count_include_pad: 'int' },
    infer: (inputs, attributes) => [poolType(images(input(inputs, 0)), attributes)],
  },
  GlobalAveragePool: {
    since: 1,
    inputs: [1, 1],
    attributes: {},
    infer: (inputs) => [globalPoolType(images(input(inputs, 0)))],
  },
  /** The inference form. Inputs: x, scale, bias, mean, variance; all but x of shape [C]. */
  BatchNormalization: {
    since: 9,
    inputs: [5, 5],
    attributes: { epsilon: 'float' },
    infer: (inputs) => {
      const x = images(input(inputs, 0));
      const channels = x.shape[1] ?? 1;
      for (const index of [1, 2, 3, 4]) ensureShape(input(inputs, index), [channels], `input ${index}`);
      return [x];
    },
  },
  /** Local response normalisation across channels. */
  LRN: {
    since: 1,
    inputs: [1, 1],
    attributes: { alpha: 'float', beta: 'float', bias: 'float', size: 'int' },
    infer: (inputs, attributes) => {
      const x = images(input(inputs, 0));
      ensure(x.shape.length > 2, () => `x [${x.shape}] has no spatial dimensions`);
      intAttribute(attributes, 'size');
      return [x];
    },
  },
  /** [N, C · block², H, W] → [N, C, H · block, W · block] */
  DepthToSpace: {
    since: 11,
    inputs: [1, 1],
    attributes: { blocksize: 'int', mode: 'string' },
    infer: (inputs, attributes) => {
      const x = input(inputs, 0);
      ensureRank(x, 4, 'the input');
      const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
      const block = intAttribute(attributes, 'blocksize');
      ensure(channels % (block * block) === 0, () => `${channels} channels do not divide by ${block}²`);
      return [{ dtype: x.dtype, shape: [batch, channels / (block * block), height * block, width * block] }];
    },
  },
  /** Inputs: x, region of interest (omit it), scales (float32) or sizes (int64), the last two constant. */
  Resize: {
    since: 13,
    inputs: [3, 4],
    attributes: {
      coordinate_transformation_mode: 'string',
      mode: 'string',
      nearest_mode: 'string',
    },
    infer: (inputs, attributes) => {
      const { dtype, shape } = input(inputs, 0);
      const [scales, sizes] = [optionalNumbers(inputs, 2), optionalInts(inputs, 3)];
      ensure((scales === undefined) !== (sizes === undefined), () => 'either scales or sizes must be given');
      stringAttribute(attributes, 'mode', 'nearest');
      // ONNX and onnxruntime multiply in float32.
      const scaled = (dimension: number, axis: number): number =>
        Math.floor(Math.fround(dimension * (scales?.[axis] ?? 1)));
      const resized = sizes ?? shape.map(scaled);
      ensure(
        (sizes ?? scales)?.length === shape.length,
        () => `one scale or size an axis is needed for [${shape}]`,
      );
      return [{ dtype, shape: resized }];
    },
  },
} satisfies Record<string, Operator>;
