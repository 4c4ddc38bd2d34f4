import { InvalidArgumentError } from 'commander';

/** A day or a moment as people write them, as RFC 3339 UTC. A time without a zone is UTC. */
export function instant(text: string): string {
  const isKnown =
    /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/.test(text);
  const hasZone = /(?:Z|[+-]\d{2}:\d{2})$/.test(text.slice(10));
  const time = Date.parse(
    text.length > 10 && !hasZone ? `${text.replace(' ', 'T')}Z` : text.replace(' ', 'T'),
  );
  if (!isKnown || Number.isNaN(time)) {
    throw new InvalidArgumentError('expected a time such as 2026-11-28 or 2026-11-28T03:00:00Z.');
  }
  return new Date(time).toISOString();
}
