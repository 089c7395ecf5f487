/** Edits, at most, between a name and the one that was meant. */
const EDITS_MAX = 2;

/** The name that was probably meant: the nearest by edits of single letters, if it is near enough. */
export function nearestOf(name: string, names: readonly string[]): string | undefined {
  const [nearest] = names
    .map((other) => ({ other, edits: editsBetween(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ other, edits }) => edits <= EDITS_MAX && edits < Math.min(name.length, other.length) / 2)
    .toSorted((a, b) => a.edits - b.edits);
  return nearest?.other;
}

/** " Did you mean NAME?", or nothing. */
export function didYouMean(name: string, names: readonly string[]): string {
  const nearest = nearestOf(name, names);
  return nearest === undefined ? "" : ` Did you mean ${nearest}?`;
}

/** Levenshtein's distance. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
