/** One suite over every engine: the same functions, the same results, the same errors. */
import { describe, expect, it } from 'vitest';
import { checkFeeds, type Elements, type Feeds, partOutputs, type Run } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { InputError } from '../../src/errors.ts';
import { float32, int32, type Signature, type Tensors } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { relativeError } from '../nn/differentiable.ts';
import { allEngines, compute, reference } from './engines.ts';
import { type FunctionCase, plumbing, tensor } from './functions.ts';
import { steps } from './training.ts';

const engines = await allEngines();

/** The reference engine's results, computed once. */
const known = new Map<string, Promise<Readonly<Record<string, Elements>>>>();
function expectedOf({ name, fn, signature, feeds, expected }: FunctionCase) {
  if (expected) return expected;
  const results = known.get(name) ?? reference().then((engine) => compute(engine, fn, signature, feeds));
  known.set(name, results);
  return results;
}

describe.each(engines)('$name', ({ engine }) => {
  const cases = Object.fromEntries([...plumbing, ...steps].map((subject) => [subject.name, subject]));
  /** What each computes alone, once it has. */
  const alone = new Map<string, Readonly<Record<string, Elements>>>();

  it.each(Object.values(cases))('$name', async (subject) => {
    const { fn, signature, feeds, tolerance = 0 } = subject;
    const before = structuredClone(feeds);
    const compiled = await engine.compile(fn, signature, 'test');
    const first = await compiled.run(feeds);
    const second = await compiled.run(feeds);
    await compiled.dispose();
    alone.set(subject.name, first);
    expect(second, 'the second run').toEqual(first);
    expect(feeds, 'the feeds after the runs').toEqual(before);

    const expected = await expectedOf(subject);
    expect(Object.keys(first).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, elements] of Object.entries(expected)) {
      const actual = first[name] as Elements;
      expect(actual.constructor, name).toBe(elements.constructor);
      expect(actual.length, name).toBe(elements.length);
      if (tolerance === 0) expect(actual, name).toEqual(elements);
      else expect(relativeError(actual, elements), name).toBeLessThanOrEqual(tolerance);
    }
  });

  it('functions that take turns compute what they compute alone', async () => {
    const names = Object.keys(cases);
    const { run, dispose } = await engine.compileAll(cases);
    for (const name of [...names, ...names.toReversed()]) {
      const { fn, signature, feeds } = cases[name] as FunctionCase;
      const expected = alone.get(name) ?? (await compute(engine, fn, signature, feeds));
      expect(await (run[name] as Run)(feeds), name).toEqual(expected);
      alone.set(name, expected);
    }
    await dispose();
  });

  it('parts of one function compute what they compute alone, each of its own inputs', async () => {
    const sum = ({ x, y }: Tensors) => ({ sum: tf.add(tensor(x), tensor(y)) });
    const both = ({ x, z }: Tensors) => ({ product: tf.mul(tensor(x), tensor(z)), x: tensor(x) });
    const [xy, xz] = [
      { x: float32(2), y: float32(2) },
      { x: float32(2), z: float32(2) },
    ];
    const whole = {
      fn: (inputs: Tensors) => ({ ...partOutputs('a', sum(inputs)), ...partOutputs('b', both(inputs)) }),
      signature: { ...xy, ...xz },
    };
    const { run, dispose } = await engine.compileAll({
      a: { fn: sum, signature: xy, whole },
      b: { fn: both, signature: xz, whole },
    });
    const [one, two] = [Float32Array.of(1, 2), Float32Array.of(3, 5)];
    expect(await run.a({ x: one, y: two })).toEqual({ sum: Float32Array.of(4, 7) });
    expect(await run.b({ x: two, z: two })).toEqual({ product: Float32Array.of(9, 25), x: two });
    await expect(run.a({ x: one, z: two })).rejects.toThrow('the input y needs a Float32Array');
    await dispose();
  });

  it('returns results in arrays of their own', async () => {
    const x = Float32Array.of(1, 2);
    const results = await compute(engine, (inputs) => ({ y: tensor(inputs.x) }), { x: float32(2) }, { x });
    expect(results.y).toEqual(x);
    results.y?.fill(0);
    expect(x).toEqual(Float32Array.of(1, 2));
  });

  const signature: Signature = { x: float32(2, 3), i: int32(1) };
  const [x, i] = [new Float32Array(6), new Int32Array(1)];
  it.each<[string, Feeds, string]>([
    ['a missing input', { x }, 'the input i needs a Int32Array of 1 elements [1], got nothing'],
    [
      'a wrong size',
      { x: x.subarray(1), i },
      'the input x needs a Float32Array of 6 elements [2,3], got Float32Array of 5',
    ],
    [
      'a wrong kind',
      { x, i: new Float32Array(1) },
      'the input i needs a Int32Array of 1 elements [1], got Float32Array of 1',
    ],
    ['an unknown input', { x, i, z: x }, 'unknown input z; expected x, i'],
  ])('rejects %s', async (_, feeds, message) => {
    const compiled = await engine.compile((inputs) => ({ y: tensor(inputs.x) }), signature, 'test');
    await expect(compiled.run(feeds)).rejects.toThrow(message);
    await compiled.dispose();
  });

  it('ends once, when what runs is done, and says so to who comes late', async () => {
    const compiled = await engine.compile((inputs) => ({ y: tensor(inputs.x) }), { x: float32(2) }, 'late');
    const feeds = { x: Float32Array.of(1, 2) };
    const running = compiled.run(feeds);
    await Promise.all([compiled.dispose(), compiled.dispose()]);
    expect(await running).toEqual({ y: feeds.x });
    await expect(compiled.run(feeds)).rejects.toThrow('late cannot run: it was disposed');
    await compiled.dispose();
  });

  it.each<[Signature, string | undefined, RegExp]>([
    [{ x: float32('N', 2) }, undefined, /^open: the input x is compiled for one size: .* got \[N, 2\]$/],
    [{ x: float32(2) }, 'float64', /^the precision of open must be one of float32, float16, got float64$/],
  ])('refuses %o in %s', async (wrong, precision, message) => {
    const refused = engine.compile(
      (inputs) => ({ y: tensor(inputs.x) }),
      wrong,
      'open',
      precision as 'float32',
    );
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(message);
  });

  it('passes on what a function throws', async () => {
    const fail = () => {
      throw new Error('out of cheese');
    };
    await expect(compute(engine, fail, { x: float32(2) }, { x: new Float32Array(2) })).rejects.toThrow(
      'out of cheese',
    );
  });
});

it('an engine has every kind of feed', () => {
  const kinds = { f: float32(1), i: int32(1), b: { shape: [1], dtype: 'bool' } } as const;
  const feeds = { f: new Float32Array(1), i: new Int32Array(1), b: new Uint8Array(1) };
  expect(() => checkFeeds(kinds, feeds)).not.toThrow();
});

it.each([
  [{ provider: 'tpu' }, 'provider must be one of cpu, cuda, webgpu, got tpu'],
  [{ threads: 0 }, 'threads must be a whole number from 1 to 256, got 0'],
])('onnxruntime refuses %o', async (options, message) => {
  const refused = onnxruntimeEngine(options as Parameters<typeof onnxruntimeEngine>[0]);
  await expect(refused).rejects.toThrow(InputError);
  await expect(refused).rejects.toThrow(message);
});
