import { Metrics } from '../../observe/index.ts';
import {
  EngineWatch,
  HashTables,
  isUp,
  keptBy,
  KnownFirst,
  WorkerPool,
  type PoolOptions,
  type VerdictBook,
  type Workers,
} from '../../pipeline/index.ts';
import { CacheMetrics } from './cache-metrics.ts';
import { cacheOf, openVerdicts } from './known-verdicts.ts';
import { Lists, tellHashSets } from './lists.ts';
import { ServiceMetrics } from './service-metrics.ts';
import type { TakenUp, Undo } from './taken-up.ts';
import { Together } from './together.ts';

/** What files are examined with. */
export interface Means {
  readonly metrics: ServiceMetrics;
  readonly engines: EngineWatch;
  readonly pool: WorkerPool;
  /** The pool, behind what is known already. */
  readonly workers: Workers;
  /** What was found out before; null: VERDICT_CACHE=off. */
  readonly book: VerdictBook | null;
  readonly lists: Lists;
  /** What arrives about the same time. */
  readonly together: Together;
  /** Scan workers hear what has changed, from their next file on. */
  readonly renew: () => void;
  /** Counts what the cache saved so far. */
  readonly tellVerdicts: () => void;
}

/** The second half of a start. Throws BL_CONFIG and BL_RULES. */
export async function meansOf({ settings, log, store, scratch }: TakenUp, undo: Undo): Promise<Means> {
  const { config, incoming } = settings;
  const registry = new Metrics();
  const metrics = new ServiceMetrics(registry);
  const lists = await Lists.read(settings, new HashTables(scratch));
  tellHashSets(log, metrics, lists.state);
  const so: { pool: WorkerPool | null; engines: EngineWatch | null; book: VerdictBook | null } = {
    pool: null,
    engines: null,
    book: null,
  };
  const setup = (engines: EngineWatch): PoolOptions['setup'] => ({
    ...lists.setup,
    ...engines.endpoints,
    ...keptBy(so.book),
  });
  const renew = (): void => {
    if (so.engines !== null && so.pool?.closed === false) so.pool.renew(setup(so.engines));
  };
  const engines = await EngineWatch.start({
    choice: settings.engines,
    moved: () => {
      renew();
      void so.book?.flush();
    },
    changed: (engine, status, detail) => {
      if (engine === 'clamav') so.book?.newEpoch();
      if (so.engines !== null) metrics.engines(so.engines.state);
      const facts = { engine, status, untrusted: { detail } };
      if (isUp(status)) log.info('an engine is back', facts);
      else log.warn('an engine is away', facts);
    },
  });
  so.engines = engines;
  undo.unshift(async () => engines.close());
  metrics.engines(engines.state);
  engines.setHashSets(lists.state);
  const choice = cacheOf(settings);
  if (choice !== null) {
    const book = await openVerdicts(choice, { engines, lists, log, changed: renew });
    undo.unshift(async () => book.close());
    so.book = book;
  }
  const { book } = so;
  const pool = new WorkerPool({
    workers: config.workers.value,
    setup: setup(engines),
    stdin: false,
    scratch,
    readable: [
      incoming.toString(),
      ...[config.reviewDir.value].filter((path) => path !== null),
      lists.folder,
    ],
    ...(book === null ? {} : { book }),
  });
  so.pool = pool;
  const known =
    choice === null || book === null
      ? null
      : {
          first: new KnownFirst({ one_by_one: Infinity, ...choice, book, pool }),
          metrics: new CacheMetrics(registry),
          book,
        };
  const together = await Together.open({
    root: incoming,
    window_ms: config.massWindow.value,
    store,
    log,
    metrics,
  });
  return {
    metrics,
    engines,
    pool,
    workers: known?.first ?? pool,
    book,
    lists,
    together,
    renew,
    tellVerdicts: () => known?.metrics.tell(known.first.work, known.book.usage),
  };
}
