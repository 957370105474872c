/** Data sets: loading, normalisation, augmentation, batches and their order. */
export type { Augmentation } from './augment.ts';
export { assembleBatch, type Batch, type BatchOptions } from './batch.ts';
export { type Dataset, type ImageShape, type Normalization, pixelsOf, type Split } from './dataset.ts';
export { decodeImage, encodePng, probeImage } from './image.ts';
export { datasetNames, loadDataset } from './load.ts';
export type { LoadOptions } from './load-options.ts';
export { measureNormalization } from './normalization.ts';
export { epochBatches, type Halves, halves } from './order.ts';
export { holdOut } from './select.ts';
