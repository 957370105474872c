/** Whether a data set is one that a model can be measured on. */
import type { Dataset, ImageShape } from '../../data/index.ts';
import { InputError } from '../../errors.ts';

/** @throws InputError where the data set has images of another shape, or another number of classes */
export function requireFit(
  { name, shape, classes }: Dataset,
  expected: ImageShape,
  classCount: number,
  model: string,
): void {
  const text = ({ height, width, channels }: ImageShape, count: number): string =>
    `images of ${height}×${width}×${channels} in ${count} classes`;
  const [wanted, got] = [text(expected, classCount), text(shape, classes.length)];
  if (wanted === got) return;
  throw new InputError(
    `${model} takes ${wanted}, but the data set ${name} has ${got}; choose another with --data or --image-size`,
  );
}
