/** What the numbers of a training step are kept in on their way through the network; weights are always float32. */
export const precisions = ['float32', 'float16'] as const;
export type Precision = (typeof precisions)[number];
