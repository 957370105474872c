/** Images rearranged and resized. */
import type { Tensor4D } from '@tensorflow/tfjs';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { image, integers, normal } from '../inputs.ts';

const pixels = image(2, 3, 5, 16);
const eager = { gradient: 'eager' } as const;

type Resize = (
  images: Tensor4D,
  size: [number, number],
  alignCorners?: boolean,
  halfPixelCenters?: boolean,
) => Tensor4D;

const sizes: readonly [number, number][] = [
  [6, 10],
  [3, 5],
  [7, 4],
  [2, 3],
  [1, 1],
  [9, 15],
];
const samplings = [
  ['', false, false],
  [', corners aligned', true, false],
  [', half pixels', false, true],
] as const;

const resized = (name: string, run: Resize): Row[] =>
  samplings.flatMap(([sampling, corners, half]) =>
    sizes.map((size) =>
      // The cpu backend's gradients are wrong for images that are not square, for batches, and for half pixels.
      op(
        `${name} to ${size}${sampling}`,
        [image(2, 3, 5, 16)],
        (x: Tensor4D) => run(x, size, corners, half),
        {
          gradient: 'differences',
        },
      ),
    ),
  );

export const rows: readonly Row[] = [
  op('flipLeftRight', [pixels], (x: Tensor4D) => tf.image.flipLeftRight(x)),
  op('flipLeftRight of a plain image', [normal(2, 3, 4, 3)], (x: Tensor4D) => tf.image.flipLeftRight(x)),
  op('depthToSpace', [pixels], (x: Tensor4D) => tf.depthToSpace(x, 2)),
  op('depthToSpace of a plain image', [normal(1, 2, 2, 12)], (x: Tensor4D) => tf.depthToSpace(x, 2)),
  op(
    'spaceToBatchND',
    [normal(2, 3, 5, 3)],
    (x) =>
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [1, 0],
          [0, 1],
        ],
      ),
    eager,
  ),
  op('spaceToBatchND of one axis', [normal(2, 4, 3)], (x) => tf.spaceToBatchND(x, [2], [[1, 1]]), eager),
  op(
    'spaceToBatchND of an image',
    [pixels],
    (x) =>
      tf.spaceToBatchND(
        x,
        [2, 3],
        [
          [1, 0],
          [0, 1],
        ],
      ),
    eager,
  ),
  op(
    'batchToSpaceND',
    [normal(8, 2, 3, 3)],
    (x) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [1, 0],
          [0, 2],
        ],
      ),
    eager,
  ),
  op(
    'batchToSpaceND of an image',
    [image(4, 2, 3, 16)],
    (x) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 1],
        ],
      ),
    eager,
  ),
  ...resized('resizeBilinear', tf.image.resizeBilinear),
  ...resized('resizeNearestNeighbor', tf.image.resizeNearestNeighbor),
  // 14 / (2 / 14) is a little less than 7 in float32.
  op('resizeNearestNeighbor by a whole factor', [image(1, 14, 14, 3)], (x: Tensor4D) =>
    tf.image.resizeNearestNeighbor(x, [2, 2]),
  ),
  op(
    'resizeBilinear, square',
    [image(1, 4, 4, 16)],
    (x: Tensor4D) => tf.image.resizeBilinear(x, [7, 6]),
    eager,
  ),
  op(
    'resizeNearestNeighbor, square',
    [image(1, 4, 4, 16)],
    (x: Tensor4D) => tf.image.resizeNearestNeighbor(x, [7, 6]),
    eager,
  ),
  op('resizeNearestNeighbor of integers', [integers(0, 9, 1, 2, 2, 3)], (x: Tensor4D) =>
    tf.image.resizeNearestNeighbor(x, [4, 4]),
  ),
];
