/** The geometry of convolutions and pools against the definition, written as loops. */
import type { Tensor4D } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { convolve, depthwiseConvolve, dilate } from '../../src/nn/convolution.ts';
import { averagePool, maxPool } from '../../src/nn/pooling.ts';
import { tf } from '../../src/tfjs.ts';
import { normals } from './differentiable.ts';

beforeAll(() => tf.setBackend('cpu'));

type Plane = readonly (readonly number[])[];

/**
 * A window of k×k taps over a plane with (d(k−1))/2 pixels of padding on every side. `combine` sees the pixels inside
 * the image with their place in the window.
 */
function slide(
  plane: Plane,
  { kernel, stride, dilation }: { kernel: number; stride: number; dilation: number },
  combine: (inside: readonly { pixel: number; tap: readonly [number, number] }[]) => number,
): number[][] {
  const pad = (dilation * (kernel - 1)) / 2;
  const [height, width] = [plane.length, plane[0]?.length ?? 0];
  const taps = Array.from({ length: kernel }, (_, i) =>
    Array.from({ length: kernel }, (_, j) => [i, j] as const),
  );
  const at = (y: number, x: number): number =>
    combine(
      taps.flat().flatMap((tap) => {
        const pixel = plane[y * stride - pad + tap[0] * dilation]?.[x * stride - pad + tap[1] * dilation];
        return pixel === undefined ? [] : [{ pixel, tap }];
      }),
    );
  return Array.from({ length: Math.ceil(height / stride) }, (_, y) =>
    Array.from({ length: Math.ceil(width / stride) }, (_, x) => at(y, x)),
  );
}

const planeOf = (height: number, width: number): number[][] => {
  const numbers = normals(height * width, 'plane', height, width);
  return Array.from({ length: height }, (_, y) => [...numbers.subarray(y * width, (y + 1) * width)]);
};

/** A plane as an image of one channel, and back. */
const imageOf = (plane: Plane): Tensor4D =>
  tf.tensor4d(plane.flat(), [1, plane.length, plane[0]?.length ?? 0, 1]);

const planeFrom = (image: Tensor4D): number[][] =>
  image.reshape([image.shape[1], image.shape[2]]).arraySync() as number[][];

function expectNear(actual: Plane, expected: Plane): void {
  expect(actual.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  expected.forEach((row, y) => {
    row.forEach((x, i) => {
      expect(actual[y]?.[i]).toBeCloseTo(x, 5);
    });
  });
}

const sizes = [
  [4, 4],
  [5, 5],
  [4, 7],
  [1, 1],
] as const;

const geometries = [1, 3, 5].flatMap((kernel) =>
  [1, 2].flatMap((stride) => [1, 2].map((dilation) => ({ kernel, stride, dilation }))),
);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);

/** The convolutions of one channel, which are the same function there. */
const functions = [
  ['depthwiseConvolve', depthwiseConvolve, geometries],
  ['convolve', convolve, geometries.filter(({ dilation }) => dilation === 1)],
] as const;

describe.each(functions)('%s pads alike on all sides', (_, convolution, cases) => {
  const table = cases.flatMap((geometry) => sizes.map(([height, width]) => ({ ...geometry, height, width })));
  it.each(table)(
    'kernel $kernel, stride $stride, dilation $dilation, on $height×$width',
    ({ height, width, ...geometry }) => {
      const { kernel } = geometry;
      const [plane, filter] = [planeOf(height, width), planeOf(kernel, kernel)];
      const expected = slide(plane, geometry, (inside) =>
        sum(inside.map(({ pixel, tap: [i, j] }) => pixel * (filter[i]?.[j] as number))),
      );
      const weights = tf.tensor4d(filter.flat(), [kernel, kernel, 1, 1]);
      expectNear(planeFrom(convolution(imageOf(plane), weights, geometry)), expected);
    },
  );
});

describe.each([1, 2])('3×3 pools, stride %d', (stride) => {
  const geometry = { kernel: 3, stride, dilation: 1 };
  it.each(sizes)('average on %d×%d, the padding not counted', (height, width) => {
    const plane = planeOf(height, width);
    const expected = slide(
      plane,
      geometry,
      (inside) => sum(inside.map(({ pixel }) => pixel)) / inside.length,
    );
    expectNear(planeFrom(averagePool(imageOf(plane), stride)), expected);
  });

  it.each(sizes)('maximum on %d×%d, the padding never the largest', (height, width) => {
    const plane = planeOf(height, width).map((row) => row.map((x) => x - 10));
    const expected = slide(plane, geometry, (inside) => Math.max(...inside.map(({ pixel }) => pixel)));
    expectNear(planeFrom(maxPool(imageOf(plane), stride)), expected);
  });
});

it("is another function than tfjs's 'same' where an even size is halved", () => {
  const plane = planeOf(4, 4);
  const identity = tf.tensor4d([0, 0, 0, 0, 1, 0, 0, 0, 0], [3, 3, 1, 1]);
  // The centre tap sits on the even pixels; TensorFlow pads (0, 1), so that it sits on the odd ones.
  const ours = planeFrom(convolve(imageOf(plane), identity, { stride: 2 }));
  const same = planeFrom(tf.conv2d(imageOf(plane), identity, 2, 'same'));
  const pixels = (offset: number): number[][] =>
    [0, 2].map((y) => [0, 2].map((x) => plane[y + offset]?.[x + offset] as number));
  expectNear(ours, pixels(0));
  expectNear(same, pixels(1));
});

it("pads nothing where the padding is 'valid'", () => {
  const ones = tf.ones([2, 2, 1, 1]) as Tensor4D;
  const image = imageOf([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(planeFrom(convolve(image, ones, { padding: 'valid' }))).toEqual([[12, 16]]);
});

it('dilates a filter by zeros between its taps', () => {
  const filter = tf.tensor4d([1, 2, 3, 4], [2, 2, 1, 1]);
  expect(dilate(filter, 3).reshape([4, 4]).arraySync()).toEqual([
    [1, 0, 0, 2],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [3, 0, 0, 4],
  ]);
});
