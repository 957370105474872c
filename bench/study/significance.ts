/** Whether two samples differ: the exact permutation test of their means. */

/** All ways to choose `count` of the indices 0 … size − 1. */
function choices(size: number, count: number, first = 0): number[][] {
  if (count === 0) return [[]];
  return Array.from({ length: Math.max(0, size - count - first + 1) }, (_, i) => first + i).flatMap((index) =>
    choices(size, count - 1, index + 1).map((rest) => [index, ...rest]),
  );
}

/**
 * The probability that a division of all values at random has means at least as far apart (two-sided). With 3 and 6
 * values there are 84 divisions: it is at least 1/84.
 */
export function permutationTest(a: readonly number[], b: readonly number[]): number {
  const all = [...a, ...b];
  const total = all.reduce((x, y) => x + y, 0);
  const distance = (chosen: readonly number[]): number => {
    const sum = chosen.reduce((x, y) => x + y, 0);
    return Math.abs(sum / chosen.length - (total - sum) / (all.length - chosen.length));
  };
  const observed = distance(a);
  const divisions = choices(all.length, a.length);
  // Rounding must not turn the observed division itself away.
  const asFar = divisions.filter(
    (indices) => distance(indices.map((i) => all[i] as number)) >= observed - 1e-12,
  );
  return asFar.length / divisions.length;
}
