/** Data sets made of nothing. */
import type { Dataset, Split } from '../../src/data/index.ts';
import { random } from '../../src/random.ts';

/** Images whose brightness says their class, under noise: something to learn. */
export function brightness({
  count = 48,
  side = 8,
  channels = 3,
  classes = 4,
}: {
  count?: number;
  side?: number;
  channels?: number;
  classes?: number;
} = {}): Dataset {
  const size = channels * side * side;
  const split = (name: string, images: number): Split => {
    const numbers = random(5, name);
    const labels = Uint16Array.from({ length: images }, (_, i) => i % classes);
    const pixels = Uint8Array.from({ length: images * size }, (_, i) => {
      const label = labels[Math.floor(i / size)] as number;
      return (label * 128) / classes + numbers.integer(128);
    });
    return { count: images, images: pixels, labels };
  };
  return {
    name: 'brightness',
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    shape: { channels, height: side, width: side },
    train: split('train', count),
    test: split('test', 20),
  };
}

/** Images of one pixel, whose brightness is their number: which images a batch holds can be read off it. */
export function numbered(count: number): Dataset {
  const train: Split = {
    count,
    images: Uint8Array.from({ length: count }, (_, i) => i),
    labels: Uint16Array.from({ length: count }, (_, i) => i % 2),
  };
  return {
    name: 'numbered',
    classes: ['even', 'odd'],
    shape: { channels: 1, height: 1, width: 1 },
    train,
    test: train,
  };
}

/** The numbers of the images in a batch of `numbered`, whatever mean and deviation they were normalised by. */
export function numbersIn(images: ArrayLike<number>, count: number): number[] {
  const mean = (count - 1) / 2;
  const deviation = Math.sqrt((count * count - 1) / 12);
  return Array.from(images, (x) => Math.abs(Math.round(x * deviation + mean)));
}
