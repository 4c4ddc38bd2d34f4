import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { YaraErrorCode } from '../../contracts/index.ts';
import type { RejectedRule } from '../../domain/index.ts';
import type { EngineChoice } from '../../analyze/yara/load-engine.ts';
import { EngineChild } from './engine-child.ts';
import {
  ANSWER,
  ASK,
  MAX_LOAD_BYTES,
  type AskKind,
  type Compiled,
  type FileWindow,
  type Load,
} from './engine-wire.ts';
import type { RuleSources } from './rule-files.ts';

/** What is scanned by one engine only, so that the large buffers of several do not add up. */
const LARGE_BYTES = 8 * 1024 * 1024;
const MAX_WAITING = 256;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** Past the native time-out, which normally comes first: reading 65 MiB from a slow disk, the reply. */
const HANG_MARGIN_MS = 3000;
const COMPILE_MS = 120_000;
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
  readonly engine: EngineChoice;
  /** Told whenever a process was started or has ended. */
  readonly onPids: (pids: readonly number[]) => void;
  /** Told of every answer. */
  readonly onAnswer?: (bytes: number, answer: ScanAnswer, durationMs: number) => void;
}

export interface RulesState {
  readonly version: string | null;
  readonly rules: number;
  readonly ruleFiles: number;
  readonly rejected: readonly RejectedRule[];
  readonly sha256: string | null;
}

/** `body` is the 200's, as the engine wrote it. */
export type ScanAnswer =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly code: YaraErrorCode; readonly message: string };

interface Question {
  readonly kind: AskKind;
  readonly payload: Buffer;
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
  /** When the current question, or compiling, has to be done. */
  deadline: number;
  failures: number;
  restart: NodeJS.Timeout | null;
}

/**
 * Engine processes, and the questions that wait for them. An engine that dies or hangs is replaced; the question
 * that was in it is asked once more (each engine has one at a time, so it is alone), then answered as failed.
 */
export class EnginePool {
  readonly #options: PoolOptions;
  readonly #load: Buffer;
  readonly #sources: RuleSources;
  readonly #slots: Slot[] = [];
  #waiting: Question[] = [];
  #waitingBytes = 0;
  #compiled: Compiled | null = null;
  #closing = false;
  readonly #watch: NodeJS.Timeout;
  #onReady: (() => void)[] = [];

  constructor(sources: RuleSources, options: PoolOptions) {
    this.#options = options;
    this.#sources = sources;
    const load: Load = {
      files: sources.files,
      engine: options.engine,
      scanTimeoutMs: options.scanTimeoutMs,
    };
    this.#load = Buffer.from(JSON.stringify(load));
    if (this.#load.length > MAX_LOAD_BYTES) throw new RangeError('the rules are too large');
    for (let n = 0; n < options.engines; n++) {
      const slot: Slot = {
        child: null,
        ready: false,
        question: null,
        deadline: 0,
        failures: 0,
        restart: null,
      };
      this.#slots.push(slot);
      this.#start(slot);
    }
    this.#watch = setInterval(() => this.#endWhatHangs(), WATCH_MS);
  }

  /** Resolves when the rules are compiled, or when that has failed for good (`state().version` is null then). */
  ready(): Promise<void> {
    if (this.#compiled !== null || this.#hopeless) return Promise.resolve();
    return new Promise((resolve) => this.#onReady.push(resolve));
  }

  state(): RulesState {
    const compiled = this.#compiled;
    return {
      version: compiled?.version ?? null,
      rules: compiled?.rules ?? 0,
      ruleFiles: compiled?.ruleFiles ?? 0,
      rejected: [...this.#sources.rejected, ...(compiled?.rejected ?? [])],
      sha256: this.#sources.sha256,
    };
  }

  /** Scans that wait for an engine. */
  get waiting(): number {
    return this.#waiting.length;
  }

  pids(): readonly number[] {
    return this.#slots.flatMap(({ child }) => child?.pid ?? []);
  }

  scanBytes(bytes: Buffer): Promise<ScanAnswer> {
    return this.#told(bytes.length, this.#ask(ASK.bytes, bytes, false));
  }

  scanWindow(window: FileWindow): Promise<ScanAnswer> {
    const large = window.length > LARGE_BYTES;
    return this.#told(window.length, this.#ask(ASK.window, Buffer.from(JSON.stringify(window)), large));
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
      if (slot.question === null && slot.ready) child.hangUp();
      else child.kill();
      const late = setTimeout(() => child.kill(), 1000);
      await child.ended;
      clearTimeout(late);
    });
    await Promise.all(ends);
  }

  get #hopeless(): boolean {
    return this.#slots.every(({ ready, failures }) => !ready && failures >= MANY_FAILURES);
  }

  #ask(kind: AskKind, payload: Buffer, large: boolean): Promise<ScanAnswer> {
    if (this.#closing) return Promise.resolve(failed('busy', 'the scanner is shutting down'));
    if (this.#hopeless) return Promise.resolve(failed('engine_failed', 'the YARA engine does not start'));
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes + payload.length > MAX_WAITING_BYTES) {
      return Promise.resolve(failed('busy', 'too many scans are waiting'));
    }
    const waitsUntil = performance.now() + COMPILE_MS;
    return new Promise((answer) => {
      this.#waiting.push({ kind, payload, large, waitsUntil, answer, died: false });
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
    for (const [index, slot] of this.#slots.entries()) {
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
    const { child } = slot;
    if (child === null) return;
    slot.question = question;
    slot.deadline = performance.now() + this.#options.scanTimeoutMs + HANG_MARGIN_MS;
    const answer = await child.ask(question.kind, question.payload);
    // Ended: #ended has taken care of the question.
    if (answer === null) return;
    slot.question = null;
    slot.failures = 0;
    const text = answer.kind === ANSWER.matches ? '' : answer.payload.toString();
    if (answer.kind === ANSWER.matches) question.answer({ ok: true, body: answer.payload });
    else if (answer.kind === ANSWER.timedOut) question.answer(failed('timed_out', text));
    else if (answer.kind === ANSWER.changed) question.answer(failed('changed', text));
    else question.answer(failed('unreadable', text));
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
    slot.deadline = performance.now() + COMPILE_MS;
    this.#options.onPids(this.pids());
    void this.#compile(slot, child);
  }

  async #compile(slot: Slot, child: EngineChild): Promise<void> {
    const answer = await child.ask(ASK.load, this.#load);
    if (answer === null) return;
    const compiled: Compiled = JSON.parse(answer.payload.toString());
    this.#compiled ??= compiled;
    slot.ready = true;
    this.#tellReady();
    this.#dispatch();
  }

  #ended(slot: Slot): void {
    const { question } = slot;
    const hung = slot.deadline === 0;
    slot.child = null;
    slot.ready = false;
    slot.question = null;
    slot.failures++;
    this.#options.onPids(this.pids());
    if (question !== null) this.#retry(question, hung);
    if (this.#closing) return;
    // The first replacement at once; then twice as long each time, while nothing works in between.
    const wait = slot.failures === 1 ? 0 : Math.min(MAX_BACKOFF_MS, 100 * 2 ** Math.min(slot.failures, 10));
    slot.restart = setTimeout(() => this.#start(slot), wait);
    if (this.#hopeless) {
      this.#tellReady();
      for (const waiting of this.#waiting.splice(0)) {
        waiting.answer(failed('engine_failed', 'the YARA engine does not start'));
      }
      this.#waitingBytes = 0;
    }
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

  #endWhatHangs(): void {
    const now = performance.now();
    for (const slot of this.#slots) {
      const busy = slot.question !== null || !slot.ready;
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

/** Small heaps: an engine keeps rules and buffers outside of JavaScript's. */
const ENGINE_FLAGS = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning'];

function failed(code: YaraErrorCode, message: string): ScanAnswer {
  return { ok: false, code, message };
}
