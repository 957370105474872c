/** Labelled images in memory, as every reader returns them and every stage consumes them. */

/** The size of one image. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The number of pixel values (bytes) in one image. */
export const pixelsOf = (shape: ImageShape): number => shape.channels * shape.height * shape.width;

/** Images and their labels. */
export interface Split {
  readonly count: number;
  /** Pixels 0 … 255, row-major [count, channels, height, width]. */
  readonly images: Uint8Array;
  /** Class indices 0 … classes − 1, one an image. */
  readonly labels: Uint16Array;
}

/** A data set: what is trained on (`train`) and what the final accuracy is measured on (`test`). */
export interface Dataset {
  readonly name: string;
  /** Class names; a label is an index into them. */
  readonly classes: readonly string[];
  readonly shape: ImageShape;
  readonly train: Split;
  readonly test: Split;
}

/** Per-channel mean and standard deviation of pixels scaled to [0, 1]. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}
