/** α itself, which all methods have. */
import type { Initializer, ParameterTable } from '../../nn/parameters.ts';
import { alphaShape, type SearchSpace } from '../spaces.ts';

/** 10⁻³·N(0, 1), as in quark0/darts (the paper: zeros). */
export const nearZero: Initializer = (target, _, random) => {
  for (let i = 0; i < target.length; i++) target[i] = 1e-3 * random.normal();
};

/** α [kinds, edges, operations]. */
export const declareAlpha = (table: ParameterTable, space: SearchSpace): void => {
  table.declare('alpha', alphaShape(space), nearZero);
};
