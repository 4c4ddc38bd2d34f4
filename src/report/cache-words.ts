import type { Summary } from '../contracts/index.ts';
import { counted, number } from './figures.ts';

/** What was found out before, in words: how many files were read, and how it is known of the others. Null: all were examined. */
export function cacheWords({ cache }: Pick<Summary, 'cache'>): string | null {
  if (cache === undefined || cache.by_content + cache.by_metadata === 0) return null;
  const { read, by_content: byContent, by_metadata: byMetadata, verified } = cache;
  return [
    `${counted(read, 'file')} examined now`,
    ...(byContent === 0 ? [] : [`${number(byContent)} read, with a content that was examined before`]),
    ...(byMetadata === 0 ? [] : [`${number(byMetadata)} not read: unchanged since they were examined`]),
    ...(verified === 0 ? [] : [`${number(verified)} of what was known examined again, to compare`]),
  ].join('; ');
}

/** What is wrong with the cache, and must not be overlooked. */
export function cacheTrouble({ cache }: Pick<Summary, 'cache'>): string[] {
  if (cache === undefined) return [];
  const { off, path, put_aside: aside, refused, mismatched, by_metadata: byMetadata } = cache;
  return [
    ...(mismatched === 0
      ? []
      : [
          `THE CACHE WAS WRONG about ${counted(mismatched, 'file')}: nothing more was taken from it; ${counted(byMetadata, 'file')} had not been read before that was seen: scan again with --rescan`,
        ]),
    ...(refused === 0
      ? []
      : [
          `THE CACHE WAS CHANGED by somebody else: ${counted(refused, 'entry', 'entries')} of ${path} not believed, and examined anew`,
        ]),
    ...(aside === null ? [] : [`the cache was damaged: put aside as ${aside}`]),
    ...(off === null ? [] : [`nothing is kept for the next scan: ${path}: ${off}`]),
  ];
}
