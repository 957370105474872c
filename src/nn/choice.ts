/**
 * Branches of which one is computed. A backend may leave the others out (the tracer does); elsewhere all are computed and
 * the definition given here, in ordinary tfjs operations, is what runs.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import { gradientsAt, withGradient } from './gradient.ts';
import { hasKernel, runKernel } from './kernel.ts';

/** The value whose flag is set. Flags: one bool each, exactly one of which is true; values: of one shape. */
function choose(flags: readonly Tensor[], values: readonly Tensor[]): Tensor {
  if (hasKernel('Choose')) {
    // A kernel of a list, as AddN is.
    const list = [...flags, ...values] as unknown as Record<string, Tensor>;
    return runKernel('Choose', list, {})[0] as Tensor;
  }
  const [last, ...before] = values.map((value, i) => [flags[i], value] as [Tensor, Tensor]).reverse();
  return before.reduce((rest, [flag, value]) => tf.where(flag, value, rest), (last as [Tensor, Tensor])[1]);
}

/** x where the flag (one bool) is set, else zeros. */
function gate(flag: Tensor, x: Tensor): Tensor {
  if (hasKernel('Gate')) return runKernel('Gate', { flag, x }, {})[0] as Tensor;
  return tf.where(flag, x, tf.zerosLike(x));
}

/** A function of an image and of parameters of its own. */
export interface Branch {
  readonly parameters: readonly Tensor[];
  value(x: Tensor4D, parameters: readonly Tensor[]): Tensor4D;
}

/**
 * What dy is of a branch's image and of its parameters. The value is computed once more here; a tracer finds the same
 * nodes again.
 */
const gradientsOf = ({ parameters, value }: Branch, x: Tensor4D, dy: Tensor): Tensor[] =>
  gradientsAt([x, ...parameters], () => value(x, parameters), dy).gradients;

/**
 * The value of the branch whose flag is set; exactly one is. All give images of one shape.
 *
 * The gradient is that of the chosen branch alone: dx is what it gives, its parameters get theirs, those of the others
 * are zero. It is written as a choice between the gradients of all branches, so that neither the values nor the
 * gradients of what is not chosen need to be computed.
 */
export function chosenBranch(x: Tensor4D, flags: readonly Tensor[], branches: readonly Branch[]): Tensor4D {
  const parameters = branches.flatMap((branch) => branch.parameters);
  return withGradient(
    [x, ...parameters],
    () => {
      const values = branches.map((branch) => branch.value(x, branch.parameters));
      return { value: choose(flags, values) as Tensor4D, kept: [x, ...flags, ...parameters] };
    },
    (dy, [image, ...kept]) => {
      const [keptFlags, own] = [kept.slice(0, flags.length), kept.slice(flags.length)];
      const gradients = branches.map(({ parameters: { length }, value }) =>
        gradientsOf({ parameters: own.splice(0, length), value }, image as Tensor4D, dy),
      );
      const dx = choose(
        keptFlags,
        gradients.map(([first]) => first as Tensor),
      );
      const rest = gradients.flatMap(([, ...others], i) =>
        others.map((gradient) => gate(keptFlags[i] as Tensor, gradient)),
      );
      return [dx, ...rest];
    },
  );
}

/** The number whose flag is set; the gradient goes to it alone. */
export const chosenNumber = (flags: readonly Tensor[], numbers: readonly Tensor[]): Tensor =>
  withGradient(
    numbers,
    () => ({
      value: tf.addN(numbers.map((x, i) => tf.where(flags[i] as Tensor, x, 0))),
      kept: [...flags],
    }),
    (dy, kept) => kept.map((flag) => tf.where(flag, dy, 0)),
  );
