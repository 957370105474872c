/** The names of the search methods, apart from what they do: the command line needs no tensors. */

export const methodNames = ['darts'] as const;

export type MethodName = (typeof methodNames)[number];
