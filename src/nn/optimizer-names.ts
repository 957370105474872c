/** The names of the optimizers, apart from what they do: the command line needs no tensors. */

export const optimizerNames = ['sgd', 'adam', 'adamw', 'rmsprop'] as const;

export type OptimizerName = (typeof optimizerNames)[number];
