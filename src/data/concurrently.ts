/** Asynchronous work with a bounded number of tasks at a time. */

/**
 * The results of a task for each item, in the items' order, with at most `width` tasks at a time. After a task
 * fails no further one starts, and the first failure is thrown.
 */
export async function concurrently<Item, Result>(
  items: readonly Item[],
  width: number,
  task: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      try {
        results[index] = await task(items[index] as Item, index);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
