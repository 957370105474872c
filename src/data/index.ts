/** Data sets: loading, normalisation, augmentation, batches and their order. */
export { assembleBatch, type Batch } from './batch.ts';
export { type Dataset, type ImageShape, type Normalization, pixelsOf, type Split } from './dataset.ts';
export { fingerprintOf } from './fingerprint.ts';
export { encodePng } from './image.ts';
export { datasetNames, loadDataset } from './load.ts';
export type { LoadOptions } from './load-options.ts';
export { measureNormalization } from './normalization.ts';
export { epochBatches, halves } from './order.ts';
export { holdOut } from './select.ts';
