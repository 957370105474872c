/** Suggestions for mistyped words. */

/** Single-letter changes (insertions, deletions, replacements) that turn one word into another (Levenshtein 1966). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const [left, above, diagonal] = [next[j - 1], row[j], row[j - 1]] as [number, number, number];
      next.push(Math.min(left + 1, above + 1, diagonal + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** More changes than this, of a word of average length, and it is another word. */
const mostChanges = 3;

/** `; did you mean …?` with the known word that is nearest, or nothing where none is near. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({
      candidate,
      // An unfinished word is near, however much of it is missing.
      changes: word !== '' && candidate.startsWith(word) ? 1 : editDistance(word, candidate),
    }))
    .filter(({ changes, candidate }) => changes <= Math.min(mostChanges, Math.floor(candidate.length / 2)))
    .sort((a, b) => a.changes - b.changes);
  return near[0] ? `; did you mean ${near[0].candidate}?` : '';
}
