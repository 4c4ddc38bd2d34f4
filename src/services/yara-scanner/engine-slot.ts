import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { programFile } from '../../domain/index.ts';
import type { BuiltRules } from './build-rules.ts';
import { EngineChild, type EngineAnswer } from './engine-child.ts';
import { ANSWER, ASK, type Load } from './engine-wire.ts';
import { giveBack } from './give-back.ts';
import { failed, type Question } from './scan-question.ts';

/** Past the native time-out, which normally comes first: reading 65 MiB from a slow disk, the reply. */
const HANG_MARGIN_MS = 3000;
/** Small ones take a tenth of a ms. */
const SLOW_MS = 100;
/** To start, and to load what is compiled. */
const LOAD_MS = 60_000;
const MAX_BACKOFF_MS = 5000;
/** Starts in a row without one good answer between, after which nobody counts on it. */
const MANY_FAILURES = 5;
const PROGRAM = programFile('services/yara-scanner/engine-process');
/** Small heaps: an engine keeps rules and buffers outside of JavaScript's. */
const FLAGS = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning'];

export interface SlotOptions {
  readonly scanTimeoutMs: number;
  /** A process was started, or has ended. */
  readonly onPids: () => void;
  /** It can take a question. */
  readonly onFree: () => void;
  /** The process ended with these questions in it. `hung`: it was made to; `together`: it had been given others with them. */
  readonly onUnanswered: (
    questions: readonly Question[],
    how: { readonly hung: boolean; readonly together: boolean },
  ) => void;
  /** It ended without being meant to. */
  readonly onDeath: (why: 'hung' | 'died') => void;
  /** It has ended; false: no other is to take its place. `meant`: other rules are in force. */
  readonly onEnd: (slot: EngineSlot, meant: boolean) => boolean;
}

/** The place of one engine process: it is started, loads rules, has one question or a few small ones, is watched and replaced. */
export class EngineSlot {
  readonly #options: SlotOptions;
  #child: EngineChild | null;
  #ready = false;
  /** In it, in the order in which they are answered; null: another engine was asked meanwhile. */
  readonly #questions: (Question | null)[] = [];
  /** It was given several at once. */
  #together = false;
  /** When it was given them, or last answered, of performance.now(). */
  #heardAt = 0;
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
    return this.#questions.length > 0;
  }

  /** Ready, idle, and with the rules in force. */
  get free(): boolean {
    return this.#ready && this.#questions.length === 0 && !this.#stale;
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
    else if (!this.scanning) this.#child.hangUp();
  }

  /** Only when it is free. */
  run(questions: readonly Question[]): void {
    const [child, rules] = [this.#child, this.#rules];
    if (child === null || rules === null || questions.length === 0) return;
    this.#questions.push(...questions);
    this.#together = questions.length > 1;
    this.#wait();
    for (const answer of child.askAll(questions)) void this.#await(answer, rules.id);
  }

  async #await(answer: Promise<EngineAnswer | null>, rules: string): Promise<void> {
    const given = await answer;
    // Ended: #ended has taken care of the question.
    if (given !== null) this.#hear(given, rules);
  }

  /** For the first of those in it. */
  #wait(): void {
    this.#heardAt = performance.now();
    this.#deadline = this.#heardAt + this.#options.scanTimeoutMs + HANG_MARGIN_MS;
  }

  /** Questions that stand behind one that takes long: they are another engine's from now on. */
  takeBack(now: number): readonly Question[] {
    if (this.#questions.length < 2 || now - this.#heardAt < SLOW_MS) return [];
    const behind = this.#questions.splice(1);
    this.#questions.push(...behind.map(() => null));
    return behind.filter((question) => question !== null);
  }

  #hear(given: EngineAnswer, rules: string): void {
    const question = this.#questions.shift();
    this.#failures = 0;
    this.#wait();
    if (question !== undefined && question !== null) this.#answer(question, given, rules);
    if (this.scanning) return;
    if (this.#stale) this.#child?.hangUp();
    this.#options.onFree();
  }

  #answer({ payload, answer, alone }: Question, given: EngineAnswer, rules: string): void {
    // What was taken back may still be on its way to the engine that had it.
    if (!alone) giveBack(payload);
    const text = given.kind === ANSWER.matches ? '' : given.payload.toString();
    if (given.kind === ANSWER.matches) answer({ ok: true, body: given.payload, rules });
    else if (given.kind === ANSWER.timedOut) answer(failed('timed_out', text));
    else if (given.kind === ANSWER.changed) answer(failed('changed', text));
    else answer(failed('unreadable', text));
  }

  endIfLate(now: number): void {
    const busy = this.scanning || (!this.#ready && this.#rules !== null);
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
    if (!this.scanning && (this.#ready || this.#rules === null)) child.hangUp();
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
    const questions = this.#questions.splice(0).filter((question) => question !== null);
    const together = this.#together;
    const hung = this.#deadline === 0;
    const stale = this.#stale;
    this.#child = null;
    this.#ready = false;
    if (questions.length > 0) this.#options.onUnanswered(questions, { hung, together });
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
