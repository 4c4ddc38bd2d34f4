import { LastBytes } from '../../bytes/index.ts';
import type { Outcome } from '../analyzer.ts';
import { noted, type ClamdAccess } from './access.ts';
import { LongStream } from './long-stream.ts';
import { joined, missed, outcomeOf } from './outcome.ts';

const MIB = 1024 * 1024;
/** What neighbouring windows share at most: a signature that spans up to this is found wherever it lies. */
const OVERLAP_BYTES = 256 * 1024;

/** A long artifact as clamd sees it: in one stream as far as clamd is proven to look, then in windows that overlap. */
export class WindowedExamination {
  readonly #access: ClamdAccess;
  /** Bytes in one stream. */
  readonly #window: number;
  readonly #last: LastBytes;
  readonly #signal: AbortSignal;
  #stream: LongStream | null = null;
  /** Bytes of the present stream that were in none before, and all that it has. */
  #fresh = 0;
  #sent = 0;
  #windows = 0;
  #outcome: Outcome | null = null;
  /** No more is wanted: it failed, it found something, or it was stopped. */
  #over = false;

  constructor(access: ClamdAccess, window: number, signal: AbortSignal) {
    this.#access = access;
    this.#signal = signal;
    this.#window = window;
    this.#last = new LastBytes(Math.min(OVERLAP_BYTES, window / 4));
  }

  async write(chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0 && !this.#over;) {
      if (this.#sent === this.#window) await this.#endWindow();
      const stream = this.#over ? null : (this.#stream ?? (await this.#begin()));
      if (stream === null || this.#over) return;
      const piece = rest.subarray(0, this.#window - this.#sent);
      rest = rest.subarray(piece.length);
      this.#sent += piece.length;
      this.#fresh += piece.length;
      this.#last.push(piece);
      if (!(await stream.write(piece))) await this.#endWindow();
    }
  }

  /** `size`: of the whole artifact, in bytes. */
  async end(size: number): Promise<Outcome> {
    if (!this.#over) await this.#endWindow();
    const outcome = this.#outcome ?? missed('timed_out', 'the scan was stopped before clamd answered');
    return this.#windows > 1 && outcome.inspected_bytes > 0
      ? { ...outcome, windowed: true }
      : bounded(outcome, size);
  }

  drop(): void {
    this.#over = true;
    this.#stream?.drop();
    this.#stream = null;
  }

  /** A new connection for each: it could not be sent again if an idle one turned out to be dead. */
  async #begin(): Promise<LongStream | null> {
    const { pool, timeouts, address } = this.#access;
    const connection = await pool.open();
    if ('refused' in connection) {
      // Of an artifact that clamd has seen the beginning of, this is no absence to be tolerated.
      const reason = this.#windows === 0 ? connection.reason : 'engine_failed';
      this.#hear(missed(reason, `clamd at ${address}: ${connection.refused}`), false);
      return null;
    }
    if (this.#over) {
      pool.drop(connection);
      return null;
    }
    const stream = new LongStream(connection, pool, timeouts);
    this.#stream = stream;
    this.#windows++;
    this.#fresh = 0;
    this.#sent = 0;
    if (this.#windows > 1) {
      const overlap = this.#last.bytes;
      this.#sent = overlap.length;
      await stream.write(overlap);
    }
    return stream;
  }

  async #endWindow(): Promise<void> {
    const stream = this.#stream;
    if (stream === null) return;
    const { timeouts, address, pressure } = this.#access;
    const replyMs = timeouts.reply_ms + Math.ceil(this.#sent / MIB) * timeouts.reply_ms_per_mib;
    // Until it is its turn the stream rests, and is kept alive.
    const verdict = await pressure.inTurn(this.#signal, async () => {
      const since = performance.now();
      return noted(this.#access, await stream.end(replyMs), since);
    });
    if (verdict === null || this.#stream === null) return; // It was let go meanwhile.
    this.#stream = null;
    const judged = verdict.kind === 'clean' || verdict.kind === 'found';
    this.#hear(outcomeOf(verdict, this.#fresh, address), judged);
    this.#sent = 0;
  }

  /** Goes on after what says something of one window only. */
  #hear(outcome: Outcome, judged: boolean): void {
    this.#outcome = this.#outcome === null ? outcome : joined(this.#outcome, outcome);
    this.#over ||= !judged || outcome.claims.length > 0;
  }
}

/** A size limit names the artifact's bytes, and not only those that had been sent when it struck. */
function bounded(outcome: Outcome, size: number): Outcome {
  const misses = outcome.misses.map((miss) => (miss.bytes === null ? miss : { ...miss, bytes: size }));
  return { ...outcome, misses };
}
