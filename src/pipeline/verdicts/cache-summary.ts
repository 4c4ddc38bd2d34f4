import type { Summary } from '../../contracts/index.ts';
import type { CacheWork } from './known-first.ts';

/** What the report says of the cache. */
export function cacheSummary(work: CacheWork): NonNullable<Summary['cache']> {
  const { asked, known, ...counts } = work;
  return { ...counts, asked: { ...asked }, known: { ...known } };
}
