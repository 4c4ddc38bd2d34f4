import { MAX_ABOUT_BYTES, type Externals } from '../../analyze/yara/load-engine.ts';
import type { RejectedRule } from '../../domain/index.ts';
import type { BuiltRules } from './build-rules.ts';
import { EngineSlot } from './engine-slot.ts';
import { ASK, type FileWindow } from './engine-wire.ts';
import { failed, type Asked, type Question, type ScanAnswer } from './scan-question.ts';
import { ScanQueue } from './scan-queue.ts';

/** What is scanned by one engine only, so that the large buffers of several do not add up. */
const LARGE_BYTES = 8 * 1024 * 1024;
const WATCH_MS = 250;

export interface PoolOptions {
  readonly engines: number;
  readonly scanTimeoutMs: number;
  readonly watcher: PoolWatcher;
}

export interface PoolWatcher {
  /** Told whenever a process was started or has ended. */
  readonly onPids?: (pids: readonly number[]) => void;
  /** Told of every answer. */
  readonly onAnswer?: (bytes: number, answer: ScanAnswer, durationMs: number) => void;
  /** Told when an engine ended that was not meant to. */
  readonly onDeath?: (why: 'hung' | 'died') => void;
}

export interface RulesState {
  readonly version: string | null;
  readonly rules: number;
  readonly ruleFiles: number;
  readonly rejected: readonly RejectedRule[];
  readonly sha256: string | null;
  /** The external variables that the rules read. */
  readonly reads: readonly string[];
}

/**
 * Engine processes, and the questions that wait for them. An engine that dies or hangs is replaced. Small questions go to
 * one together; those that were in an engine when it ended are asked again one by one, and one that was alone in it is asked
 * once more, then answered as failed. When none starts any more, questions are refused at once, until one does.
 *
 * Other rules come into force at once and everywhere: one more engine loads them, and from then on no question goes to
 * an engine with the old ones. Those finish what they have and are replaced, so that never more than one set too many
 * is in memory.
 */
export class EnginePool {
  readonly #options: PoolOptions;
  readonly #queue = new ScanQueue();
  #slots: EngineSlot[] = [];
  /** In force; null while none were ever ready. */
  #rules: BuiltRules | null = null;
  /** Why there are none, for good. */
  #failed: string | null = null;
  #closing = false;
  #willDispatch = false;
  readonly #watch: NodeJS.Timeout;
  #onReady: (() => void)[] = [];

  /** Starts the processes, which then wait for rules. */
  constructor(options: PoolOptions) {
    this.#options = options;
    for (let n = 0; n < options.engines; n++) this.#addSlot(null);
    this.#watch = setInterval(() => this.#endWhatIsLate(), WATCH_MS);
  }

  /** Resolves when there are rules to scan with, or when there will be none (`state().version` is null then). */
  ready(): Promise<void> {
    if (this.#hopeless || this.#slots.some(({ ready }) => ready)) return Promise.resolve();
    return new Promise((resolve) => this.#onReady.push(resolve));
  }

  state(): RulesState {
    const rules = this.#hopeless ? null : this.#rules;
    return {
      version: rules?.version ?? null,
      rules: rules?.report.rules ?? 0,
      ruleFiles: rules?.report.ruleFiles ?? 0,
      rejected: rules?.rejected ?? [],
      sha256: rules?.sha256 ?? null,
      reads: rules?.report.reads ?? [],
    };
  }

  /** The id of the rules in force. */
  get rulesId(): string | null {
    return this.#rules?.id ?? null;
  }

  /** Scans that wait for an engine. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Engines that are in a scan. */
  get scanning(): number {
    return this.#slots.filter(({ scanning }) => scanning).length;
  }

  pids(): readonly number[] {
    return this.#slots.flatMap(({ pid }) => pid ?? []);
  }

  /**
   * Puts these rules in force. Resolves to whether that worked: where engines cannot load them, those that were in
   * force stay.
   */
  async use(rules: BuiltRules): Promise<boolean> {
    this.#failed = null;
    if (this.#rules === null) {
      this.#rules = rules;
      for (const slot of this.#slots) slot.use(rules);
      await this.ready();
      return !this.#hopeless;
    }
    const first = this.#addSlot(rules);
    if (!(await first.loaded())) {
      this.#remove(first);
      return false;
    }
    this.#rules = rules;
    for (const slot of this.#slots) if (slot !== first) slot.outdate(rules);
    this.#dispatch();
    return true;
  }

  /** There are no rules, and will be none. */
  giveUp(why: string): void {
    this.#failed = why;
    this.#tellReady();
    this.#refuseWaiting();
  }

  /** The pieces are the pool's from now on, and empty once they are scanned. */
  scanBytes(pieces: readonly Buffer[], about: Externals | null = null): Promise<ScanAnswer> {
    const told = about === null ? NOTHING : Buffer.from(JSON.stringify(about));
    // What is too long to be told is left out; a rule then sees no name.
    const fits = told.length <= MAX_ABOUT_BYTES ? told : NOTHING;
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    return this.#ask({ kind: ASK.bytes, payload: pieces, bytes, about: fits, large: false }, bytes);
  }

  scanWindow(window: FileWindow): Promise<ScanAnswer> {
    const large = window.length > LARGE_BYTES;
    const payload = Buffer.from(JSON.stringify(window));
    const question = { kind: ASK.window, payload: [payload], bytes: payload.length, about: NOTHING, large };
    return this.#ask(question, window.length);
  }

  /** Answers what still waits as failed and ends every process. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearInterval(this.#watch);
    for (const { answer } of this.#queue.takeAll()) answer(failed('busy', SHUTTING_DOWN));
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  get #hopeless(): boolean {
    return this.#failed !== null || this.#slots.every(({ hopeless }) => hopeless);
  }

  /** `scanned`: bytes that it is about. */
  async #ask(asked: Asked, scanned: number): Promise<ScanAnswer> {
    const began = performance.now();
    const answer = await this.#answerTo(asked);
    this.#options.watcher.onAnswer?.(scanned, answer, performance.now() - began);
    return answer;
  }

  #answerTo(asked: Asked): Promise<ScanAnswer> {
    if (this.#closing) return Promise.resolve(failed('busy', SHUTTING_DOWN));
    if (this.#hopeless) return Promise.resolve(failed('engine_failed', this.#failed ?? NO_START));
    return new Promise((answer) => {
      if (this.#queue.add({ ...asked, answer, alone: false, died: false })) this.#dispatchSoon();
      else answer(failed('busy', 'too many scans are waiting'));
    });
  }

  /** When all that comes in this turn of the event loop waits: small ones are given away together. */
  #dispatchSoon(): void {
    if (this.#willDispatch) return;
    this.#willDispatch = true;
    setImmediate(() => {
      this.#willDispatch = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    let engines = this.#slots.filter(({ free }) => free).length;
    for (const [index, slot] of this.#slots.filter(({ outdated }) => !outdated).entries()) {
      if (this.#queue.length === 0) return;
      if (!slot.free) continue;
      // Large ones belong to the first engine.
      const questions = this.#queue.take({ large: index === 0, engines: engines-- });
      slot.run(questions);
    }
  }

  #addSlot(rules: BuiltRules | null): EngineSlot {
    const slot = new EngineSlot(
      {
        scanTimeoutMs: this.#options.scanTimeoutMs,
        onPids: () => this.#options.watcher.onPids?.(this.pids()),
        onFree: () => {
          this.#tellReady();
          this.#dispatch();
        },
        onUnanswered: (questions, how) => this.#retry(questions, how),
        onDeath: (why) => this.#options.watcher.onDeath?.(why),
        onEnd: (ended, meant) => this.#onEnd(ended, meant),
      },
      rules,
    );
    this.#slots.push(slot);
    this.#options.watcher.onPids?.(this.pids());
    return slot;
  }

  /** Whether another process takes its place. */
  #onEnd(slot: EngineSlot, meant: boolean): boolean {
    if (meant && this.#slots.length > this.#options.engines) {
      this.#remove(slot);
      return false;
    }
    if (this.#hopeless) {
      this.#tellReady();
      this.#refuseWaiting();
    }
    return true;
  }

  #remove(slot: EngineSlot): void {
    this.#slots = this.#slots.filter((one) => one !== slot);
    this.#options.watcher.onPids?.(this.pids());
  }

  #retry(
    questions: readonly Question[],
    { hung, together }: { readonly hung: boolean; readonly together: boolean },
  ): void {
    const [only] = questions;
    if (this.#closing) for (const { answer } of questions) answer(failed('engine_failed', SHUTTING_DOWN));
    // It was one of them, and nobody knows which.
    else if (only === undefined || together) this.#putBackAlone(questions);
    else if (hung) only.answer(failed('timed_out', 'the scan did not end and its process was stopped'));
    else if (only.died) only.answer(failed('engine_failed', 'the YARA engine died on this, twice'));
    else this.#queue.putBack(Object.assign(only, { died: true }));
    this.#dispatch();
  }

  #putBackAlone(questions: readonly Question[]): void {
    for (const question of questions.toReversed()) {
      this.#queue.putBack(Object.assign(question, { alone: true }));
    }
  }

  #refuseWaiting(): void {
    for (const { answer } of this.#queue.takeAll()) answer(failed('engine_failed', this.#failed ?? NO_START));
  }

  #endWhatIsLate(): void {
    const now = performance.now();
    for (const slot of this.#slots) slot.endIfLate(now);
    if (this.#slots.some(({ free }) => free)) {
      for (const slot of this.#slots) this.#putBackAlone(slot.takeBack(now));
      this.#dispatch();
    }
    for (const { answer } of this.#queue.takeLate()) answer(failed('busy', 'no engine was free in time'));
  }

  #tellReady(): void {
    for (const resolve of this.#onReady.splice(0)) resolve();
  }
}

const NOTHING = Buffer.alloc(0);
const NO_START = 'the YARA engine does not start';
const SHUTTING_DOWN = 'the scanner is shutting down';
