import { userInfo } from 'node:os';
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Scratch } from '../../bytes/index.ts';
import type { EffectiveConfig } from '../../config/index.ts';
import { programVersion } from '../../config/start/index.ts';
import {
  assertApart,
  leftOver,
  managedFolderOf,
  openClaims,
  ownFolders,
  recoverDispositions,
  type Managed,
  type Places,
} from '../../dispose/index.ts';
import { BackupLensError, type HashSetsState, type Policy } from '../../domain/index.ts';
import { WatchedFolder, type Lingering, type UnitOptions } from '../../intake/index.ts';
import { openSinks } from '../../outward/index.ts';
import { Metrics, type Log } from '../../observe/index.ts';
import { EngineWatch, HashTables, isUp, WorkerPool, type Judge } from '../../pipeline/index.ts';
import type { CarriesOut } from '../../pipeline/reviews/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import type { Readiness, Served } from './api/served.ts';
import { Arrivals } from './arrivals.ts';
import { Dispatch } from './dispatch.ts';
import { Dispositions } from './dispositions.ts';
import { Examination } from './examination.ts';
import { ServiceMetrics } from './service-metrics.ts';
import { Lists } from './lists.ts';
import type { ServiceSettings } from './settings.ts';
import { ownScratch } from './own-scratch.ts';
import { Alarms } from './outbox/alarms.ts';
import { Outbox } from './outbox/outbox.ts';
import { ReleaseHook } from './release-hook.ts';
import { SecondJudgement } from './second-judgement.ts';
import { arrivalsTogether } from './together.ts';
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
  readonly #arrivals: Arrivals;
  readonly #dispatch: Dispatch;
  readonly #dispositions: Dispositions;
  readonly #upkeep: Upkeep;
  readonly #second: SecondJudgement;
  readonly #parts: Promise<void>[];
  readonly #lists: Lists;
  readonly #outbox: Outbox;
  readonly #alarms: Alarms;
  #policy: Policy;
  #storeProblem: string | null = null;

  /** Resolves when it works. Throws BL_CONFIG, BL_RULES, BL_STORE, BL_STORE_LOCKED, BL_SCRATCH. */
  static async start(settings: ServiceSettings, log: Log): Promise<PipelineService> {
    const { config, incoming } = settings;
    const places: Places = {
      quarantineDir: config.quarantineDir.value,
      reviewDir: config.reviewDir.value,
      approvedDir: config.approvedDir.value,
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
      await store.checkClock();
      const hook = await hookOf(settings, store, log);
      const outbox = await outboxOf(settings, store, log, undo);
      const scratch = await ownScratch(dataDir, config.tmpDir.value);
      undo.unshift(async () => scratch.remove());
      const lingering = await lingeringSince(store);
      const parts = { settings, log, store, scratch, places, who, undo, hook, outbox, lingering };
      return await PipelineService.#assemble(parts);
    } catch (error) {
      for (const step of undo) await step().catch(() => undefined);
      throw error;
    }
  }

  static async #assemble(parts: Assembly): Promise<PipelineService> {
    const { settings, log, undo } = parts;
    const metrics = new ServiceMetrics(new Metrics());
    const lists = await Lists.read(settings, new HashTables(parts.scratch));
    tellHashSets(log, metrics, lists.state);
    let pool: WorkerPool | null = null;
    let engines: EngineWatch | null = null;
    engines = await EngineWatch.start({
      choice: settings.engines,
      moved: (endpoints) => pool?.renew({ ...lists.setup, ...endpoints }),
      changed: (engine, status, detail) => {
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
    pool = new WorkerPool({
      workers: settings.config.workers.value,
      setup: { ...lists.setup, ...engines.endpoints },
      stdin: false,
      scratch: parts.scratch,
      readable: [
        settings.incoming.toString(),
        ...[settings.config.reviewDir.value].filter(isPath),
        lists.folder,
      ],
    });
    return new PipelineService(parts, metrics, engines, pool, lists);
  }

  private constructor(
    { settings, log, store, scratch, places, who, hook, outbox, lingering }: Assembly,
    metrics: ServiceMetrics,
    engines: EngineWatch,
    pool: WorkerPool,
    lists: Lists,
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
    this.#lists = lists;
    this.#outbox = outbox;
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
      lingering,
    });
    this.uploads = new UploadIntake({
      store,
      incoming,
      min_free: config.minFree.value,
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
      pool,
      engines,
      store,
      ours: units.ours,
      version: this.version,
      engine_wait_ms: ENGINE_WAIT_MS,
      arrived: arrivalsTogether({
        root: incoming,
        window_ms: config.massWindow.value,
        store,
        log,
        metrics,
        who,
      }),
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
      folders: [config.dataDir.value, config.tmpDir.value, ...Object.values(places).filter(isPath)],
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
    this.#parts = [
      this.#arrivals.run(),
      this.#dispatch.run(),
      this.#upkeep.run(),
      this.#second.run(),
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
    const { clamav, yara } = this.#engines.state;
    try {
      await this.#store.journal.head();
      this.#storeProblem = null;
    } catch (error) {
      this.#log.error('the store cannot be read', { untrusted: { error } });
      this.#storeProblem = 'it cannot be read';
    }
    const looks = isUp(clamav.status) || isUp(yara.status);
    const intake = this.#intake();
    const sinks = await this.#outbox.states().catch(() => []);
    return {
      ready: looks && this.#storeProblem === null && intake === 'watching',
      store: this.#storeProblem ?? 'ok',
      engines: {
        clamav: { status: clamav.status, detail: clamav.detail },
        yara: { status: yara.status, detail: yara.detail },
      },
      intake,
      sinks: Object.fromEntries(
        sinks.map(({ name, state, lag, waiting_since, failures, detail }) => [
          name,
          { state, lag, waiting_since, failures, detail: failures === 0 ? null : detail },
        ]),
      ),
    };
  }

  async metrics(): Promise<string> {
    this.#metrics.silent(this.#alarms.silent);
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
      if (!this.#pool.closed) this.#pool.renew({ ...this.#lists.setup, ...this.#engines.endpoints });
    } catch (error) {
      this.#log.error('the lists were not taken: the old ones stay', { untrusted: { error } });
    }
    const why = await this.#engines.readRulesAgain(config.rulesDirs.value);
    const { rules } = this.#engines.state.yara;
    if (why === null) this.#log.info('rules read again', { rules });
    else this.#log.error('the rules were not taken: the old ones stay', { rules, untrusted: { why } });
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

  #intake(): Readiness['intake'] {
    if (this.#ended.signal.aborted) return 'stopping';
    if (this.#upkeep.short_of_space !== null) return 'paused';
    if (this.#arrivals.hangs) return 'away';
    if (this.#arrivals.complete === null) return 'starting';
    return this.#arrivals.complete ? 'watching' : 'away';
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
/** Where a hook finds the usual programs; nothing else of our environment reaches it (ATTACKS C13). */
const HOOK_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

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
  /** What has to be undone when it does not come to its start, the last first. */
  readonly undo: (() => Promise<unknown>)[];
}

function tellHashSets(log: Log, metrics: ServiceMetrics, state: HashSetsState | null): void {
  metrics.hashSets(state);
  if (state === null) return;
  const { bad, good, in_both, files, rejected_lines, rejected } = state;
  log.info('hash sets read', { bad, good, in_both, files });
  if (in_both > 0) log.warn('hashes are listed as bad and as good: they count as bad', { in_both });
  if (rejected_lines > 0) {
    log.warn('lines of hash lists were rejected', {
      rejected_lines,
      untrusted: { first: rejected.slice(0, 10) },
    });
  }
}

async function hookOf({ config }: ServiceSettings, store: Store, log: Log): Promise<ReleaseHook | null> {
  const program = config.releaseHook.value;
  if (program === null) {
    const dropped = await store.releases.dropAll('RELEASE_HOOK is not set any more');
    if (dropped > 0)
      log.warn('nobody is told of approvals that a release hook had failed at', { files: dropped });
    return null;
  }
  return ReleaseHook.open({
    hook: { program, environment: { PATH: HOOK_PATH }, deadlineMs: config.releaseHookWithin.value },
    store,
    log,
    attempts: config.releaseHookAttempts.value,
    pause_ms: config.releaseHookRetryAfter.value,
  });
}

/** Throws BL_CONFIG for a receiver that cannot be meant. */
async function outboxOf(
  settings: ServiceSettings,
  store: Store,
  log: Log,
  undo: Assembly['undo'],
): Promise<Outbox> {
  const { config, outward } = settings;
  const { eventsFile, privacy, eventsPerMinute, eventsRetryMax, eventsHeartbeat } = config.outward;
  if (eventsFile.value !== null) await assertOutside(eventsFile.value, settings);
  const sinks = await openSinks(outward, { standing: async (group) => store.reviews.standing(group) });
  undo.unshift(async () => Promise.all(sinks.map(async (sink) => sink.close())));
  return Outbox.open({
    store,
    log,
    version: programVersion(),
    sinks,
    privacy: privacy.value,
    per_minute: eventsPerMinute.value,
    retry_max: eventsRetryMax.value,
    heartbeat: eventsHeartbeat.value,
  });
}

/** What we write there would be scanned, or lie among what was. */
async function assertOutside(path: string, { config, incoming }: ServiceSettings): Promise<void> {
  const { quarantineDir, reviewDir, approvedDir } = config;
  const folder = await realpath(dirname(path), { encoding: 'buffer' }).catch(() =>
    Buffer.from(dirname(path)),
  );
  const inside = await managedFolderOf(folder, {
    INCOMING_DIR: incoming.toString(),
    QUARANTINE_DIR: quarantineDir.value,
    REVIEW_DIR: reviewDir.value,
    APPROVED_DIR: approvedDir.value,
  });
  if (inside === null) return;
  throw new BackupLensError('BL_CONFIG', `EVENTS_FILE lies in ${inside}: ${path}`, {
    hint: 'name a file elsewhere, such as in DATA_DIR',
  });
}

/** A clock that was put back makes nothing younger than it is now. */
async function lingeringSince(store: Store): Promise<Lingering[]> {
  const now = Date.now();
  const all = await store.unsettled.list();
  return all.map(({ path, met_at }) => ({
    key: Buffer.from(path),
    met_ms_ago: Math.max(0, now - Date.parse(met_at)),
  }));
}

function isPath(path: string | null): path is string {
  return path !== null;
}
