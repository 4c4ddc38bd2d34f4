/** Longer names are not misspellings of ours. */
const MAX_LENGTH = 64;

/** The known name that `name` is most likely a misspelling of; null when none is near enough. */
function nearest(name: string, known: readonly string[]): string | null {
  if (name.length > MAX_LENGTH) return null;
  let best: string | null = null;
  let smallest = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(normal(name), normal(candidate));
    if (distance < smallest) {
      smallest = distance;
      best = candidate;
    }
  }
  return best;
}

/** Capitals and `-` for `_` are the commonest slips, so they count nothing. */
function normal(name: string): string {
  return name.toLowerCase().replaceAll('-', '_');
}

/** Insertions, deletions and replacements that turn one into the other (Levenshtein), row by row. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** What to say of a name that is not known: the nearest, else all when they are few. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near !== null) return `did you mean ${near}?`;
  return known.length <= 16
    ? `expected one of ${known.join(', ')}`
    : 'see the documentation for the known names';
}
