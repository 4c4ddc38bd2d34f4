import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Externals } from '../../analyze/yara/load-engine.ts';
import type { YaraErrorCode } from '../../contracts/index.ts';
import type { RejectedRule } from '../../domain/index.ts';
import type { BuiltRules } from './build-rules.ts';
import { EngineChild } from './engine-child.ts';
import { ANSWER, ASK, MAX_ABOUT_BYTES, type AskKind, type FileWindow, type Load } from './engine-wire.ts';

/** What is scanned by one engine only, so that the large buffers of several do not add up. */
const LARGE_BYTES = 8 * 1024 * 1024;
const MAX_WAITING = 256;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** Past the native time-out, which normally comes first: reading 65 MiB from a slow disk, the reply. */
const HANG_MARGIN_MS = 3000;
/** To start, and to load what is compiled. */
const LOAD_MS = 60_000;
/** For an engine, while rules may still be compiled. */
const WAIT_MS = 180_000;
const MAX_BACKOFF_MS = 5000;
/** Starts in a row without one good answer between; then questions are refused at once, until one start works. */
const MANY_FAILURES = 5;
const WATCH_MS = 250;
const PROGRAM = new URL(
  import.meta.url.endsWith('.ts') ? './engine-process.ts' : './engine-process.js',
  import.meta.url,
);

export interface PoolOptions {
  readonly engines: number;
  readonly scanTimeoutMs: number;
  /** Told whenever a process was started or has ended. */
  readonly onPids: (pids: readonly number[]) => void;
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

/** `body` is the 200's, as the engine wrote it; `rules` says which were in force. */
export type ScanAnswer =
  | { readonly ok: true; readonly body: Buffer; readonly rules: string }
  | { readonly ok: false; readonly code: YaraErrorCode; readonly message: string };

interface Question {
  readonly kind: AskKind;
  readonly payload: Buffer;
  readonly about: Buffer;
  readonly large: boolean;
  readonly waitsUntil: number;
  readonly answer: (answer: ScanAnswer) => void;
  /** An engine has died with it. */
  died: boolean;
}

interface Slot {
  child: EngineChild | null;
  ready: boolean;
  question: Question | null;
  /** When the current question, or loading, has to be done. */
  deadline: number;
  failures: number;
  restart: NodeJS.Timeout | null;
  /** What it loads or has loaded. */
  rules: BuiltRules | null;
  /** It ends after its present question: other rules are in force. */
  stale: boolean;
  /** Told once whether it came to be ready. */
  onLoaded: ((loaded: boolean) => void) | null;
}

/**
 * Engine processes, and the questions that wait for them. An engine that dies or hangs is replaced; the question
 * that was in it is asked once more (each engine has one at a time, so it is alone), then answered as failed.
 *
 * Other rules come into force at once and everywhere: one more engine loads them, and from then on no question goes to
 * an engine with the old ones. Those finish what they have and are replaced, so that never more than one set too many
 * is in memory.
 */
export class EnginePool {
  readonly #options: PoolOptions;
  #slots: Slot[] = [];
  #waiting: Question[] = [];
  #waitingBytes = 0;
  /** In force; null while none were ever ready. */
  #rules: BuiltRules | null = null;
  /** Why there are none, for good. */
  #failed: string | null = null;
  #closing = false;
  readonly #watch: NodeJS.Timeout;
  #onReady: (() => void)[] = [];

  /** Starts the processes, which then wait for rules. */
  constructor(options: PoolOptions) {
    this.#options = options;
    for (let n = 0; n < options.engines; n++) {
      const slot = newSlot(null);
      this.#slots.push(slot);
      this.#start(slot);
    }
    this.#watch = setInterval(() => this.#endWhatHangs(), WATCH_MS);
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
    return this.#waiting.length;
  }

  /** Engines that are in a scan. */
  get scanning(): number {
    return this.#slots.filter(({ question }) => question !== null).length;
  }

  pids(): readonly number[] {
    return this.#slots.flatMap(({ child }) => child?.pid ?? []);
  }

  /**
   * Puts these rules in force. Resolves to whether that worked: where engines cannot load them, those that were in
   * force stay.
   */
  async use(rules: BuiltRules): Promise<boolean> {
    this.#failed = null;
    if (this.#rules === null) {
      this.#rules = rules;
      for (const slot of this.#slots) {
        slot.rules = rules;
        if (slot.child !== null) void this.#load(slot, slot.child);
      }
      await this.ready();
      return !this.#hopeless;
    }
    const first = newSlot(rules);
    const loaded = new Promise<boolean>((resolve) => (first.onLoaded = resolve));
    this.#slots.push(first);
    this.#start(first);
    if (!(await loaded)) {
      this.#remove(first);
      return false;
    }
    this.#rules = rules;
    for (const slot of this.#slots) {
      if (slot === first) continue;
      slot.stale = true;
      slot.rules = rules;
      if (slot.child === null) this.#ended(slot);
      else if (slot.question === null) slot.child.hangUp();
    }
    this.#dispatch();
    return true;
  }

  /** There are no rules, and will be none. */
  giveUp(why: string): void {
    this.#failed = why;
    this.#tellReady();
    this.#refuseWaiting();
  }

  scanBytes(bytes: Buffer, about: Externals | null = null): Promise<ScanAnswer> {
    const told = about === null ? NOTHING : Buffer.from(JSON.stringify(about));
    // What is too long to be told is left out; a rule then sees no name.
    const fits = told.length <= MAX_ABOUT_BYTES ? told : NOTHING;
    return this.#told(bytes.length, this.#ask(ASK.bytes, bytes, fits, false));
  }

  scanWindow(window: FileWindow): Promise<ScanAnswer> {
    const large = window.length > LARGE_BYTES;
    const payload = Buffer.from(JSON.stringify(window));
    return this.#told(window.length, this.#ask(ASK.window, payload, NOTHING, large));
  }

  /** Answers what still waits as failed and ends every process. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearInterval(this.#watch);
    for (const question of this.#waiting) question.answer(failed('busy', 'the scanner is shutting down'));
    this.#waiting = [];
    const ends = this.#slots.map(async (slot) => {
      if (slot.restart !== null) clearTimeout(slot.restart);
      const { child } = slot;
      if (child === null) return;
      if (slot.question === null && (slot.ready || slot.rules === null)) child.hangUp();
      else child.kill();
      const late = setTimeout(() => child.kill(), 1000);
      await child.ended;
      clearTimeout(late);
    });
    await Promise.all(ends);
  }

  get #hopeless(): boolean {
    return (
      this.#failed !== null || this.#slots.every(({ ready, failures }) => !ready && failures >= MANY_FAILURES)
    );
  }

  #ask(kind: AskKind, payload: Buffer, about: Buffer, large: boolean): Promise<ScanAnswer> {
    if (this.#closing) return Promise.resolve(failed('busy', 'the scanner is shutting down'));
    if (this.#hopeless) return Promise.resolve(failed('engine_failed', this.#failed ?? NO_START));
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes + payload.length > MAX_WAITING_BYTES) {
      return Promise.resolve(failed('busy', 'too many scans are waiting'));
    }
    const waitsUntil = performance.now() + WAIT_MS;
    return new Promise((answer) => {
      this.#waiting.push({ kind, payload, about, large, waitsUntil, answer, died: false });
      this.#waitingBytes += payload.length;
      this.#dispatch();
    });
  }

  async #told(bytes: number, asked: Promise<ScanAnswer>): Promise<ScanAnswer> {
    const { onAnswer } = this.#options;
    if (onAnswer === undefined) return asked;
    const began = performance.now();
    const answer = await asked;
    onAnswer(bytes, answer, performance.now() - began);
    return answer;
  }

  #dispatch(): void {
    const current = this.#slots.filter(({ stale }) => !stale);
    for (const [index, slot] of current.entries()) {
      if (this.#waiting.length === 0) return;
      if (!slot.ready || slot.question !== null) continue;
      // Large ones belong to the first engine.
      const next = index === 0 ? 0 : this.#waiting.findIndex(({ large }) => !large);
      const [question] = next === -1 ? [] : this.#waiting.splice(next, 1);
      if (question === undefined) continue;
      this.#waitingBytes -= question.payload.length;
      void this.#run(slot, question);
    }
  }

  async #run(slot: Slot, question: Question): Promise<void> {
    const { child, rules } = slot;
    if (child === null || rules === null) return;
    slot.question = question;
    slot.deadline = performance.now() + this.#options.scanTimeoutMs + HANG_MARGIN_MS;
    const answer = await child.ask(question.kind, question.payload, question.about);
    // Ended: #ended has taken care of the question.
    if (answer === null) return;
    slot.question = null;
    slot.failures = 0;
    const text = answer.kind === ANSWER.matches ? '' : answer.payload.toString();
    if (answer.kind === ANSWER.matches) question.answer({ ok: true, body: answer.payload, rules: rules.id });
    else if (answer.kind === ANSWER.timedOut) question.answer(failed('timed_out', text));
    else if (answer.kind === ANSWER.changed) question.answer(failed('changed', text));
    else question.answer(failed('unreadable', text));
    if (slot.stale) child.hangUp();
    this.#dispatch();
  }

  #start(slot: Slot): void {
    slot.restart = null;
    const engine = spawn(process.execPath, [...ENGINE_FLAGS, fileURLToPath(PROGRAM)], {
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const child = new EngineChild(engine, () => this.#ended(slot));
    slot.child = child;
    slot.stale = false;
    this.#options.onPids(this.pids());
    if (slot.rules !== null) void this.#load(slot, child);
  }

  async #load(slot: Slot, child: EngineChild): Promise<void> {
    const { rules } = slot;
    if (rules === null) return;
    slot.deadline = performance.now() + LOAD_MS;
    const { engine, set, report } = rules;
    const load: Load = { engine, scanTimeoutMs: this.#options.scanTimeoutMs, reads: report.reads };
    const answer = await child.ask(ASK.load, set, Buffer.from(JSON.stringify(load)));
    if (answer === null) return;
    if (slot.stale) return child.hangUp();
    slot.ready = true;
    slot.onLoaded?.(true);
    slot.onLoaded = null;
    this.#tellReady();
    this.#dispatch();
  }

  #ended(slot: Slot): void {
    const { question, stale } = slot;
    const hung = slot.deadline === 0;
    slot.child = null;
    slot.ready = false;
    slot.question = null;
    if (question !== null) this.#retry(question, hung);
    if (slot.onLoaded !== null) {
      // Rules that were to be put in force, and cannot be loaded.
      slot.onLoaded(false);
      slot.onLoaded = null;
      this.#options.onPids(this.pids());
      return;
    }
    if (this.#closing) return;
    if (stale && this.#slots.length > this.#options.engines) return this.#remove(slot);
    if (stale) slot.failures = 0;
    else {
      slot.failures++;
      this.#options.onDeath?.(hung ? 'hung' : 'died');
    }
    this.#options.onPids(this.pids());
    if (slot.restart !== null) clearTimeout(slot.restart);
    // The first replacement at once; then twice as long each time, while nothing works in between.
    const wait = slot.failures <= 1 ? 0 : Math.min(MAX_BACKOFF_MS, 100 * 2 ** Math.min(slot.failures, 10));
    slot.restart = setTimeout(() => this.#start(slot), wait);
    if (!this.#hopeless) return;
    this.#tellReady();
    this.#refuseWaiting();
  }

  #remove(slot: Slot): void {
    if (slot.restart !== null) clearTimeout(slot.restart);
    this.#slots = this.#slots.filter((one) => one !== slot);
    this.#options.onPids(this.pids());
  }

  #retry(question: Question, hung: boolean): void {
    if (hung) question.answer(failed('timed_out', 'the scan did not end and its process was stopped'));
    else if (question.died || this.#closing) {
      question.answer(failed('engine_failed', 'the YARA engine died on this, twice'));
    } else {
      question.died = true;
      this.#waiting.unshift(question);
      this.#waitingBytes += question.payload.length;
      this.#dispatch();
    }
  }

  #refuseWaiting(): void {
    for (const waiting of this.#waiting.splice(0)) {
      waiting.answer(failed('engine_failed', this.#failed ?? NO_START));
    }
    this.#waitingBytes = 0;
  }

  #endWhatHangs(): void {
    const now = performance.now();
    for (const slot of this.#slots) {
      const busy = slot.question !== null || (!slot.ready && slot.rules !== null);
      if (slot.child === null || !busy || now < slot.deadline) continue;
      slot.deadline = 0;
      slot.child.kill();
    }
    const late = this.#waiting.filter(({ waitsUntil }) => now > waitsUntil);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.filter(({ waitsUntil }) => now <= waitsUntil);
    for (const question of late) {
      this.#waitingBytes -= question.payload.length;
      question.answer(failed('busy', 'no engine was free in time'));
    }
  }

  #tellReady(): void {
    for (const resolve of this.#onReady.splice(0)) resolve();
  }
}

const NOTHING = Buffer.alloc(0);
const NO_START = 'the YARA engine does not start';
/** Small heaps: an engine keeps rules and buffers outside of JavaScript's. */
const ENGINE_FLAGS = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning'];

function newSlot(rules: BuiltRules | null): Slot {
  return {
    child: null,
    ready: false,
    question: null,
    deadline: Number.POSITIVE_INFINITY,
    failures: 0,
    restart: null,
    rules,
    stale: false,
    onLoaded: null,
  };
}

function failed(code: YaraErrorCode, message: string): ScanAnswer {
  return { ok: false, code, message };
}
