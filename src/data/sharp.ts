/** The library that decodes and resizes images, loaded when the first one is there: that takes a tenth of a second. */
import type sharp from 'sharp';

export type Sharp = typeof sharp;

let loading: Promise<Sharp> | undefined;

/** sharp, set up for many images that are read at a time, each once. */
export const loadSharp = (): Promise<Sharp> => {
  loading ??= import('sharp').then(({ default: library }) => {
    // Threads of its own and memory of others would be in their way.
    library.concurrency(1);
    library.cache(false);
    return library;
  });
  return loading;
};
