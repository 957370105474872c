/** The names of the search methods, apart from what they do: the command line needs no tensors. */

export const methodNames = ['darts', 'pc-darts', 'gdas', 'drnas', 'fair-darts', 'random'] as const;

export type MethodName = (typeof methodNames)[number];

/** The methods that learn an architecture; `random` draws one. */
export type LearningMethodName = Exclude<MethodName, 'random'>;

export const learningMethodNames = methodNames.filter((name) => name !== 'random');

/** Those that draw the weights of the candidates anew in each step. */
export const samplingMethods = ['gdas', 'drnas'] as const satisfies readonly LearningMethodName[];
