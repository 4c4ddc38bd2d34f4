import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineEndpoints } from '../analyze/index.ts';
import { probeYara } from '../analyze/yara/index.ts';
import {
  areManyFewer,
  inWords,
  type ClamavState,
  type Engines,
  type EngineStatus,
  type HashSetsState,
  type YaraState,
} from '../domain/index.ts';
import { findClamav, startYara, type EngineChoice } from './engines.ts';
import type { EnginesNow } from './verdicts/judges.ts';
import type { YaraChild } from './yara-child.ts';

export const ENGINES = ['clamav', 'yara'] as const;
export type EngineName = (typeof ENGINES)[number];

export interface EngineWatchOptions {
  readonly choice: EngineChoice;
  /** Where engines are now: for scan workers, from their next file on. */
  readonly moved: (endpoints: EngineEndpoints) => void;
  /** One came, or went. */
  readonly changed: (engine: EngineName, status: EngineStatus, detail: string | null) => void;
}

/** How often an engine that answers is asked; our own child costs nothing, and nobody else restarts it. */
const INTERVAL_MS = { clamav: 10_000, yara: 2000 } as const;
/** How soon one that went away is tried again; then twice as late every time, up to its interval. */
const RETRY_MS = 500;

/**
 * The engines of a service, which come and go. The breaker of each: while it fails, no file waits for it (scan workers are
 * told that it is away), and one probe at a time tries whether it works again.
 */
export class EngineWatch {
  readonly #options: EngineWatchOptions;
  #choice: EngineChoice;
  #hashSets: HashSetsState | null = null;
  readonly #ended = new AbortController();
  readonly #loops: Promise<void>[];
  #state: Engines;
  #endpoints: EngineEndpoints;
  #child: YaraChild | null;

  private constructor(
    options: EngineWatchOptions,
    state: Engines,
    endpoints: EngineEndpoints,
    child: YaraChild | null,
  ) {
    this.#options = options;
    this.#choice = options.choice;
    this.#state = state;
    this.#endpoints = endpoints;
    this.#child = child;
    const { choice } = options;
    this.#loops = [
      ...(choice.clamd === null ? [] : [this.#watch('clamav', async () => this.#askClamav())]),
      ...(choice.yara === null ? [] : [this.#watch('yara', async () => this.#askYara())]),
    ];
  }

  /** Resolves once each was asked. Throws BL_RULES for rules that cannot be read. */
  static async start(options: EngineWatchOptions): Promise<EngineWatch> {
    const [clamav, yara] = await Promise.all([findClamav(options.choice), startYara(options.choice)]);
    return new EngineWatch(
      options,
      { clamav: clamav.state, yara: yara.state },
      { clamd: clamav.endpoint, yara: yara.endpoint },
      yara.child,
    );
  }

  /** As they were when last asked. */
  get state(): Engines {
    return this.#hashSets === null ? this.#state : { ...this.#state, hash_sets: this.#hashSets };
  }

  /** Who answers now: YARA is asked, whose rules may have been read again since it was last looked at. */
  async now(): Promise<EnginesNow> {
    const { yara: wanted } = this.#choice;
    const asked =
      typeof wanted === 'object' && wanted !== null ? await probeYara(wanted) : await this.#child?.state();
    return {
      state: { clamav: this.#state.clamav, yara: asked ?? this.#state.yara },
      endpoints: this.#endpoints,
    };
  }

  /** What is now known by its hash: part of what reports say of engines. */
  setHashSets(state: HashSetsState | null): void {
    this.#hashSets = state;
  }

  /**
   * Has our own child's rules read again, by another one that takes its place once it has compiled them. Resolves to why the
   * rules before stay in force; null: they were replaced, or are another service's. `fewer`: they may be many fewer.
   */
  async readRulesAgain(rules: readonly string[], fewer: boolean): Promise<string | null> {
    if (this.#choice.yara !== 'embedded') return null;
    const choice = { ...this.#choice, rules };
    const before = this.#state.yara;
    let started: Awaited<ReturnType<typeof startYara>>;
    try {
      started = await startYara(choice);
    } catch (error) {
      return inWords(error);
    }
    const { child, state, endpoint } = started;
    const few = fewer ? null : tooFew(before.rules, state.rules);
    const refused = state.status === 'failed' ? (state.detail ?? 'the engine does not start') : few;
    if (refused !== null || this.#ended.signal.aborted) {
      await child?.close();
      return refused;
    }
    const old = this.#child;
    this.#choice = choice;
    this.#child = child;
    this.#saw({ yara: state }, { yara: endpoint });
    // It finishes what it is at.
    await old?.close();
    return null;
  }

  get endpoints(): EngineEndpoints {
    return this.#endpoints;
  }

  /** Each that is wanted answers. */
  get all_up(): boolean {
    return ENGINES.every((name) => isUp(this.#state[name].status) || this.#state[name].status === 'off');
  }

  pids(): readonly number[] {
    return this.#child?.pids() ?? [];
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#loops);
    await this.#child?.close();
  }

  async #watch(name: EngineName, ask: () => Promise<void>): Promise<void> {
    const interval = INTERVAL_MS[name];
    let failures = 0;
    for (;;) {
      failures = isUp(this.#state[name].status) ? 0 : failures + 1;
      const pause = failures === 0 ? interval : Math.min(interval, RETRY_MS * 2 ** Math.min(failures, 20));
      try {
        // Between half and all of it: many services would otherwise ask one engine in step.
        await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal: this.#ended.signal });
      } catch {
        return; // Closed.
      }
      await ask();
    }
  }

  async #askClamav(): Promise<void> {
    const { state, endpoint } = await findClamav(this.#options.choice);
    this.#saw({ clamav: state }, { clamd: endpoint });
  }

  async #askYara(): Promise<void> {
    const choice = this.#choice;
    if (choice.yara !== null && choice.yara !== 'embedded') {
      const state = await probeYara(choice.yara);
      this.#saw({ yara: state }, { yara: state.status === 'failed' ? away(state) : choice.yara });
      return;
    }
    const current = this.#child;
    const asked = (await current?.state()) ?? null;
    // Another one took its place meanwhile.
    if (this.#child !== current) return;
    if (asked !== null && asked.status !== 'failed') {
      this.#saw({ yara: asked }, {});
      return;
    }
    // It died or hangs: another one takes its place.
    if (asked !== null) this.#saw({ yara: asked }, { yara: away(asked) });
    await this.#child?.close();
    this.#child = null;
    if (this.#ended.signal.aborted) return;
    const { child, state, endpoint } = await this.#startAgain();
    this.#child = child;
    this.#saw({ yara: state }, { yara: endpoint });
  }

  async #startAgain(): ReturnType<typeof startYara> {
    try {
      return await startYara(this.#choice);
    } catch {
      // Its rules cannot be read just now: tried again like everything else.
      const { yara } = this.#state;
      return { child: null, state: yara, endpoint: away(yara) };
    }
  }

  #saw(state: Partial<Engines>, endpoints: Partial<EngineEndpoints>): void {
    const before = this.#state;
    this.#state = { ...this.#state, ...state };
    for (const name of ENGINES) {
      const { status, detail } = this.#state[name];
      if (status !== before[name].status && !this.#ended.signal.aborted) {
        this.#options.changed(name, status, detail);
      }
    }
    const next = { ...this.#endpoints, ...endpoints };
    if (JSON.stringify(next) === JSON.stringify(this.#endpoints)) return;
    this.#endpoints = next;
    this.#options.moved(next);
  }
}

function tooFew(before: number, now: number): string | null {
  if (!areManyFewer(before, now)) return null;
  return `${now} rules where ${before} were in force: more than a tenth would be gone; a restart loads them all the same`;
}

export function isUp(status: EngineStatus): boolean {
  return status === 'ok' || status === 'unproven';
}

function away({ detail }: ClamavState | YaraState): {
  readonly away: 'engine_failed';
  readonly detail: string;
} {
  return { away: 'engine_failed', detail: detail ?? 'it failed' };
}
