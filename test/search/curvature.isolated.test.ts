/** The dominant eigenvalue against exact ones, and against the dense Hessian of a supernet. */
import type { Tensor4D } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { random } from '../../src/random.ts';
import { alphaGradient } from '../../src/search/architect.ts';
import { dominantEigenvalue, largestOfTridiagonal } from '../../src/search/curvature.ts';
import { searchDefaults } from '../../src/search/options.ts';
import { alphaSize, searchSpace } from '../../src/search/spaces.ts';
import { alphaGradientStep } from '../../src/search/steps.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import { tf } from '../../src/tfjs.ts';
import { tracedEngines } from '../engine/engines.ts';
import { normals } from '../nn/differentiable.ts';
import { loss, problem, supernet as smooth, tensors } from './smooth-problem.ts';

// ReLU and the maximum have no second derivative at their kinks: here they are softplus and the average.
vi.mock(import('../../src/nn/activation.ts'), async () => {
  const { softplus } = await import('@tensorflow/tfjs');
  return { relu: softplus<Tensor4D> };
});
vi.mock(import('../../src/nn/pooling.ts'), async (original) => {
  const module = await original();
  return { ...module, maxPool: module.averagePool };
});

beforeAll(() => tf.setBackend('cpu'));

type Matrix = readonly (readonly number[])[];

/** The largest eigenvalue of a symmetric matrix, by Jacobi's rotations in double precision. */
function largestEigenvalue(matrix: Matrix): number {
  const a = matrix.map((row) => [...row]);
  const at = (i: number, j: number): number => a[i]?.[j] as number;
  const set = (i: number, j: number, x: number): void => {
    (a[i] as number[])[j] = x;
  };
  const size = a.length;
  for (let sweep = 0; sweep < 60; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (Math.abs(at(p, q)) < 1e-14) continue;
        const angle = 0.5 * Math.atan2(2 * at(p, q), at(q, q) - at(p, p));
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < size; k++) {
          const [x, y] = [at(k, p), at(k, q)];
          set(k, p, c * x - s * y);
          set(k, q, s * x + c * y);
        }
        for (let k = 0; k < size; k++) {
          const [x, y] = [at(p, k), at(q, k)];
          set(p, k, c * x - s * y);
          set(q, k, s * x + c * y);
        }
      }
    }
  }
  return Math.max(...a.map((row, i) => row[i] as number));
}

it('largestOfTridiagonal is the largest eigenvalue', () => {
  const number = fc.double({ min: -3, max: 3, noNaN: true });
  const shape = fc.integer({ min: 1, max: 8 }).chain((size) => {
    const exactly = (length: number) => fc.array(number, { minLength: length, maxLength: length });
    return fc.tuple(exactly(size), exactly(size - 1));
  });
  fc.assert(
    fc.property(shape, ([diagonal, beside]) => {
      const matrix = diagonal.map((d, i) =>
        diagonal.map((_, j) =>
          i === j ? d : Math.abs(i - j) === 1 ? (beside[Math.min(i, j)] as number) : 0,
        ),
      );
      expect(largestOfTridiagonal(diagonal, beside)).toBeCloseTo(largestEigenvalue(matrix), 8);
    }),
  );
});

describe('dominantEigenvalue', () => {
  /** ½αᵀHα, whose gradient is Hα. */
  const quadratic = (eigenvalues: readonly number[]) => {
    const size = eigenvalues.length;
    // H = QΛQᵀ, Q a reflection.
    const u = normals(size, 'reflection');
    const norm = u.reduce((sum, x) => sum + x * x, 0);
    const reflect = (x: ArrayLike<number>): number[] => {
      const along = Array.from(x).reduce((sum, value, i) => sum + value * (u[i] as number), 0);
      return Array.from(x, (value, i) => value - ((2 * along) / norm) * (u[i] as number));
    };
    return async (alpha: Float32Array) =>
      reflect(reflect(alpha).map((x, i) => x * (eigenvalues[i] as number)));
  };
  const at = (size: number): Float32Array => normals(size, 'alpha');

  it.each([
    ['far above the others', [5, 1, 0.5, 0.2, 0]],
    ['close to the next', [1, 0.98, 0.97, 0.9, 0.1, 0]],
    ['behind a larger negative one', [1, -4, 0.3, 0, -2]],
    ['of only negative ones', [-1, -2, -3]],
    ['that all are', [2, 2, 2, 2]],
    ['the only one', [-0.7]],
    ['zero', [0, 0, 0]],
    ['among many', Array.from({ length: 200 }, (_, i) => (i === 0 ? 3 : Math.sin(i)))],
  ])('finds the largest, %s', async (_, eigenvalues) => {
    const largest = Math.max(...eigenvalues);
    const found = await dominantEigenvalue(quadratic(eigenvalues), at(eigenvalues.length), random(1));
    expect(Math.abs(found - largest)).toBeLessThan(0.02 * Math.max(1e-2, Math.abs(largest)));
  });

  it('is the same for the same beginning', async () => {
    const gradient = quadratic([3, 2, -1, 0.5]);
    const [a, b] = [
      await dominantEigenvalue(gradient, at(4), random(7)),
      await dominantEigenvalue(gradient, at(4), random(7)),
    ];
    expect(a).toBe(b);
  });

  it.each([1, 2, 3])('is that of the smooth problem %d', async (seed) => {
    const numbers = problem(seed);
    const { w, validation } = tensors(numbers);
    const gradient = async (alpha: Float32Array) => {
      const point = tf.tensor(alpha, [2, 1, 2]);
      return alphaGradient(loss, smooth, w, point, validation).gradient.dataSync() as Float32Array;
    };
    // L = Σᵢⱼ Bᵢⱼ·sin(wᵢ)·αⱼ²: the Hessian is diagonal, 2·Σᵢ Bᵢⱼ·sin(wᵢ).
    const exact = numbers.alpha.map(
      (_, j) =>
        2 * numbers.w.reduce((sum, x, i) => sum + (numbers.validation[i]?.[j] as number) * Math.sin(x), 0),
    );
    const found = await dominantEigenvalue(gradient, Float32Array.from(numbers.alpha), random(seed));
    expect(Math.abs(found - Math.max(...exact))).toBeLessThan(1e-3 * Math.max(...exact.map(Math.abs)));
  });

  it('is that of the dense Hessian of a supernet', async () => {
    const space = { ...searchSpace('darts'), nodes: 2 };
    const options = { ...searchDefaults, channels: 2, cells: 2, batch: 8 };
    const [image, classes] = [{ channels: 3, height: 6, width: 6 }, 4];
    const supernet = makeSupernet(space, { ...options, imageChannels: 3, classes });
    const { fn, signature } = alphaGradientStep(supernet, options, image);
    const [{ engine }] = (await tracedEngines()) as [Awaited<ReturnType<typeof tracedEngines>>[0]];
    const compiled = await engine.compile(fn, signature, 'test');
    const size = alphaSize(space);
    const alpha = normals(size, 'alpha').map((x) => 0.5 * x);
    const numbers = random(4, 'labels');
    const fixed = {
      theta: supernet.parameters.initialize(random(1)),
      images: normals(8 * 3 * 36, 'images'),
      labels: Int32Array.from({ length: 8 }, () => numbers.integer(classes)),
    };
    const gradient = async (point: Float32Array) =>
      (await compiled.run({ ...fixed, alpha: point })).gradient as Float32Array;

    const columns: number[][] = [];
    for (let j = 0; j < size; j++) {
      const [above, below] = [await gradient(moved(alpha, j, 0.05)), await gradient(moved(alpha, j, -0.05))];
      columns.push(Array.from(above, (x, i) => (x - (below[i] as number)) / 0.1));
    }
    const hessian = columns.map((column, j) => column.map((x, i) => 0.5 * (x + (columns[i]?.[j] as number))));
    const exact = largestEigenvalue(hessian);
    const found = await dominantEigenvalue(gradient, alpha, random(1));
    expect(exact).toBeGreaterThan(1e-4);
    expect(Math.abs(found - exact) / exact).toBeLessThan(0.01);
    await compiled.dispose();
  });
});

const moved = (alpha: Float32Array, j: number, distance: number): Float32Array =>
  alpha.map((x, i) => (i === j ? x + distance : x));
