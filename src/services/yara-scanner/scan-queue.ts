import type { Question } from './scan-question.ts';

const MAX_WAITING = 256;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** For an engine, while rules may still be compiled. */
const WAIT_MS = 180_000;

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

  take({ large }: { readonly large: boolean }): Question | null {
    const at = large ? 0 : this.#waiting.findIndex(({ question }) => !question.large);
    const [next] = at === -1 ? [] : this.#waiting.splice(at, 1);
    if (next === undefined) return null;
    this.#bytes -= next.question.bytes;
    return next.question;
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
