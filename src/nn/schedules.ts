/** Schedules: values over the epochs of a run. */

/** From `initial` at epoch 0 to `final` at epoch `epochs`, along half a cosine (Loshchilov & Hutter 2017, no restarts). */
export const cosine = (initial: number, final: number, epoch: number, epochs: number): number =>
  final + ((initial - final) * (1 + Math.cos((Math.PI * epoch) / epochs))) / 2;

/** From 0 at epoch 0, growing by `final`/`epochs` an epoch (drop-path's probability). */
export const ramp = (final: number, epoch: number, epochs: number): number => (final * epoch) / epochs;

/** From `initial` at epoch 0 to `final` at the last epoch, in equal steps (the temperature of GDAS). */
export const linear = (initial: number, final: number, epoch: number, epochs: number): number =>
  initial + ((final - initial) * epoch) / Math.max(epochs - 1, 1);
