/** The names of the operations, apart from what they do: reading a genotype needs no tensors. */

export const operationNames = [
  'none',
  'max_pool_3x3',
  'avg_pool_3x3',
  'skip_connect',
  'sep_conv_3x3',
  'sep_conv_5x5',
  'dil_conv_3x3',
  'dil_conv_5x5',
  'conv_3x3',
  'conv_5x5',
  'identity',
  'nor_conv_1x1',
  'nor_conv_3x3',
  'noise',
] as const;

export type OperationName = (typeof operationNames)[number];

export const isOperationName = (name: string): name is OperationName =>
  operationNames.some((known) => known === name);
