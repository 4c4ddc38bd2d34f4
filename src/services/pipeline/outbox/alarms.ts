import { setTimeout as sleep } from 'node:timers/promises';
import type { FileResult } from '../../../contracts/index.ts';
import type { EngineStatus, Engines, JournalAction } from '../../../domain/index.ts';
import type { Log } from '../../../observe/index.ts';
import { ENGINES, type EngineName } from '../../../pipeline/index.ts';
import type { AlarmsUp, Store } from '../../../store/index.ts';
import { GapRate } from './gap-rate.ts';

export interface AlarmsOptions {
  readonly store: Store;
  readonly log: Log;
  readonly engines: () => Engines;
  /** In ms; null: nothing is expected. */
  readonly expect_file_within: number | null;
  /** Share of files with gaps, 0 to 1. */
  readonly gap_share: number;
}

const TICK_MS = 1000;
/** A state of an engine that does not last is no news, and one that flaps does not fill the journal. */
const STANDS_MS = 2000;
const QUIET_MS = 30_000;
const CANARY_PAUSE_MS = 60_000;
/** What lies there is accepted first: files that came while the service was down are no silence. */
const GRACE_MS = 60_000;

const TOLD: Readonly<Record<EngineStatus, JournalAction | null>> = {
  ok: 'engine_up',
  unproven: 'engine_blind',
  unavailable: 'engine_down',
  failed: 'engine_down',
  off: null,
};

/** Notices what no file tells: engines that go and come, silence, and that ever less is examined. Each change is journalled once. */
export class Alarms {
  readonly #options: AlarmsOptions;
  readonly #gaps: GapRate;
  readonly #startedAt = Date.now();
  readonly #stands = new Map<EngineName, { readonly status: EngineStatus; readonly since: number }>();
  readonly #toldAt = new Map<string, number>();
  #up: AlarmsUp = {};
  #canaryAt = -CANARY_PAUSE_MS;

  constructor(options: AlarmsOptions) {
    this.#options = options;
    this.#gaps = new GapRate(options.gap_share);
  }

  decided(result: FileResult): void {
    this.#gaps.add(result, performance.now());
  }

  get silent(): boolean {
    return this.#up.silence === 'silence';
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, log } = this.#options;
    let known = false;
    while (!signal.aborted) {
      try {
        if (!known) this.#up = await store.alarms.up();
        known = true;
        for (const engine of ENGINES) await this.#engine(engine);
        await this.#canary();
        await this.#silence();
        await this.#gapRate();
      } catch (error) {
        log.error('alarms cannot be written down', { untrusted: { error } });
      }
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #engine(name: EngineName): Promise<void> {
    const { status, detail } = this.#options.engines()[name];
    const now = performance.now();
    const stands = this.#stands.get(name);
    if (stands?.status !== status) {
      this.#stands.set(name, { status, since: now });
      return;
    }
    const action = TOLD[status];
    // That it works from the beginning is no news.
    const before = this.#up[name] ?? 'engine_up';
    const quiet = now - (this.#toldAt.get(name) ?? -QUIET_MS) >= QUIET_MS;
    if (action === null || action === before || now - stands.since < STANDS_MS || !quiet) return;
    await this.#tell(name, action, name, `${name} ${status}${detail === null ? '' : `: ${detail}`}`);
  }

  async #canary(): Promise<void> {
    const { engines, store } = this.#options;
    const now = performance.now();
    if (engines().clamav.status !== 'ok' || now - this.#canaryAt < CANARY_PAUSE_MS) return;
    await store.alarms.canaryOk(new Date().toISOString());
    this.#canaryAt = now;
  }

  async #silence(): Promise<void> {
    const { expect_file_within: within } = this.#options;
    if (within === null) return;
    const now = Date.now();
    const last = await this.#options.store.files.lastAccepted();
    const since = last === null ? this.#startedAt : Date.parse(last);
    const words = `the last file ${last === null ? 'never came' : `came at ${last}`}; one is expected every ${within} ms`;
    if (now - since <= within) {
      // Of a store that has never seen a file, the beginning is that of this process: only a file ends it.
      if (this.silent && last !== null) await this.#tell('silence', 'silence_over', null, words);
    } else if (!this.silent && now - this.#startedAt > Math.min(within, GRACE_MS)) {
      await this.#tell('silence', 'silence', null, words);
    }
  }

  async #gapRate(): Promise<void> {
    const { state, files, with_gaps } = this.#gaps.look(performance.now());
    const up = this.#up.gap_rate === 'gap_rate';
    const words = `${with_gaps} of the last ${files} files have gaps`;
    if (state === 'high' && !up) await this.#tell('gap_rate', 'gap_rate', null, words);
    if (state === 'low' && up) await this.#tell('gap_rate', 'gap_rate_over', null, words);
  }

  async #tell(
    name: keyof AlarmsUp,
    action: JournalAction,
    item: string | null,
    detail: string,
  ): Promise<void> {
    await this.#options.store.alarms.tell(name, { action, item, detail });
    this.#up = { ...this.#up, [name]: action };
    this.#toldAt.set(name, performance.now());
  }
}
