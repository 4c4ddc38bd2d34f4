import { VerdictCache, type CacheOptions, type CacheState } from '../../cache/index.ts';
import type { Bringers } from './bringers.ts';
import { judgesNow, type EnginesNow, type ExaminedBy } from './judges.ts';
import { programHash } from './program-hash.ts';
import { RulesKnown } from './rules-known.ts';
import { VerdictBook } from './verdict-book.ts';

/** What is to be known of what was found out before. */
export interface CacheChoice {
  readonly cache: CacheOptions;
  /** Everything is read and judged again; what comes of it is kept. */
  readonly fresh: boolean;
  /** Whether files whose metadata are those of the last scan need not be read. */
  readonly metadata: boolean;
  /** Share of what is known that is examined all the same, and compared; 0 to 1. */
  readonly sample: number;
  /** Its clamd.conf, where it was given. */
  readonly clamd_conf: string | null;
  readonly brought_by: Bringers;
  /** Over names and contents of the rules of our own YARA, as they are now; null: it starts in any case. */
  readonly rules: (() => string) | null;
}

export interface BookOf {
  readonly engines: () => Promise<EnginesNow>;
  readonly examined_by: () => ExaminedBy;
  /** Whose word is kept has changed: workers are to hear of it. */
  readonly changed: () => void;
  readonly told?: (state: CacheState) => void;
}

/** The cache, before anybody is asked who judges. */
export interface OpenCache {
  readonly cache: VerdictCache;
  /** Of the code that examines. */
  readonly program: string;
  /** Null: our own YARA has to say itself what it is. */
  readonly rules: RulesKnown | null;
}

/** Throws what reading the rules does. */
export async function openCache({ cache: options, rules }: CacheChoice): Promise<OpenCache> {
  const cache = await VerdictCache.open(options);
  const program = programHash((stamp, read) => remembered(cache, stamp, read));
  return { cache, program, rules: rules === null ? null : new RulesKnown(cache, program, rules) };
}

function remembered(cache: VerdictCache, stamp: string, read: () => string): string {
  const key = cache.keyOf('program', stamp);
  const known = cache.get('fact', key);
  if (known !== null) return known.toString();
  const hash = read();
  cache.keep([{ kind: 'fact', key, value: Buffer.from(hash), made: Date.now() }]);
  return hash;
}

/** Never rejects. */
export async function openBook(
  { cache, program }: OpenCache,
  { clamd_conf, brought_by }: CacheChoice,
  { engines, examined_by, ...heard }: BookOf,
): Promise<VerdictBook> {
  return VerdictBook.open({
    cache,
    ...heard,
    judges: async ({ epoch, when }) =>
      judgesNow({
        engines: await engines(),
        examined_by: examined_by(),
        program,
        clamd_conf,
        brought_by,
        epoch,
        when,
      }),
  });
}
