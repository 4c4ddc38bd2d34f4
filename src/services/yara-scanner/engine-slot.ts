import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BuiltRules } from './build-rules.ts';
import { EngineChild } from './engine-child.ts';
import { ANSWER, ASK, type Load } from './engine-wire.ts';
import { giveBack } from './give-back.ts';
import { failed, type Question } from './scan-question.ts';

/** Past the native time-out, which normally comes first: reading 65 MiB from a slow disk, the reply. */
const HANG_MARGIN_MS = 3000;
/** To start, and to load what is compiled. */
const LOAD_MS = 60_000;
const MAX_BACKOFF_MS = 5000;
/** Starts in a row without one good answer between, after which nobody counts on it. */
const MANY_FAILURES = 5;
const PROGRAM = new URL(
  import.meta.url.endsWith('.ts') ? './engine-process.ts' : './engine-process.js',
  import.meta.url,
);
/** Small heaps: an engine keeps rules and buffers outside of JavaScript's. */
const FLAGS = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning'];

export interface SlotOptions {
  readonly scanTimeoutMs: number;
  /** A process was started, or has ended. */
  readonly onPids: () => void;
  /** It can take a question. */
  readonly onFree: () => void;
  /** The process ended with this question in it; `hung`: it was made to. */
  readonly onUnanswered: (question: Question, hung: boolean) => void;
  /** It ended without being meant to. */
  readonly onDeath: (why: 'hung' | 'died') => void;
  /** It has ended; false: no other is to take its place. `meant`: other rules are in force. */
  readonly onEnd: (slot: EngineSlot, meant: boolean) => boolean;
}

/** The place of one engine process: it is started, loads rules, has one question at a time, is watched and replaced. */
export class EngineSlot {
  readonly #options: SlotOptions;
  #child: EngineChild | null;
  #ready = false;
  #question: Question | null = null;
  /** When the current question, or loading, has to be done; 0: it was not, and the process is ended. */
  #deadline = Number.POSITIVE_INFINITY;
  #failures = 0;
  #restart: NodeJS.Timeout | null = null;
  /** What it loads or has loaded. */
  #rules: BuiltRules | null;
  /** It ends after its present question: other rules are in force. */
  #stale = false;
  #closed = false;
  /** Told once whether it came to be ready. */
  #onLoaded: ((loaded: boolean) => void) | null = null;

  constructor(options: SlotOptions, rules: BuiltRules | null) {
    this.#options = options;
    this.#rules = rules;
    this.#child = this.#start();
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get ready(): boolean {
    return this.#ready;
  }

  get scanning(): boolean {
    return this.#question !== null;
  }

  /** Ready, idle, and with the rules in force. */
  get free(): boolean {
    return this.#ready && this.#question === null && !this.#stale;
  }

  /** Other rules than its own are in force. */
  get outdated(): boolean {
    return this.#stale;
  }

  /** It was started in vain so often that nobody counts on it. */
  get hopeless(): boolean {
    return !this.#ready && this.#failures >= MANY_FAILURES;
  }

  /** The first rules. */
  use(rules: BuiltRules): void {
    this.#rules = rules;
    if (this.#child !== null) void this.#load(this.#child);
  }

  /** Resolves to whether it could load its rules; if not, it ends. Asked once, at its start. */
  loaded(): Promise<boolean> {
    return new Promise((resolve) => (this.#onLoaded = resolve));
  }

  /** Other rules are in force: it finishes what it has, and another takes its place. */
  outdate(rules: BuiltRules): void {
    this.#stale = true;
    this.#rules = rules;
    if (this.#child === null) this.#ended();
    else if (this.#question === null) this.#child.hangUp();
  }

  /** Only when it is free. */
  async run(question: Question): Promise<void> {
    const [child, rules] = [this.#child, this.#rules];
    if (child === null || rules === null) return;
    this.#question = question;
    this.#deadline = performance.now() + this.#options.scanTimeoutMs + HANG_MARGIN_MS;
    const answer = await child.ask(question.kind, question.payload, question.about);
    // Ended: #ended has taken care of the question.
    if (answer === null) return;
    this.#question = null;
    this.#failures = 0;
    giveBack(question.payload);
    const text = answer.kind === ANSWER.matches ? '' : answer.payload.toString();
    if (answer.kind === ANSWER.matches) question.answer({ ok: true, body: answer.payload, rules: rules.id });
    else if (answer.kind === ANSWER.timedOut) question.answer(failed('timed_out', text));
    else if (answer.kind === ANSWER.changed) question.answer(failed('changed', text));
    else question.answer(failed('unreadable', text));
    if (this.#stale) child.hangUp();
    this.#options.onFree();
  }

  endIfLate(now: number): void {
    const busy = this.#question !== null || (!this.#ready && this.#rules !== null);
    if (this.#child === null || !busy || now < this.#deadline) return;
    this.#deadline = 0;
    this.#child.kill();
  }

  /** Resolves when its process is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRestart();
    const child = this.#child;
    if (child === null) return;
    if (this.#question === null && (this.#ready || this.#rules === null)) child.hangUp();
    else child.kill();
    const late = setTimeout(() => child.kill(), 1000);
    await child.ended;
    clearTimeout(late);
  }

  #start(): EngineChild {
    const engine = spawn(process.execPath, [...FLAGS, fileURLToPath(PROGRAM)], {
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const child = new EngineChild(engine, () => this.#ended());
    this.#stale = false;
    if (this.#rules !== null) void this.#load(child);
    return child;
  }

  #startAgain(): void {
    this.#restart = null;
    this.#child = this.#start();
    this.#options.onPids();
  }

  async #load(child: EngineChild): Promise<void> {
    const rules = this.#rules;
    if (rules === null) return;
    this.#deadline = performance.now() + LOAD_MS;
    const { engine, set, report } = rules;
    const load: Load = { engine, scanTimeoutMs: this.#options.scanTimeoutMs, reads: report.reads };
    const answer = await child.ask(ASK.load, [set], Buffer.from(JSON.stringify(load)));
    if (answer === null) return;
    if (this.#stale) return child.hangUp();
    this.#ready = true;
    this.#tellLoaded(true);
    this.#options.onFree();
  }

  #ended(): void {
    const question = this.#question;
    const hung = this.#deadline === 0;
    const stale = this.#stale;
    this.#child = null;
    this.#ready = false;
    this.#question = null;
    if (question !== null) this.#options.onUnanswered(question, hung);
    if (this.#tellLoaded(false)) return this.#options.onPids();
    if (this.#closed) return;
    if (stale) this.#failures = 0;
    else {
      this.#failures++;
      this.#options.onDeath(hung ? 'hung' : 'died');
    }
    this.#options.onPids();
    this.#cancelRestart();
    if (!this.#options.onEnd(this, stale)) return;
    // The first replacement at once; then twice as long each time, while nothing works in between.
    const wait = this.#failures <= 1 ? 0 : Math.min(MAX_BACKOFF_MS, 100 * 2 ** Math.min(this.#failures, 10));
    this.#restart = setTimeout(() => this.#startAgain(), wait);
  }

  /** Whether somebody waited for that. */
  #tellLoaded(loaded: boolean): boolean {
    const told = this.#onLoaded;
    this.#onLoaded = null;
    told?.(loaded);
    return told !== null;
  }

  #cancelRestart(): void {
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#restart = null;
  }
}
