import { ASK } from './engine-wire.ts';
import type { Question } from './scan-question.ts';

const MAX_WAITING = 4096;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** For an engine, while rules may still be compiled. */
const WAIT_MS = 180_000;
/** An engine is given so many small ones at a time: to it and back costs as much as scanning ten of them. */
const MAX_TOGETHER = 64;
const MAX_TOGETHER_BYTES = 256 * 1024;
const SMALL_BYTES = 32 * 1024;

interface Waiting {
  readonly question: Question;
  readonly until: number;
}

/** The scans that wait for an engine, in order; so many, so large and so long. */
export class ScanQueue {
  #waiting: Waiting[] = [];
  #bytes = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** False when there is no room for one more. */
  add(question: Question): boolean {
    if (this.#waiting.length >= MAX_WAITING || this.#bytes + question.bytes > MAX_WAITING_BYTES) return false;
    this.#waiting.push({ question, until: performance.now() + WAIT_MS });
    this.#bytes += question.bytes;
    return true;
  }

  /** One that was taken and not answered: before all others, whether there is room or not. */
  putBack(question: Question): void {
    this.#waiting.unshift({ question, until: performance.now() + WAIT_MS });
    this.#bytes += question.bytes;
  }

  /** What an engine is given next: one, or several small ones; none when nothing waits for it. `engines`: that are free. */
  take({ large, engines }: { readonly large: boolean; readonly engines: number }): readonly Question[] {
    const most = Math.min(MAX_TOGETHER, Math.ceil(this.#waiting.length / engines));
    const at = large ? 0 : this.#waiting.findIndex(({ question }) => !question.large);
    const [first] = at === -1 ? [] : this.#waiting.splice(at, 1);
    if (first === undefined) return [];
    let bytes = first.question.bytes;
    let count = 0;
    if (goesWithOthers(first.question)) {
      for (const { question } of this.#waiting.slice(at, at + most - 1)) {
        if (!goesWithOthers(question) || bytes + question.bytes > MAX_TOGETHER_BYTES) break;
        bytes += question.bytes;
        count++;
      }
    }
    this.#bytes -= bytes;
    const others = this.#waiting.splice(at, count);
    return [first, ...others].map(({ question }) => question);
  }

  /** Those that have waited too long. */
  takeLate(): readonly Question[] {
    const now = performance.now();
    if (!this.#waiting.some(({ until }) => now > until)) return [];
    const late = this.#waiting.filter(({ until }) => now > until);
    this.#waiting = this.#waiting.filter(({ until }) => now <= until);
    return late.map(({ question }) => {
      this.#bytes -= question.bytes;
      return question;
    });
  }

  takeAll(): readonly Question[] {
    const all = this.#waiting.map(({ question }) => question);
    this.#waiting = [];
    this.#bytes = 0;
    return all;
  }
}

function goesWithOthers({ kind, bytes, alone, died }: Question): boolean {
  return kind === ASK.bytes && bytes <= SMALL_BYTES && !alone && !died;
}
