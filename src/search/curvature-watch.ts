/** Measures the dominant eigenvalue of ∇²_α L_val at the end of an epoch, always on the same batch. */
import type { ImageShape } from '../data/index.ts';
import type { Run } from '../engine/engine.ts';
import { random } from '../random.ts';
import type { BatchSource } from './batches.ts';
import { dominantEigenvalue } from './curvature.ts';
import { drawnInputs } from './inputs.ts';
import type { SearchOptions } from './options.ts';
import type { State } from './state.ts';
import { stepInputs } from './steps.ts';
import type { Supernet } from './supernet.ts';

export interface CurvatureWatch {
  measure(): Promise<{ readonly eigenvalue: number }>;
}

export interface CurvatureSetting {
  readonly options: SearchOptions;
  readonly supernet: Supernet;
  readonly batches: BatchSource;
  readonly state: State;
}

/** @param gradientOf runs `alphaGradientStep` */
export function watchCurvature(
  gradientOf: Run,
  { options, supernet, batches, state }: CurvatureSetting,
  shape: ImageShape,
): CurvatureWatch {
  const inputs = stepInputs(supernet, options, shape);
  const { images, labels } = batches.alpha(0, 0);
  return {
    measure: async () => {
      // Drawn the same each time, so that what changes from epoch to epoch is the search.
      const drawn = drawnInputs(inputs, supernet, options, state.alpha, 'curvature', { epoch: 0, step: 0 });
      const { theta } = state;
      const gradient = async (alpha: Float32Array) => {
        const feeds = { theta, alpha, ...drawn, images, labels };
        return (await gradientOf(feeds)).gradient ?? [];
      };
      const start = random(options.seed, 'curvature', 'start');
      return { eigenvalue: await dominantEigenvalue(gradient, state.alpha, start) };
    },
  };
}
