import type { ConnectionPool } from './connection-pool.ts';
import type { ClamdConnection } from './connection.ts';
import { HeldBytes } from './held-bytes.ts';
import { END_OF_STREAM, chunksOf } from './instream.ts';
import type { ClamdTimeouts } from './timeouts.ts';
import { type Verdict, awaitVerdict } from './verdict.ts';

/** Smaller pieces of a long stream are gathered to this. */
const GATHERED_BYTES = 64 * 1024;
/** Kept back of a long stream, to be sent byte by byte while the producer rests: 256 × 10 s is over 40 minutes. */
const KEPT_FOR_DRIPS = 256;

/** One INSTREAM that is fed while its bytes go past. It owns its connection until `end` or `drop`. */
export class LongStream {
  readonly #connection: ClamdConnection;
  readonly #pool: ConnectionPool;
  readonly #timeouts: ClamdTimeouts;
  readonly #held = new HeldBytes(GATHERED_BYTES, GATHERED_BYTES);
  #begun = false;
  #cut = false;
  #dripTimer: NodeJS.Timeout | undefined;
  #dripping: Promise<void> | null = null;

  constructor(connection: ClamdConnection, pool: ConnectionPool, timeouts: ClamdTimeouts) {
    this.#connection = connection;
    this.#pool = pool;
    this.#timeouts = timeouts;
  }

  /** False once nothing more can be sent; `end` then tells why. The chunk is not kept. */
  async write(chunk: Buffer): Promise<boolean> {
    if (this.#cut) return false;
    if (this.#held.add(chunk)) return true;
    const kept = Math.max(0, chunk.length - KEPT_FOR_DRIPS);
    await this.#send([...chunksOf(this.#held.bytes), ...chunksOf(chunk.subarray(0, kept))]);
    this.#held.replace(chunk.subarray(kept));
    return !this.#cut;
  }

  /** What clamd says of it. `replyMs`: how long it may take after the last byte. */
  async end(replyMs: number): Promise<Verdict> {
    if (!this.#cut) await this.#send([...chunksOf(this.#held.bytes), END_OF_STREAM], true);
    clearTimeout(this.#dripTimer);
    const verdict = await awaitVerdict(this.#connection, this.#cut ? this.#timeouts.cut_reply_ms : replyMs);
    if (verdict.kind === 'clean' || verdict.kind === 'found') this.#pool.giveBack(this.#connection);
    else this.#pool.drop(this.#connection);
    return verdict;
  }

  /** Lets go at once; whoever waits for it is told that the connection was given up. */
  drop(): void {
    clearTimeout(this.#dripTimer);
    this.#pool.drop(this.#connection);
  }

  async #send(parts: readonly Buffer[], last = false): Promise<void> {
    await this.#dripping;
    clearTimeout(this.#dripTimer);
    const begin = this.#begun ? [] : [this.#connection.begin('INSTREAM')];
    this.#begun = true;
    this.#cut = !(await this.#connection.send([...begin, ...parts], this.#timeouts.stall_ms, last));
    if (!this.#cut && !last) this.#dripLater();
  }

  #dripLater(): void {
    this.#dripTimer = setTimeout(() => this.#drip(), this.#timeouts.drip_ms).unref();
  }

  /** The next drip waits for this one to be taken: a connection sends one thing at a time. */
  #drip(): void {
    const first = this.#held.takeFirst();
    if (first.length === 0) return;
    this.#dripping = (async () => {
      if (await this.#connection.send(chunksOf(first), this.#timeouts.stall_ms, false)) this.#dripLater();
    })();
  }
}
