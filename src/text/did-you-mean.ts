/** Suggestions for a word that is not known: the nearest of those that are, if it is near. */

/**
 * Number of single-character insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
 * Source: Damerau-Levenshtein distance in its restricted form (optimal string alignment).
 */
export function editDistance(a: string, b: string): number {
  const from = Array.from(a);
  const to = Array.from(b);
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length]!;
}

/** Words longer than this are nobody's slip, and would make the search slow. */
const MAX_LENGTH = 100;

/** What case, dashes and underscores do not change. */
function fold(text: string): string {
  return text.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/**
 * The known word that `word` was probably meant to be: equal but for case, dashes and underscores, or within one slip for
 * every three characters (at most three). Undefined when none is near. Of equally near ones the first.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const wanted = fold(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const folded = fold(candidate);
    const allowed = Math.min(3, Math.floor(Math.max(wanted.length, folded.length) / 3));
    if (Math.abs(wanted.length - folded.length) > allowed) continue;
    const distance = editDistance(wanted, folded);
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean numQueries?`, or nothing when no known word is near. To be put behind a message. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const suggestion = nearest(word, known);
  return suggestion === undefined || suggestion === word ? '' : `; did you mean ${suggestion}?`;
}
