/** Images to try a model on: the first test image of each class, as PNG files named by their classes. */
import { type Dataset, encodePng, pixelsOf } from '../data/index.ts';
import { firstOfEachClass, selectImages } from '../data/select.ts';

/** A PNG file. */
export interface SampleFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The serving page shows no more. */
const most = 24;

/** A file for each class that has a test image, of the first classes where there are many. */
export async function sampleFiles({
  classes,
  shape,
  test,
}: Pick<Dataset, 'classes' | 'shape' | 'test'>): Promise<SampleFile[]> {
  const first = firstOfEachClass(test.labels, classes.length);
  const { images, labels } = selectImages(test, first);
  const size = pixelsOf(shape);
  const files = new Map<string, Uint8Array>();
  for (const [i, label] of labels.entries()) {
    // Where classes have no image, others have two.
    if (files.size === most || labels.indexOf(label) < i) continue;
    const words = wordsOf(classes[label] ?? '', label);
    // "C" and "C++" have the same words.
    const name = files.has(`${words}.png`) ? `${words}-${label}.png` : `${words}.png`;
    files.set(name, await encodePng(images.subarray(i * size, (i + 1) * size), shape));
  }
  return Array.from(files, ([name, bytes]) => ({ name, bytes }));
}

/** Letters of a file's name: file systems take 255 bytes, of which a letter may need four. */
const longestName = 60;

/** What is left of a class's name where anything but letters and digits is a hyphen. */
const wordsOf = (label: string, index: number): string => {
  const words = (label.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['class', index]).join('-');
  return [...words].slice(0, longestName).join('');
};
