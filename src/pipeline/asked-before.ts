import type { Analyzer, Outcome, Subject } from '../analyze/index.ts';
import { HELD_BYTES } from './held-bytes.ts';
import type { Asked, FromWorker, Judged, KeptJudge, VerdictSetup } from './protocol.ts';

/** What is told at once; what came to less waits for the end of its file. */
const TOLD_AT_ONCE = 64;
/** The parent answers from a table; one that does not is busy, and the engine is asked. In ms. */
const ANSWER_MS = 5000;

/** What engines have said of the same bytes before, as the parent knows it. The worker itself keeps nothing. */
export class AskedBefore {
  readonly #tell: (message: FromWorker) => void;
  #kept: VerdictSetup | null;
  readonly #fresh: boolean;
  readonly #line: Line;

  constructor(
    tell: (message: FromWorker) => void,
    kept: VerdictSetup | null = null,
    fresh = false,
    line?: Line,
  ) {
    this.#tell = tell;
    this.#kept = kept;
    this.#fresh = fresh;
    this.#line = line ?? new Line();
  }

  /** From now on, for the next files. */
  heed(kept: VerdictSetup | null): void {
    this.#kept = kept;
  }

  /** As whoever judges stands now: a file is finished as it was begun. Null: nothing is kept. */
  forJob(fresh: boolean): AskedBefore | null {
    return this.#kept === null ? null : new AskedBefore(this.#tell, this.#kept, fresh, this.#line);
  }

  isKept(analyzer: Analyzer): boolean {
    return analyzer.beside !== undefined && this.#judgeOf(analyzer.id) !== undefined;
  }

  ask(analyzer: Analyzer, subject: Subject, sha256: string, size: number): Asked {
    const kept = this.#judgeOf(analyzer.id);
    if (kept === undefined) throw new Error(`nothing is kept of what ${analyzer.id} says`);
    const beside = kept.beside ? (analyzer.beside?.(subject) ?? '') : '';
    return { engine: analyzer.id, judge: kept.judge, sha256, size, beside };
  }

  /** By analyzer. Never rejects. */
  async find(asked: readonly Asked[]): Promise<ReadonlyMap<string, Outcome>> {
    if (this.#fresh) return new Map();
    const heard = await this.#line.ask((id) => this.#tell({ type: 'ask', id, asked }));
    const outcomes = typeof heard === 'boolean' ? [] : heard;
    return new Map(
      asked.flatMap(({ engine }, index) => {
        const outcome = outcomes[index];
        return outcome == null ? [] : [[engine, outcome] as const];
      }),
    );
  }

  /** Whether some content of that size was judged. Never rejects. */
  async mayKnow(size: number): Promise<boolean> {
    if (this.#fresh || size <= HELD_BYTES) return false;
    return (await this.#line.ask((id) => this.#tell({ type: 'ask_size', id, size }))) === true;
  }

  /** What was not examined is never kept (ATTACKS A1, A3): another time it may be. */
  keep(judged: Judged): void {
    if (judged.outcome.misses.length > 0) return;
    this.#line.judged.push(judged);
    if (this.#line.judged.length >= TOLD_AT_ONCE) this.tell();
  }

  tell(): void {
    if (this.#line.judged.length === 0) return;
    this.#tell({ type: 'judged', judged: this.#line.judged.splice(0) });
  }

  hear(id: number, heard: Heard): void {
    this.#line.hear(id, heard);
  }

  #judgeOf(id: string): KeptJudge | undefined {
    return this.#kept !== null && Object.hasOwn(this.#kept, id) ? this.#kept[id] : undefined;
  }
}

/** What engines said of contents, in the order in which they were asked about; or whether a size is known. */
type Heard = readonly (Outcome | null)[] | boolean;

/** Questions under way, of all files of a worker. */
class Line {
  readonly judged: Judged[] = [];
  readonly #waiting = new Map<number, (heard: Heard) => void>();
  #next = 0;

  async ask(send: (id: number) => void): Promise<Heard> {
    const id = this.#next++;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.hear(id, []), ANSWER_MS);
      this.#waiting.set(id, (heard) => {
        clearTimeout(late);
        resolve(heard);
      });
      send(id);
    });
  }

  hear(id: number, heard: Heard): void {
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    answer?.(heard);
  }
}
