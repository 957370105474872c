/**
 * How many rows a batch has at most where nobody has said: as many as the model is fast with. The rows of a batch share what
 * a run costs whatever its size; but the more they are, the less of what one layer hands to the next stays in the cache.
 */

/** Milliseconds that all instances take for a batch of so many rows each; undefined where the model does not show it. */
export type TimeBatches = (rows: number) => Promise<number | undefined>;

/** How often each size is timed: the best counts, as the machine may be busy with others. */
const rounds = 3;

/** Milliseconds of a batch from which no larger one is tried. */
const longest = 50;

/** Milliseconds of a batch below which its size does not matter, and could not be measured in so few rounds. */
const negligible = 2;

/** The share of the best rate that a larger batch may have: it saves messages between threads, and waits. */
const tolerated = 0.95;

/**
 * The largest batch that is about as fast, row for row, as the fastest one; `most` where even that takes no time. Sizes are
 * doubled from 1. Where they are too slow to be tried up to `most`, it is `most` if the last step made rows faster still, or
 * there was none.
 */
export async function measuredBatchSize(most: number, time: TimeBatches): Promise<number> {
  const sizes = doublings(most);
  const best = sizes.map(() => Number.POSITIVE_INFINITY);
  let tried = sizes.length;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < tried; i++) {
      const milliseconds = await time(sizes[i] as number);
      if (milliseconds === undefined) return most;
      best[i] = Math.min(best[i] as number, milliseconds);
      if (round === 0 && milliseconds > longest) tried = i + 1;
    }
    if (tried === 1) return most;
  }
  if ((best.at(-1) as number) < negligible) return most;
  const rates = sizes.slice(0, tried).map((rows, i) => rows / (best[i] as number));
  const enough = tolerated * Math.max(...rates);
  const last = rates.findLastIndex((rate) => rate >= enough);
  const cutOff = tried < sizes.length && last === tried - 1;
  const rising = tolerated * (rates[last] as number) > (rates[last - 1] as number);
  return cutOff && rising ? most : (sizes[last] as number);
}

/** 1, 2, 4, … and `most` itself. */
const doublings = (most: number): number[] => {
  const sizes = [];
  for (let rows = 1; rows < most; rows *= 2) sizes.push(rows);
  return [...sizes, most];
};
