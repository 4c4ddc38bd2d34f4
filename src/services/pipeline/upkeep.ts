import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../observe/index.ts';
import type { EngineWatch } from '../../pipeline/index.ts';
import { RETENTION, type Store, type StoreCounts } from '../../store/index.ts';
import { shown } from './examination.ts';
import { shortOfSpace } from './free-space.ts';
import { Reconciliation } from './reconciliation.ts';
import type { ServiceMetrics } from './service-metrics.ts';

export interface UpkeepOptions {
  readonly store: Store;
  readonly engines: EngineWatch;
  readonly log: Log;
  readonly metrics: ServiceMetrics;
  readonly signal: AbortSignal;
  /** Folders that are written to. */
  readonly folders: readonly string[];
  /** In bytes. */
  readonly min_free: number;
  /** How long an approval may stay provisional, in ms. */
  readonly provisional_for: number;
  /** What waits longer for a review is escalated, in ms. */
  readonly escalate_after: number;
  /** There is something to examine, or to carry out. */
  readonly wake: () => void;
}

const TICK_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const PAGE = 500;
/** Files of the rescan lane that wait at a time: what is queued cannot be held when its day is over. */
const RESCANS_WAITING = 16;
/** An engine that is back is not met by everything at once: the first rescans begin within this, in ms. */
const JITTER_MS = 5000;

/** Everything that is done by the clock. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #reconciliation: Reconciliation;
  #short: string | null = null;
  #counts: StoreCounts | null = null;
  #figuresPause = TICK_MS;
  /** Monotonic, in ms; null: an engine is away. */
  #rescansFrom: number | null = null;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#reconciliation = new Reconciliation(options);
  }

  /** The folder that is short of space; null: there is room. */
  get short_of_space(): string | null {
    return this.#short;
  }

  async look(): Promise<void> {
    const { folders, min_free, log, metrics } = this.#options;
    const short = await shortOfSpace(folders, min_free);
    if (short !== null && this.#short === null)
      log.error('intake paused: too little free space', { folder: short });
    if (short === null && this.#short !== null) log.info('intake goes on: there is room again');
    this.#short = short;
    metrics.paused(short !== null);
  }

  /** Until the signal is aborted. */
  async run(): Promise<void> {
    const { signal, log, store, provisional_for } = this.#options;
    const due = new Map<string, number>();
    const every = async (name: string, ms: number, work: () => Promise<void>): Promise<void> => {
      if (performance.now() < (due.get(name) ?? 0) || signal.aborted) return;
      try {
        await work();
      } catch (error) {
        log.error('upkeep failed', { what: name, untrusted: { error } });
      }
      due.set(name, performance.now() + ms);
    };
    while (!signal.aborted) {
      await every('free space', 2 * TICK_MS, async () => this.look());
      await every('figures', this.#figuresPause, async () => this.#figures());
      await every('rescans', TICK_MS, async () => this.#rescans());
      await every('provisional', Math.min(MINUTE_MS, provisional_for / 4), async () => this.#holdOverdue());
      await every('escalation', Math.min(MINUTE_MS, this.#options.escalate_after / 4), async () =>
        this.#escalate(),
      );
      await every('pending', MINUTE_MS, async () => this.#retry());
      await every('clock', MINUTE_MS, async () => this.#clock());
      await every('reconciliation', HOUR_MS, async () => this.#reconciliation.run());
      await every('retention', DAY_MS, async () => {
        const { reports, files, suspended } = await store.retain(RETENTION);
        log.info('old reports removed', { reports, files, suspended });
      });
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #figures(): Promise<void> {
    const { store, metrics } = this.#options;
    const began = performance.now();
    this.#counts = await store.counts();
    // Counting a million rows takes its time: a fiftieth of ours.
    this.#figuresPause = Math.max(2 * TICK_MS, 50 * (performance.now() - began));
    metrics.counts(this.#counts, Date.now());
  }

  async #retry(): Promise<void> {
    const { store, wake } = this.#options;
    if (this.#short === null && (await store.files.retryPending({ due: true })) > 0) wake();
  }

  async #clock(): Promise<void> {
    const { jumped, now, highest_seen } = await this.#options.store.checkClock();
    if (jumped) this.#options.log.error('the clock jumped: nothing is removed by age', { now, highest_seen });
  }

  /** What waits for its engine is examined again when all are back, a few at a time. */
  async #rescans(): Promise<void> {
    const { store, engines, wake } = this.#options;
    if (!engines.all_up) {
      this.#rescansFrom = null;
      return;
    }
    this.#rescansFrom ??= performance.now() + Math.random() * JITTER_MS;
    if (performance.now() < this.#rescansFrom) return;
    // As of the last count, and never the same files twice.
    const counts = this.#counts;
    this.#counts = null;
    if (counts === null) return;
    const { waiting, files } = counts;
    const room = RESCANS_WAITING - waiting.rescan;
    if (files.provisional === 0 || room <= 0) return;
    if ((await store.files.rescanProvisional(room)) > 0) wake();
  }

  /** What stays provisional for too long needs a person. */
  async #holdOverdue(): Promise<void> {
    const { store, provisional_for, log } = this.#options;
    let after: string | undefined;
    for (;;) {
      const page = await store.files.provisional({ limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const file of page) {
        const since = Date.parse(file.provisional_since ?? file.changed_at);
        if (Date.now() - since < provisional_for) continue;
        await store.reviews.holdInPlace(file.id, 'provisional for too long: an engine was away');
        log.warn('held: provisional for too long', { file: file.id, untrusted: { path: shown(file.path) } });
      }
      after = page.at(-1)?.id;
      if (page.length < PAGE) return;
    }
  }

  /** Waiting decides nothing: it is only told louder. */
  async #escalate(): Promise<void> {
    const { store, escalate_after, log } = this.#options;
    const before = new Date(Date.now() - escalate_after).toISOString();
    for (;;) {
      const reviews = await store.reviews.escalate(before, PAGE);
      if (reviews > 0) log.warn('reviews have waited too long', { reviews });
      if (reviews < PAGE) return;
    }
  }
}
