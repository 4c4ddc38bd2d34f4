import { basename, dirname, join } from 'node:path';
import { VERDICTS } from '../../config/index.ts';
import type { Log } from '../../observe/index.ts';
import {
  openBook,
  openCache,
  type CacheChoice,
  type EngineWatch,
  type VerdictBook,
} from '../../pipeline/index.ts';
import type { Lists } from './lists.ts';
import type { ServiceSettings } from './settings.ts';

/** The service's own cache, of which nothing else than what it sealed itself is believed; null: VERDICT_CACHE=off. */
export function cacheOf({ config }: ServiceSettings): CacheChoice | null {
  const own = join(config.dataDir.value, 'verdict-cache');
  const { value, origin } = config.verdictCache;
  const path = origin === 'default' ? join(own, VERDICTS) : value;
  if (path === null) return null;
  return {
    cache: {
      folder: dirname(path),
      name: basename(path),
      key_folder: own,
      own_folder: dirname(path) === own,
      domain: 'service',
      max_bytes: config.verdictCacheMax.value,
    },
    fresh: false,
    // What arrives is read in any case: its content is what is released.
    metadata: false,
    sample: config.verifySample.value / 100,
    clamd_conf: config.clamdConf.value,
    brought_by: { bundles: config.bundleDir.value, updater: config.clamavUpdaterUrl.value },
    // It is always there.
    rules: null,
  };
}

/** Never rejects: what cannot be used is said in the log. `changed`: workers are to hear whose word is kept. */
export async function openVerdicts(
  choice: CacheChoice,
  { engines, lists, log, changed }: { engines: EngineWatch; lists: Lists; log: Log; changed: () => void },
): Promise<VerdictBook> {
  const book = await openBook(await openCache(choice), choice, {
    engines: async () => engines.now(),
    examined_by: () => lists.setup,
    changed,
    told: ({ path, off, put_aside, refused, not_kept }) => {
      if (off !== null) log.error('the cache of verdicts is not used', { untrusted: { path, why: off } });
      if (put_aside !== null)
        log.error('the cache of verdicts was damaged: put aside', { untrusted: { put_aside } });
      if (refused > 0)
        log.error('entries of the cache were written by somebody else: not believed', {
          refused,
          untrusted: { path },
        });
      if (not_kept > 0) log.warn('verdicts could not be kept', { not_kept, untrusted: { path } });
    },
  });
  // Nobody saw what happened to a database of signatures elsewhere while this was not running.
  book.newEpoch();
  return book;
}
