import { userInfo } from 'node:os';
import type { Scratch } from '../../bytes/index.ts';
import type { EffectiveConfig } from '../../config/index.ts';
import { programVersion } from '../../config/start/index.ts';
import {
  assertApart,
  leftOver,
  openClaims,
  ownFolders,
  recoverDispositions,
  type Managed,
  type Places,
} from '../../dispose/index.ts';
import type { Policy } from '../../domain/index.ts';
import { WatchedFolder, type EarlierSet, type Lingering, type UnitOptions } from '../../intake/index.ts';
import { Metrics, type Log } from '../../observe/index.ts';
import {
  EngineWatch,
  HashTables,
  isUp,
  keptBy,
  KnownFirst,
  WorkerPool,
  type Judge,
  type VerdictBook,
} from '../../pipeline/index.ts';
import type { CarriesOut } from '../../pipeline/reviews/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import type { Readiness, Served } from './api/served.ts';
import { Arrivals } from './arrivals.ts';
import { BundleInForce } from './bundle-in-force.ts';
import { Dispatch } from './dispatch.ts';
import { Dispositions } from './dispositions.ts';
import { Examination } from './examination.ts';
import { ServiceMetrics } from './service-metrics.ts';
import { CacheMetrics } from './cache-metrics.ts';
import { cacheOf, openVerdicts } from './known-verdicts.ts';
import { lingeringSince, setsBefore } from './left-before.ts';
import { Lists, tellHashSets } from './lists.ts';
import type { ServiceSettings } from './settings.ts';
import { ownScratch } from './own-scratch.ts';
import { hookOf, type ReleaseHook } from './release-hook.ts';
import { Alarms } from './outbox/alarms.ts';
import { outboxOf } from './outbox/open.ts';
import type { Outbox } from './outbox/outbox.ts';
import { SecondJudgement } from './second-judgement.ts';
import { TokenRecords } from './token-records.ts';
import { Standing } from './standing.ts';
import { Together } from './together.ts';
import { recoverUploads, UploadIntake } from './upload-intake.ts';
import { Upkeep } from './upkeep.ts';

/** One that is being killed just now gives the folder up within this, in ms. */
const LOCK_WAIT_MS = 3000;
const ENGINE_WAIT_MS = 15_000;
const PAUSE_POLL_MS = 500;
/** A look that gets no answer for so many pauses between two looks hangs; one answer may be a whole folder. */
const HANGS_AFTER = 12;
const LEAST_HANG_MS = 5000;

/**
 * The watched folder at work: what arrives gets a row in the store, is examined, and is dealt with as decided. Everything that
 * is not in the store can be lost at any moment, and nothing else is (docs/operations.md).
 */
export class PipelineService implements Served {
  readonly version = programVersion();
  readonly uploads: UploadIntake;
  readonly #settings: ServiceSettings;
  readonly #log: Log;
  readonly #metrics: ServiceMetrics;
  readonly #ended = new AbortController();
  readonly #store: Store;
  readonly #scratch: Scratch;
  readonly #engines: EngineWatch;
  readonly #pool: WorkerPool;
  readonly #verdicts: KnownVerdicts | null;
  readonly #arrivals: Arrivals;
  readonly #dispatch: Dispatch;
  readonly #dispositions: Dispositions;
  readonly #upkeep: Upkeep;
  readonly #second: SecondJudgement;
  readonly #parts: Promise<void>[];
  readonly #lists: Lists;
  readonly #outbox: Outbox;
  readonly #alarms: Alarms;
  readonly #bundles: BundleInForce;
  #policy: Policy;
  readonly #standing: Standing;

  /** Resolves when it works. Throws BL_CONFIG, BL_RULES, BL_STORE, BL_STORE_LOCKED, BL_SCRATCH. */
  static async start(settings: ServiceSettings, log: Log): Promise<PipelineService> {
    const { config, incoming } = settings;
    const places: Places = {
      quarantineDir: config.quarantineDir.value,
      reviewDir: config.reviewDir.value,
      approvedDir: config.approvedDir.value,
      incomingDir: incoming.toString(),
    };
    const dataDir = config.dataDir.value;
    await assertApart({
      INCOMING_DIR: incoming.toString(),
      QUARANTINE_DIR: places.quarantineDir,
      DATA_DIR: dataDir,
      REVIEW_DIR: places.reviewDir,
      APPROVED_DIR: places.approvedDir,
    });
    const who = userInfo().username;
    const store = await openStore({
      dataDir,
      who,
      what: 'backuplens-pipeline',
      waitMs: LOCK_WAIT_MS,
      leftOver: async () => leftOver(places, [incoming.toString()]),
    });
    const undo: (() => Promise<unknown>)[] = [async () => store.close()];
    try {
      await ownFolders(
        [places.quarantineDir, places.reviewDir, places.approvedDir],
        await store.instanceId(),
      );
      for (const { id, action, detail } of await recoverDispositions(store.ledger)) {
        log.warn('a disposition was brought to its end', { disposition: id, action, untrusted: { detail } });
      }
      await recoverUploads({ store, incoming, log });
      const bundles = new BundleInForce(config.bundleDir.value, store, log);
      await bundles.record();
      await bundles.used();
      await store.checkClock();
      const hook = await hookOf(settings, store, log);
      const outbox = await outboxOf(settings, store, log, undo);
      const scratch = await ownScratch(dataDir, config.tmpDir.value);
      undo.unshift(async () => scratch.remove());
      const lingering = await lingeringSince(store);
      const sets = await setsBefore(store);
      const parts = {
        settings,
        log,
        store,
        scratch,
        places,
        who,
        undo,
        hook,
        outbox,
        lingering,
        sets,
        bundles,
      };
      return await PipelineService.#assemble(parts);
    } catch (error) {
      for (const step of undo) await step().catch(() => undefined);
      throw error;
    }
  }

  static async #assemble(parts: Assembly): Promise<PipelineService> {
    const { settings, log, undo } = parts;
    const registry = new Metrics();
    const metrics = new ServiceMetrics(registry);
    const lists = await Lists.read(settings, new HashTables(parts.scratch));
    tellHashSets(log, metrics, lists.state);
    let pool: WorkerPool | null = null;
    let engines: EngineWatch | null = null;
    let book: VerdictBook | null = null;
    engines = await EngineWatch.start({
      choice: settings.engines,
      moved: (endpoints) => {
        pool?.renew({ ...lists.setup, ...endpoints, ...keptBy(book) });
        void book?.flush();
      },
      changed: (engine, status, detail) => {
        if (engine === 'clamav') book?.newEpoch();
        if (engines !== null) metrics.engines(engines.state);
        const facts = { engine, status, untrusted: { detail } };
        if (isUp(status)) log.info('an engine is back', facts);
        else log.warn('an engine is away', facts);
      },
    });
    const watch = engines;
    undo.unshift(async () => watch.close());
    metrics.engines(engines.state);
    engines.setHashSets(lists.state);
    const choice = cacheOf(settings);
    if (choice !== null) {
      const changed = (): void => {
        if (pool?.closed === false) pool.renew({ ...lists.setup, ...watch.endpoints, ...keptBy(book) });
      };
      const opened = await openVerdicts(choice, { engines, lists, log, changed });
      undo.unshift(async () => opened.close());
      book = opened;
    }
    pool = new WorkerPool({
      workers: settings.config.workers.value,
      setup: { ...lists.setup, ...engines.endpoints, ...keptBy(book) },
      stdin: false,
      scratch: parts.scratch,
      readable: [
        settings.incoming.toString(),
        ...[settings.config.reviewDir.value].filter(isPath),
        lists.folder,
      ],
      ...(book === null ? {} : { book }),
    });
    const together = await Together.open({
      root: settings.incoming,
      window_ms: settings.config.massWindow.value,
      store: parts.store,
      log,
      metrics,
    });
    const verdicts =
      choice === null || book === null
        ? null
        : {
            book,
            metrics: new CacheMetrics(registry),
            known: new KnownFirst({ one_by_one: Infinity, ...choice, book, pool }),
          };
    return new PipelineService(parts, { metrics, engines, pool, lists, together, verdicts });
  }

  private constructor(
    { settings, log, store, scratch, places, who, hook, outbox, lingering, sets, bundles }: Assembly,
    { metrics, engines, pool, lists, together, verdicts }: Means,
  ) {
    const { config, incoming } = settings;
    const { signal } = this.#ended;
    this.#settings = settings;
    this.#log = log;
    this.#metrics = metrics;
    this.#store = store;
    this.#scratch = scratch;
    this.#engines = engines;
    this.#pool = pool;
    this.#verdicts = verdicts;
    this.#lists = lists;
    this.#outbox = outbox;
    this.#bundles = bundles;
    this.#policy = config.policy.policy;
    const claims = openClaims(store.ledger);
    const units: UnitOptions = {
      root: incoming,
      unit: config.dispositionUnit.value,
      ours: (path) =>
        this.uploads.isArriving(path.toString('latin1', path.lastIndexOf('/') + 1)) || claims(path),
    };
    const folder = new WatchedFolder({
      ...units,
      interval_ms: config.scanIntervalMs.value,
      settle_ms: config.scanIntervalMs.value,
      delayed: config.delayedNames.value,
      delay_ms: MAX_DELAY_MS,
      never_settled_ms: config.neverSettledAfter.value,
      volumes_ms: config.volumeWait.value,
      sets_ms: config.setWait.value,
      sets,
      lingering,
    });
    this.uploads = new UploadIntake({
      store,
      incoming,
      min_free: config.minFree.value,
      quota: config.uploadQuota.value,
      log,
      accepted: () => this.#dispatch.wake(),
    });
    const look = (path: Buffer): void => folder.forget(path);
    this.#dispositions = new Dispositions({
      store,
      places,
      log,
      who,
      version: this.version,
      look,
      breaker: { limit: config.quarantinePerRule.value, windowMs: HOUR_MS },
    });
    const examination = new Examination({
      pool: verdicts?.known ?? pool,
      engines,
      store,
      ours: units.ours,
      version: this.version,
      engine_wait_ms: ENGINE_WAIT_MS,
      arrived: together.arrived,
      signal,
      judge: () => this.#judge(),
      moves: (decision) =>
        decision === 'quarantine' ||
        (decision === 'manual_review' ? places.reviewDir : places.approvedDir) !== null,
    });
    this.#alarms = new Alarms({
      store,
      log,
      engines: () => engines.state,
      expect_file_within: config.expectFileWithin.value,
      gap_share: config.gapRateAlarm.value / 100,
    });
    this.#upkeep = new Upkeep({
      store,
      engines,
      log,
      metrics,
      signal,
      folders: [
        config.dataDir.value,
        config.tmpDir.value,
        ...[places.quarantineDir, places.reviewDir, places.approvedDir].filter(isPath),
      ],
      min_free: config.minFree.value,
      provisional_for: config.provisionalFor.value,
      escalate_after: config.escalateAfter.value,
      wake: () => this.#wake(),
    });
    this.#dispatch = new Dispatch({
      store,
      examination,
      log,
      scanned: (result) => {
        metrics.scanned(result);
        this.#alarms.decided(result);
      },
      look,
      workers: config.workers.value,
      signal,
      decided: () => this.#dispositions.wake(),
      open: () => this.#upkeep.short_of_space === null,
    });
    this.#second = new SecondJudgement({
      store,
      examination,
      engines,
      log,
      signal,
      judge: () => this.#judge(),
      decided: () => this.#dispositions.wake(),
    });
    this.#arrivals = new Arrivals({
      store,
      folder,
      log,
      metrics,
      signal,
      accepted: () => this.#dispatch.wake(),
      room: async () => this.#room(),
      hangs_ms: Math.max(LEAST_HANG_MS, HANGS_AFTER * config.scanIntervalMs.value),
    });
    this.#standing = new Standing({
      store,
      engines,
      log,
      signal,
      upkeep: this.#upkeep,
      arrivals: this.#arrivals,
      outbox,
    });
    this.#parts = [
      this.#arrivals.run(),
      this.#dispatch.run(),
      this.#upkeep.run(),
      this.#second.run(),
      new TokenRecords(config.tokensFile.value, store, log).run(signal),
      ...(hook === null ? [] : [hook.run(signal)]),
      this.#alarms.run(signal),
      outbox.run(signal),
    ].map(async (part) =>
      part.catch((error: unknown) => {
        if (!signal.aborted) log.error('a part of the service has ended', { untrusted: { error } });
      }),
    );
    this.#dispositions.wake();
  }

  async ready(): Promise<Readiness> {
    return this.#standing.readiness();
  }

  async metrics(): Promise<string> {
    this.#metrics.silent(this.#alarms.silent);
    const verdicts = this.#verdicts;
    if (verdicts !== null) verdicts.metrics.tell(verdicts.known.work, verdicts.book.usage);
    // True as of now, not as of the last tick; without the store they are as they were.
    await this.#outbox.states().then(
      (states) => this.#metrics.sinks(states, Date.now()),
      () => undefined,
    );
    await this.#store.counts().then(
      (counts) => this.#metrics.counts(counts, Date.now()),
      () => undefined,
    );
    return this.#metrics.exposition();
  }

  /** For whoever answers reviews while it runs (pipeline's `approve`, `reject`, `askGate`): it has the store's lock. */
  get store(): Store {
    return this.#store;
  }

  decidedMany(): void {
    this.#dispositions.wake();
  }

  get maxUploadBytes(): number {
    return this.#settings.config.maxUploadBytes.value;
  }

  get restoreRoots(): readonly string[] | null {
    return this.#settings.config.restoreRoots.value;
  }

  get managed(): Managed {
    const { dataDir, quarantineDir, reviewDir, approvedDir } = this.#settings.config;
    return {
      DATA_DIR: dataDir.value,
      QUARANTINE_DIR: quarantineDir.value,
      REVIEW_DIR: reviewDir.value,
      APPROVED_DIR: approvedDir.value,
    };
  }

  /** Carries out what was decided of a file, together with everything else that is. */
  get carriesOut(): CarriesOut {
    return this.#dispositions.now;
  }

  /** For every file from now on, and for those that stand decided where it is harsher: a looser policy frees nothing (ATTACKS A19). */
  setPolicy(policy: Policy): void {
    this.#policy = policy;
    this.#second.wake();
  }

  /** Hash sets, names, and the rules of our own scanner, from the next file on. What cannot be read stays as it was. */
  async readListsAgain(config: EffectiveConfig): Promise<void> {
    try {
      await this.#lists.readAgain(config);
      this.#engines.setHashSets(this.#lists.state);
      tellHashSets(this.#log, this.#metrics, this.#lists.state);
      if (!this.#pool.closed) {
        this.#pool.renew({
          ...this.#lists.setup,
          ...this.#engines.endpoints,
          ...keptBy(this.#verdicts?.book ?? null),
        });
      }
      await this.#verdicts?.book.flush();
    } catch (error) {
      this.#log.error('the lists were not taken: the old ones stay', { untrusted: { error } });
    }
    await this.#bundles.record();
    const wanted = await this.#bundles.fewerRulesWanted();
    const before = this.#engines.state.yara.rules;
    const why = await this.#engines.readRulesAgain(config.rulesDirs.value, wanted !== null);
    const { rules } = this.#engines.state.yara;
    if (why === null) {
      await this.#bundles.used();
      const fewer = wanted !== null && rules < before;
      if (fewer) this.#log.warn('fewer rules, as somebody wanted', { rules, before, untrusted: { wanted } });
      this.#log.info('rules read again', { rules });
    } else this.#log.error('the rules were not taken: the old ones stay', { rules, untrusted: { why } });
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** For whoever measures. */
  pids(): readonly number[] {
    return [...this.#pool.pids(), ...this.#engines.pids()];
  }

  /** Finishes what it can within the deadline, hands back the rest. */
  async close(): Promise<void> {
    const { config } = this.#settings;
    this.#ended.abort();
    // Most of the time for what is under way; the rest for handing back and for what is being moved.
    const late = setTimeout(() => void this.#pool.close(), config.shutdownWithin.value * FINISH_SHARE);
    await Promise.all(this.#parts);
    await this.#dispositions.stop();
    clearTimeout(late);
    await this.#pool.close();
    await this.#verdicts?.book.close();
    await this.#engines.close();
    await this.#scratch.remove();
    await this.#store.close();
  }

  #judge(): Judge {
    return { policy: this.#policy, baseline: [], as_of: new Date().toISOString() };
  }

  #wake(): void {
    this.#dispatch.wake();
    this.#dispositions.wake();
  }

  async #room(): Promise<void> {
    while (this.#upkeep.short_of_space !== null && !this.#ended.signal.aborted) {
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE_POLL_MS);
      });
    }
  }
}

/** Names of what is still being written delay it by an hour at most (ATTACKS A13). */
const MAX_DELAY_MS = 3_600_000;
const HOUR_MS = 3_600_000;
const FINISH_SHARE = 0.6;

/** What was found out before, and what there is to count of it. */
interface KnownVerdicts {
  readonly book: VerdictBook;
  readonly known: KnownFirst;
  readonly metrics: CacheMetrics;
}

/** What it works with, and owns. */
interface Means {
  readonly metrics: ServiceMetrics;
  readonly engines: EngineWatch;
  readonly pool: WorkerPool;
  readonly lists: Lists;
  readonly together: Together;
  readonly verdicts: KnownVerdicts | null;
}

interface Assembly {
  readonly settings: ServiceSettings;
  readonly log: Log;
  readonly store: Store;
  readonly scratch: Scratch;
  readonly places: Places;
  readonly who: string;
  readonly hook: ReleaseHook | null;
  readonly outbox: Outbox;
  /** What had not come to rest when the last process ended. */
  readonly lingering: readonly Lingering[];
  /** What stands decided as a set. */
  readonly sets: readonly EarlierSet[];
  readonly bundles: BundleInForce;
  /** What has to be undone when it does not come to its start, the last first. */
  readonly undo: (() => Promise<unknown>)[];
}

function isPath(path: string | null): path is string {
  return path !== null;
}
