import { userInfo } from 'node:os';
import { nameFromBytes, type Scratch } from '../../bytes/index.ts';
import { loadRansomwareNames, programVersion } from '../../config/index.ts';
import {
  assertApart,
  CLAIM_PREFIX,
  leftOver,
  ownFolders,
  recoverDispositions,
  type Places,
} from '../../dispose/index.ts';
import { isId, type Policy } from '../../domain/index.ts';
import { WatchedFolder, type UnitOptions } from '../../intake/index.ts';
import { Metrics, type Log } from '../../observe/index.ts';
import { EngineWatch, isUp, WorkerPool, type Judge } from '../../pipeline/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import type { Readiness, Served } from './app.ts';
import { Arrivals } from './arrivals.ts';
import { Dispatch } from './dispatch.ts';
import { Dispositions } from './dispositions.ts';
import { Examination } from './examination.ts';
import { ServiceMetrics } from './service-metrics.ts';
import type { ServiceSettings } from './settings.ts';
import { ownScratch } from './own-scratch.ts';
import { ReleaseHook } from './release-hook.ts';
import { Upkeep } from './upkeep.ts';

/** One that is being killed just now gives the folder up within this, in ms. */
const LOCK_WAIT_MS = 3000;
const ENGINE_WAIT_MS = 15_000;
const PAUSE_POLL_MS = 500;
const ENTROPY_THRESHOLD = 6.5;

/**
 * The watched folder at work: what arrives gets a row in the store, is examined, and is dealt with as decided. Everything that
 * is not in the store can be lost at any moment, and nothing else is (docs/operations.md).
 */
export class PipelineService implements Served {
  readonly version = programVersion();
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
  readonly #parts: Promise<void>[];
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
      await store.checkClock();
      const hook = await hookOf(settings, store, log);
      const scratch = await ownScratch(dataDir, config.tmpDir.value);
      undo.unshift(async () => scratch.remove());
      return await PipelineService.#assemble({ settings, log, store, scratch, places, who, undo, hook });
    } catch (error) {
      for (const step of undo) await step().catch(() => undefined);
      throw error;
    }
  }

  static async #assemble(parts: Assembly): Promise<PipelineService> {
    const { settings, log, undo } = parts;
    const metrics = new ServiceMetrics(new Metrics());
    let pool: WorkerPool | null = null;
    let engines: EngineWatch | null = null;
    const fixed = fixedSetup(settings);
    engines = await EngineWatch.start({
      choice: settings.engines,
      moved: (endpoints) => pool?.renew({ ...fixed, ...endpoints }),
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
    pool = new WorkerPool({
      workers: settings.config.workers.value,
      setup: { ...fixed, ...engines.endpoints },
      stdin: false,
      scratch: parts.scratch,
      readable: [settings.incoming.toString()],
    });
    return new PipelineService(parts, metrics, engines, pool);
  }

  private constructor(
    { settings, log, store, scratch, places, who, hook }: Assembly,
    metrics: ServiceMetrics,
    engines: EngineWatch,
    pool: WorkerPool,
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
    this.#policy = config.policy.policy;
    const units: UnitOptions = {
      root: incoming,
      unit: config.dispositionUnit.value,
      ours: (path) => this.#isClaim(path),
    };
    const folder = new WatchedFolder({
      ...units,
      interval_ms: config.scanIntervalMs.value,
      settle_ms: config.scanIntervalMs.value,
      delayed: config.delayedNames.value,
      delay_ms: MAX_DELAY_MS,
      never_settled_ms: config.neverSettledAfter.value,
    });
    const look = (path: Buffer): void => folder.forget(path);
    this.#dispositions = new Dispositions({
      store,
      places,
      units,
      log,
      who,
      version: this.version,
      look,
      breaker: { limit: config.quarantinePerRule.value, windowMs: HOUR_MS },
    });
    const examination = new Examination({
      pool,
      engines,
      units,
      version: this.version,
      engine_wait_ms: ENGINE_WAIT_MS,
      signal,
      judge: () => this.#judge(),
      moves: (decision) =>
        decision === 'quarantine' ||
        (decision === 'manual_review' ? places.reviewDir : places.approvedDir) !== null,
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
      wake: () => this.#wake(),
    });
    this.#dispatch = new Dispatch({
      store,
      examination,
      log,
      metrics,
      look,
      workers: config.workers.value,
      signal,
      decided: () => this.#dispositions.wake(),
      open: () => this.#upkeep.short_of_space === null,
    });
    this.#arrivals = new Arrivals({
      store,
      folder,
      log,
      metrics,
      signal,
      accepted: () => this.#dispatch.wake(),
      room: async () => this.#room(),
    });
    this.#parts = [
      this.#arrivals.run(),
      this.#dispatch.run(),
      this.#upkeep.run(),
      ...(hook === null ? [] : [hook.run(signal)]),
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
    return {
      ready: looks && this.#storeProblem === null && intake === 'watching',
      store: this.#storeProblem ?? 'ok',
      engines: {
        clamav: { status: clamav.status, detail: clamav.detail },
        yara: { status: yara.status, detail: yara.detail },
      },
      intake,
    };
  }

  async metrics(): Promise<string> {
    // True as of now, not as of the last tick; without the store they are as they were.
    await this.#store.counts().then(
      (counts) => this.#metrics.counts(counts, Date.now()),
      () => undefined,
    );
    return this.#metrics.exposition();
  }

  /** From the next file on. What is held stays held: a looser policy frees nothing (ATTACKS A19). */
  setPolicy(policy: Policy): void {
    this.#policy = policy;
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

  /** Only what is being moved by us now: a name that looks like it hides nothing. */
  #isClaim(path: Buffer): boolean | Promise<boolean> {
    const name = nameFromBytes(path.subarray(path.lastIndexOf('/') + 1));
    if (!name.startsWith(CLAIM_PREFIX)) return false;
    const id = name.slice(CLAIM_PREFIX.length);
    if (!isId(id)) return false;
    return this.#store.ledger.unfinished().then((all) => all.some(({ intent }) => intent.id === id));
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
  /** What has to be undone when it does not come to its start, the last first. */
  readonly undo: (() => Promise<unknown>)[];
}

/** What no engine changes; the list of names is read here, and only here. */
function fixedSetup({ limits, passwords, config }: ServiceSettings) {
  const ransomware_names = loadRansomwareNames(config.ransomwareNamesFile.value);
  return { limits, passwords, entropy_threshold: ENTROPY_THRESHOLD, ransomware_names };
}

async function hookOf({ config }: ServiceSettings, store: Store, log: Log): Promise<ReleaseHook | null> {
  const program = config.releaseHook.value;
  if (program === null) return null;
  const hook = { program, environment: { PATH: HOOK_PATH }, deadlineMs: config.releaseHookWithin.value };
  return ReleaseHook.open(hook, config.dataDir.value, store, log);
}

function isPath(path: string | null): path is string {
  return path !== null;
}
