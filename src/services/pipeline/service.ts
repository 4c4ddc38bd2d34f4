import type { EffectiveConfig } from '../../config/index.ts';
import { programVersion } from '../../config/start/index.ts';
import type { Managed } from '../../dispose/index.ts';
import type { Log } from '../../observe/index.ts';
import type { CarriesOut } from '../../pipeline/reviews/index.ts';
import type { Store } from '../../store/index.ts';
import type { Readiness, Served } from './api/served.ts';
import { meansOf, type Means } from './means.ts';
import { partsOf, type Parts } from './parts.ts';
import type { ServiceSettings } from './settings.ts';
import { takeUp, type TakenUp, type Undo } from './taken-up.ts';
import type { UploadIntake } from './upload-intake.ts';

/** Of the time that an end may take: for what is under way. The rest is for handing back and for what is being moved. */
const FINISH_SHARE = 0.6;

/**
 * The watched folder at work: what arrives gets a row in the store, is examined, and is dealt with as decided. Everything that
 * is not in the store can be lost at any moment, and nothing else is (docs/operations.md).
 */
export class PipelineService implements Served {
  readonly version = programVersion();
  readonly #ended = new AbortController();
  readonly #taken: TakenUp;
  readonly #means: Means;
  readonly #parts: Parts;
  readonly #running: readonly Promise<void>[];

  /** Resolves when it works. Throws BL_CONFIG, BL_RULES, BL_STORE, BL_STORE_LOCKED, BL_SCRATCH. */
  static async start(settings: ServiceSettings, log: Log): Promise<PipelineService> {
    const undo: Undo = [];
    try {
      const taken = await takeUp(settings, log, undo);
      return new PipelineService(taken, await meansOf(taken, undo));
    } catch (error) {
      for (const step of undo) await step().catch(() => undefined);
      throw error;
    }
  }

  private constructor(taken: TakenUp, means: Means) {
    const { signal } = this.#ended;
    const parts = partsOf(taken, means, this.version, signal);
    this.#taken = taken;
    this.#means = means;
    this.#parts = parts;
    const { log, hook, outbox, checkpoints } = taken;
    this.#running = [
      parts.arrivals.run(),
      parts.dispatch.run(),
      parts.upkeep.run(),
      parts.second.run(),
      parts.tokens.run(signal),
      ...(hook === null ? [] : [hook.run(signal)]),
      parts.alarms.run(signal),
      parts.inForce.run(signal),
      outbox.run(signal),
      ...(checkpoints === null ? [] : [checkpoints.run(signal)]),
    ].map(async (part) =>
      part.catch((error: unknown) => {
        if (!signal.aborted) log.error('a part of the service has ended', { untrusted: { error } });
      }),
    );
    parts.dispositions.wake();
  }

  async ready(): Promise<Readiness> {
    return this.#parts.standing.readiness();
  }

  async metrics(): Promise<string> {
    const { metrics } = this.#means;
    const { outbox, store } = this.#taken;
    metrics.silent(this.#parts.alarms.silent);
    this.#means.tellVerdicts();
    // True as of now, not as of the last tick; without the store they are as they were.
    await outbox.states().then(
      (states) => metrics.sinks(states, Date.now()),
      () => undefined,
    );
    await store.counts().then(
      (counts) => metrics.counts(counts, Date.now()),
      () => undefined,
    );
    return metrics.exposition();
  }

  /** For whoever answers reviews while it runs (pipeline's `approve`, `reject`, `askGate`): it has the store's lock. */
  get store(): Store {
    return this.#taken.store;
  }

  get uploads(): UploadIntake {
    return this.#parts.uploads;
  }

  decidedMany(): void {
    this.#parts.dispositions.wake();
  }

  get maxUploadBytes(): number {
    return this.#config.maxUploadBytes.value;
  }

  get restoreRoots(): readonly string[] | null {
    return this.#config.restoreRoots.value;
  }

  get managed(): Managed {
    const { dataDir, quarantineDir, reviewDir, approvedDir } = this.#config;
    return {
      DATA_DIR: dataDir.value,
      QUARANTINE_DIR: quarantineDir.value,
      REVIEW_DIR: reviewDir.value,
      APPROVED_DIR: approvedDir.value,
    };
  }

  /** Carries out what was decided of a file, together with everything else that is. */
  get carriesOut(): CarriesOut {
    return this.#parts.dispositions.now;
  }

  /** What decides is read again; never throws. */
  async readAgain(read: () => EffectiveConfig): Promise<void> {
    return this.#parts.inForce.readAgain(read);
  }

  /** Finishes what it can within the deadline, hands back the rest. */
  async close(): Promise<void> {
    const { pool, book, engines } = this.#means;
    const { scratch, store } = this.#taken;
    this.#ended.abort();
    const late = setTimeout(() => void pool.close(), this.#config.shutdownWithin.value * FINISH_SHARE);
    await Promise.all(this.#running);
    await this.#parts.dispositions.stop();
    clearTimeout(late);
    await pool.close();
    await book?.close();
    await engines.close();
    await this.#taken.checkpoints?.note();
    await scratch.remove();
    await store.close();
  }

  get #config(): EffectiveConfig {
    return this.#taken.settings.config;
  }
}
