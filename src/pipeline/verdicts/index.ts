/** What was found out before, on the way from the workers to the cache and back. */
export { cacheSummary } from './cache-summary.ts';
export { KnownFirst, type CacheWork } from './known-first.ts';
export { openBook, openCache, type CacheChoice } from './open-book.ts';
export { keptBy, type VerdictBook } from './verdict-book.ts';
