/** What was found out about contents before, on disk: may be thrown away at any time, and is believed only where it is sealed. */
export type { Entry } from './entry.ts';
export { FileSystems, type FileSystem } from './file-systems.ts';
export { VerdictCache, type CacheOptions, type CacheState, type CacheUsage } from './verdict-cache.ts';
