import type { CacheOptions, CacheState } from '../../cache/index.ts';
import { judgesNow, type EnginesNow, type ExaminedBy } from './judges.ts';
import { programHash } from './program-hash.ts';
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
}

export interface BookOf {
  readonly engines: () => Promise<EnginesNow>;
  readonly examined_by: () => ExaminedBy;
  /** Whose word is kept has changed: workers are to hear of it. */
  readonly changed: () => void;
  readonly told?: (state: CacheState) => void;
}

/** Never rejects. */
export async function openBook(
  { cache, clamd_conf }: CacheChoice,
  { engines, examined_by, ...heard }: BookOf,
): Promise<VerdictBook> {
  const program = programHash();
  return VerdictBook.open({
    cache,
    ...heard,
    judges: async ({ epoch, when }) =>
      judgesNow({
        engines: await engines(),
        examined_by: examined_by(),
        program,
        clamd_conf,
        epoch,
        when,
      }),
  });
}
