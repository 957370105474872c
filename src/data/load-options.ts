/** The choices a caller of `loadDataset` has. */
export interface LoadOptions {
  /** Brings all images to this many pixels in height and width (see `resizing`); by default they keep their size. */
  readonly imageSize?: number | undefined;
  /** Makes the images of a folder of pictures grey or RGB; by default they are grey where all are stored so. */
  readonly channels?: 1 | 3 | undefined;
  /** Seeds the choice of test images where the data set does not say which they are; 0 by default. */
  readonly seed?: number | undefined;
  /** The most images used of each split, balanced over the classes (see `firstOfEachClass`); by default all. */
  readonly limit?: { readonly train?: number | undefined; readonly test?: number | undefined } | undefined;
}
