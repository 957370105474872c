/**
 * onnxruntime's internal operators on channel-blocked activations (domain `com.microsoft.nchwc`), CPU only.
 *
 * Shapes are the plain [N, C, H, W]; the elements lie in memory as [N, C / block, H, W, block], so C must be a
 * multiple of the processor's block (8 or 16). A weight is blocked too: [M, C, kh, kw] as
 * [M / block, C / block, kh, kw, block (in), block (out)], a depthwise one, [C, 1, kh, kw] with group = C, as
 * [C / block, 1, kh, kw, block]. onnxruntime documents none of this: see its `nchwc_schema_defs.cc` and `nchwc_ops.cc`.
 */

import { input, intAttribute, type KnownType, type Operator, optionalInput } from './operator.ts';
import { ensure, ensureDtype, ensureRank, ensureShape } from './shapes.ts';
import {
  convolutionAttributes,
  convolutionType,
  globalPoolType,
  poolType,
  windowAttributes,
} from './windows.ts';

const image = (type: KnownType): KnownType => {
  ensureDtype(type, ['float32'], 'the input');
  ensureRank(type, 4, 'the input');
  return type;
};

const pool = (attributes: Operator['attributes']): Operator => ({
  since: 1,
  inputs: [1, 1],
  attributes: { ...windowAttributes, ...attributes },
  infer: (inputs, attributes) => [poolType(image(input(inputs, 0)), attributes)],
});

export const blocked = {
  /** Inputs: x, weight, bias [M], and a tensor like the output that is added before the activation. */
  'com.microsoft.nchwc.Conv': {
    since: 1,
    inputs: [2, 4],
    attributes: { ...convolutionAttributes, group: 'int', activation: 'string', activation_params: 'floats' },
    infer: (inputs, attributes) => {
      const [x, weight, bias] = [image(input(inputs, 0)), image(input(inputs, 1)), optionalInput(inputs, 2)];
      const type = convolutionType(x, weight, bias, attributes);
      const sum = optionalInput(inputs, 3);
      if (sum) ensureShape(image(sum), type.shape, 'the summand');
      return [type];
    },
  },
  'com.microsoft.nchwc.MaxPool': pool({}),
  'com.microsoft.nchwc.AveragePool': pool({ count_include_pad: 'int' }),
  'com.microsoft.nchwc.GlobalAveragePool': {
    since: 1,
    inputs: [1, 1],
    attributes: {},
    infer: (inputs) => [globalPoolType(image(input(inputs, 0)))],
  },
  /** Plain to blocked. */
  'com.microsoft.nchwc.ReorderInput': {
    since: 1,
    inputs: [1, 1],
    attributes: {},
    infer: (inputs) => [image(input(inputs, 0))],
  },
  /** Blocked to plain. `channels` cuts the padding of the last block off. */
  'com.microsoft.nchwc.ReorderOutput': {
    since: 1,
    inputs: [1, 1],
    attributes: { channels: 'int' },
    infer: (inputs, attributes) => {
      const { dtype, shape } = image(input(inputs, 0));
      const channels = intAttribute(attributes, 'channels');
      ensure(
        channels > 0 && channels <= (shape[1] ?? 0),
        () => `channels is ${channels}; the input has ${shape[1]}`,
      );
      return [{ dtype, shape: shape.with(1, channels) }];
    },
  },
} satisfies Record<string, Operator>;
