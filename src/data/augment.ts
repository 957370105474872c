/** Augmentation as data: which random changes training images undergo, and one draw of them for one image. */
import type { Random } from '../random.ts';
import type { ImageShape } from './dataset.ts';

/**
 * The random changes, in the order in which they apply. What is left out or 0 is off. DARTS retrains on CIFAR-10
 * with `{ crop: 4, flip: true, cutout: 16 }` and searches without cutout.
 */
export interface Augmentation {
  /** Pixels of black (raw pixel 0, before normalisation) on each side, out of which the original size is cut. */
  readonly crop?: number | undefined;
  /** Mirrors left and right, every other image on average. */
  readonly flip?: boolean | undefined;
  /**
   * The side in pixels of a square set to 0 after normalisation, its centre uniform over the image, the square
   * clipped at the border (DeVries & Taylor, arXiv 1708.04552).
   */
  readonly cutout?: number | undefined;
}

/** A rectangle of pixels; `bottom` and `right` lie outside. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** The changes drawn for one image. */
export interface Changes {
  /** Where the crop's top left corner lies in the original image, −crop … crop. */
  readonly top: number;
  readonly left: number;
  readonly flipped: boolean;
  /** What cutout sets to 0, in the cropped and flipped image. */
  readonly hole: Box | undefined;
}

/** The changes of an image that is not augmented. */
export const unchanged: Changes = { top: 0, left: 0, flipped: false, hole: undefined };

/** Draws the changes for one image of the given size. Each augmentation that is on takes the same number of draws. */
export function drawChanges(augmentation: Augmentation, shape: ImageShape, random: Random): Changes {
  const { crop = 0, flip = false, cutout = 0 } = augmentation;
  const shift = (): number => (crop > 0 ? random.integer(2 * crop + 1) - crop : 0);
  const top = shift();
  const left = shift();
  const flipped = flip && random.integer(2) === 1;
  return { top, left, flipped, hole: cutout > 0 ? drawHole(cutout, shape, random) : undefined };
}

function drawHole(side: number, { height, width }: ImageShape, random: Random): Box {
  const top = random.integer(height) - Math.floor(side / 2);
  const left = random.integer(width) - Math.floor(side / 2);
  return {
    top: Math.max(top, 0),
    left: Math.max(left, 0),
    bottom: Math.min(top + side, height),
    right: Math.min(left + side, width),
  };
}
