/** Steps that run for days must leave no tensors behind, neither eagerly nor when they are traced. */
import { describe, expect, it } from 'vitest';
import { tf } from '../../src/tfjs.ts';
import { trace } from '../../src/trace/trace.ts';
import { eagerEngines } from './engines.ts';
import { plumbing } from './functions.ts';
import { stepsWithAsides } from './training.ts';

const functions = [...plumbing, ...stepsWithAsides];

/** Tensors that are left after `body`, the first time aside: tfjs keeps some constants for good. */
async function leftBehind(body: () => Promise<unknown>): Promise<number> {
  await body();
  const before = tf.memory().numTensors;
  await body();
  return tf.memory().numTensors - before;
}

describe.each(await eagerEngines())('eagerly: $name', ({ engine }) => {
  it.each(functions)('$name', async ({ fn, signature, feeds, name }) => {
    const compiled = await engine.compile(fn, signature, name);
    expect(await leftBehind(() => compiled.run(feeds))).toBe(0);
  });

  it('where the function throws', async () => {
    const compiled = await engine.compile(
      () => {
        tf.ones([3]).matMul(tf.ones([2, 2]));
        return {};
      },
      {},
      'wrong',
    );
    expect(await leftBehind(() => compiled.run({}).catch(() => undefined))).toBe(0);
  });
});

it.each(functions)('traced: $name', async ({ fn, signature }) => {
  expect(await leftBehind(async () => trace(fn, signature))).toBe(0);
});
