/**
 * Branches of which one is computed. A backend may leave the others out (the tracer does); elsewhere all are computed and
 * the definition given here, in ordinary tfjs operations, is what runs.
 */
import * as tf from '@tensorflow/tfjs';
import { gradientsAt, withGradient } from './gradient.ts';
import { hasKernel, runKernel } from './kernel.ts';

/** The value whose flag is set. Flags: one bool each, exactly one of which is true; values: of one shape. */
function choose(flags: readonly tf.Tensor[], values: readonly tf.Tensor[]): tf.Tensor {
  if (hasKernel('Choose')) {
    // A kernel of a list, as AddN is.
    const list = [...flags, ...values] as unknown as Record<string, tf.Tensor>;
    return runKernel('Choose', list, {})[0] as tf.Tensor;
  }
  const [last, ...before] = values.map((value, i) => [flags[i], value] as [tf.Tensor, tf.Tensor]).reverse();
  return before.reduce(
    (rest, [flag, value]) => tf.where(flag, value, rest),
    (last as [tf.Tensor, tf.Tensor])[1],
  );
}

/** x where the flag (one bool) is set, else zeros. */
function gate(flag: tf.Tensor, x: tf.Tensor): tf.Tensor {
  if (hasKernel('Gate')) return runKernel('Gate', { flag, x }, {})[0] as tf.Tensor;
  return tf.where(flag, x, tf.zerosLike(x));
}

/** A function of an image and of parameters of its own. */
export interface Branch {
  readonly parameters: readonly tf.Tensor[];
  value(x: tf.Tensor4D, parameters: readonly tf.Tensor[]): tf.Tensor4D;
}

/**
 * What dy is of a branch's image and of its parameters. The value is computed once more here; a tracer finds the same
 * nodes again.
 */
const gradientsOf = ({ parameters, value }: Branch, x: tf.Tensor4D, dy: tf.Tensor): tf.Tensor[] =>
  gradientsAt([x, ...parameters], () => value(x, parameters), dy).gradients;

/**
 * The value of the branch whose flag is set; exactly one is. All give images of one shape.
 *
 * The gradient is that of the chosen branch alone: dx is what it gives, its parameters get theirs, those of the others
 * are zero. It is written as a choice between the gradients of all branches, so that neither the values nor the
 * gradients of what is not chosen need to be computed.
 */
export function chosenBranch(
  x: tf.Tensor4D,
  flags: readonly tf.Tensor[],
  branches: readonly Branch[],
): tf.Tensor4D {
  const parameters = branches.flatMap((branch) => branch.parameters);
  return withGradient(
    [x, ...parameters],
    () => {
      const values = branches.map((branch) => branch.value(x, branch.parameters));
      return { value: choose(flags, values) as tf.Tensor4D, kept: [x, ...flags, ...parameters] };
    },
    (dy, [image, ...kept]) => {
      const [keptFlags, own] = [kept.slice(0, flags.length), kept.slice(flags.length)];
      const gradients = branches.map(({ parameters: { length }, value }) =>
        gradientsOf({ parameters: own.splice(0, length), value }, image as tf.Tensor4D, dy),
      );
      const dx = choose(
        keptFlags,
        gradients.map(([first]) => first as tf.Tensor),
      );
      const rest = gradients.flatMap(([, ...others], i) =>
        others.map((gradient) => gate(keptFlags[i] as tf.Tensor, gradient)),
      );
      return [dx, ...rest];
    },
  );
}

/** The number whose flag is set; the gradient goes to it alone. */
export const chosenNumber = (flags: readonly tf.Tensor[], numbers: readonly tf.Tensor[]): tf.Tensor =>
  withGradient(
    numbers,
    () => ({
      value: tf.addN(numbers.map((x, i) => tf.where(flags[i] as tf.Tensor, x, 0))),
      kept: [...flags],
    }),
    (dy, kept) => kept.map((flag) => tf.where(flag, dy, 0)),
  );
