/** Whether a data set is one that a model can be measured on. */
import type { Dataset, ImageShape } from '../../data/index.ts';
import { InputError } from '../../errors.ts';

/** What a model takes and names. */
export interface Measurable {
  readonly shape: ImageShape;
  /** How many classes it tells apart, or their names. */
  readonly classes: number | readonly string[];
}

/** @throws InputError where the data set has images of another shape, another number of classes, or classes of other names */
export function requireFit({ name, shape, classes }: Dataset, wanted: Measurable, model: string): void {
  const text = ({ height, width, channels }: ImageShape, count: number): string =>
    `images of ${height}×${width}×${channels} in ${count} classes`;
  const [count, names] =
    typeof wanted.classes === 'number' ? [wanted.classes, []] : [wanted.classes.length, wanted.classes];
  const [takes, got] = [text(wanted.shape, count), text(shape, classes.length)];
  if (takes !== got) {
    throw new InputError(
      `${model} takes ${takes}, but the data set ${name} has ${got}; choose another with --data or --image-size`,
    );
  }
  const other = names.findIndex((name, i) => name !== classes[i]);
  if (other < 0) return;
  throw new InputError(
    `${model} calls its class ${other} "${names[other]}", but the data set ${name} calls it ` +
      `"${classes[other]}": its classes are others, or in another order; choose another with --data`,
  );
}
