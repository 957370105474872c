/** Where nodes ran, from onnxruntime's profile. */
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { measurePlacement, placementOf } from '../../src/engine/placement.ts';
import { float32 } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';

const event = (op: string, provider: string, shape: Record<string, number[]> = { float: [2, 3] }) => ({
  cat: 'Node',
  args: { op_name: op, provider: `${provider}ExecutionProvider`, input_type_shape: [shape] },
});

const events = [
  { cat: 'Session', args: {} },
  { cat: 'Api', args: { op_name: 'Mul' } },
  event('Conv', 'WebGpu'),
  event('Cast', 'CPU', { int64: [4, 1] }),
  event('Cast', 'CPU', { int64: [4, 1] }),
  event('MemcpyToHost', 'WebGpu'),
  event('MemcpyFromHost', 'CPU'),
];

it('counts what fell back, by operator and operands, and copies apart', () => {
  expect(placementOf(events, 'webgpu')).toEqual({
    nodes: 5,
    fallbacks: { 'Cast(int64[4,1])': 2 },
    copies: 2,
  });
});

it('knows no fallback from the CPU', () => {
  expect(placementOf(events, 'cpu').fallbacks).toEqual({});
});

it('measures a step', async () => {
  const fn = ({ x }: NamedTensorMap) => ({ y: tf.exp(tf.matMul(x as Tensor, x as Tensor)) });
  const { nodes, ...rest } = await measurePlacement({ fn, signature: { x: float32(3, 3) } }, { threads: 1 });
  expect(nodes).toBe(2);
  expect(rest).toEqual({ fallbacks: {}, copies: 0 });
});
