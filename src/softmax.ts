/** exp(x) / Σ exp(x), shifted by the maximum so that nothing overflows. */
export function softmax(row: readonly number[]): number[] {
  const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = row.map((x) => Math.exp(x - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((x) => x / sum);
}
