/** In a process of its own: tfjs selects a backend when it first computes, and here nothing has. */
import type { Tensor } from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { float32 } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { trace } from '../../src/trace/trace.ts';

// Keeps tfjs from advertising its node backend.
tf.enableProdMode();

it('tfjs computes as usual after a function was traced before anything was computed', () => {
  expect(tf.getBackend()).toBeUndefined();
  trace(({ x }) => ({ y: tf.neg(x as Tensor) }), { x: float32(2) });
  expect(tf.getBackend()).toBe('cpu');
  expect(tf.neg([1, 2]).arraySync()).toEqual([-1, -2]);
});
