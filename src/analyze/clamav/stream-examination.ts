import type { GapReason } from '../../domain/index.ts';
import type { Examination, Outcome, Subject } from '../analyzer.ts';
import type { Breaker } from './breaker.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { ClamdConnection } from './connection.ts';
import { HeldBytes } from './held-bytes.ts';
import { END_OF_STREAM, chunksOf } from './instream.ts';
import { missed, outcomeOf } from './outcome.ts';
import type { ClamdTimeouts } from './timeouts.ts';
import { type Verdict, awaitVerdict, streamWhole } from './verdict.ts';

const MIB = 1024 * 1024;
/** What fits is sent whole at its end, in one system call, and can be sent again. */
const MAX_WHOLE_BYTES = MIB;
/** Smaller pieces of a long stream are gathered to this. */
const GATHERED_BYTES = 64 * 1024;
/** Kept back of a long stream, to be sent byte by byte while the producer rests: 256 × 10 s is over 40 minutes. */
const KEPT_FOR_DRIPS = 256;

/** What all examinations of one analyzer share. */
export interface ClamdAccess {
  readonly pool: ConnectionPool;
  readonly timeouts: ClamdTimeouts;
  /** For people. */
  readonly address: string;
  /** Opens when several artifacts in a row had no answer in time. */
  readonly hangs: Breaker;
}

/** Why clamd does not judge an artifact; its size is known only at the end. */
type Ending = (bytes: number) => Outcome;

const NOTHING_HELD = new HeldBytes(0, 0);
const STOPPED: Ending = () => missed('timed_out', 'the scan was stopped before clamd answered');

/** One artifact on its way to clamd. */
export class StreamExamination implements Examination {
  readonly #access: ClamdAccess;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.abort();
  #held: HeldBytes;
  /** Of a long stream, from its first bytes on; a small artifact has one only in `end`. */
  #connection: ClamdConnection | null = null;
  #ending: Ending | null = null;
  #size = 0;
  #dripTimer: NodeJS.Timeout | undefined;
  #dripping: Promise<void> | null = null;

  constructor(access: ClamdAccess, subject: Subject) {
    this.#access = access;
    const long = subject.size !== null && subject.size > MAX_WHOLE_BYTES;
    this.#held = new HeldBytes(long ? GATHERED_BYTES : MAX_WHOLE_BYTES, long ? GATHERED_BYTES : subject.size);
    this.#signal = subject.signal;
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    if (this.#signal.aborted) this.abort();
  }

  write(chunk: Buffer): Promise<void> | void {
    this.#size += chunk.length;
    if (this.#ending !== null || this.#held.add(chunk)) return;
    return this.#stream(chunk);
  }

  async end(): Promise<Outcome> {
    const ending =
      this.#ending ?? (await (this.#connection === null ? this.#sendWhole() : this.#endStream()));
    // What stopped it meanwhile explains a broken connection better than the connection does.
    const outcome = (this.#ending ?? ending)(this.#size);
    this.#letGo(STOPPED);
    return outcome;
  }

  abort(): void {
    this.#letGo(STOPPED);
  }

  /** Sends all that is held and all of `chunk` but its last bytes. */
  async #stream(chunk: Buffer): Promise<void> {
    if (this.#connection === null) await this.#beginStream();
    if (this.#connection === null) return;
    const kept = Math.max(0, chunk.length - KEPT_FOR_DRIPS);
    const sent = await this.#send([...chunksOf(this.#held.bytes), ...chunksOf(chunk.subarray(0, kept))]);
    if (sent) this.#held.replace(chunk.subarray(kept));
    else this.#ending ??= await this.#verdict(this.#access.timeouts.cut_reply_ms);
  }

  /** A long stream gets a new connection: it could not be sent again if an idle one turned out to be dead. */
  async #beginStream(): Promise<void> {
    this.#ending ??= this.#hung();
    if (this.#ending !== null) return;
    const connection = await this.#access.pool.open();
    if ('refused' in connection) this.#ending ??= this.#missed('engine_unavailable', connection.refused);
    else if (this.#ending === null) this.#connection = connection;
    else this.#access.pool.drop(connection);
    if ('refused' in connection || this.#connection === null) return;
    await this.#send([connection.begin('INSTREAM'), ...chunksOf(this.#held.bytes)]);
    this.#held = new HeldBytes(GATHERED_BYTES, GATHERED_BYTES);
  }

  async #endStream(): Promise<Ending> {
    const { cut_reply_ms } = this.#access.timeouts;
    const complete = await this.#send([...chunksOf(this.#held.bytes), END_OF_STREAM], true);
    return this.#verdict(complete ? this.#replyMs() : cut_reply_ms);
  }

  async #send(parts: readonly Buffer[], last = false): Promise<boolean> {
    await this.#dripping;
    const connection = this.#connection;
    if (connection === null) return false;
    clearTimeout(this.#dripTimer);
    const sent = await connection.send(parts, this.#access.timeouts.stall_ms, last);
    if (sent && !last) this.#dripLater();
    return sent;
  }

  #dripLater(): void {
    this.#dripTimer = setTimeout(() => this.#drip(), this.#access.timeouts.drip_ms).unref();
  }

  /** The next drip waits for this one to be taken: a connection sends one thing at a time. */
  #drip(): void {
    const connection = this.#connection;
    const first = this.#held.takeFirst();
    if (connection === null || first.length === 0) return;
    this.#dripping = (async () => {
      if (await connection.send(chunksOf(first), this.#access.timeouts.stall_ms, false)) this.#dripLater();
    })();
  }

  /** What clamd says of the stream, and what becomes of its connection. */
  async #verdict(deadlineMs: number): Promise<Ending> {
    const connection = this.#connection;
    if (connection === null) return STOPPED;
    const verdict = await awaitVerdict(connection, deadlineMs);
    this.#connection = null;
    clearTimeout(this.#dripTimer);
    return this.#settle(connection, verdict);
  }

  /** An idle connection may have died unseen: then the artifact is sent once more, over a new one. */
  async #sendWhole(): Promise<Ending> {
    const { pool, timeouts } = this.#access;
    if (this.#size === 0) return () => outcomeOf({ kind: 'clean' }, 0, this.#access.address);
    const hung = this.#hung();
    if (hung !== null) return hung;
    const deadlines = { ...timeouts, reply_ms: this.#replyMs() };
    const idle = pool.takeIdle();
    if (idle !== null) {
      this.#connection = idle;
      const verdict = await streamWhole(idle, this.#held.bytes, deadlines);
      this.#connection = null;
      if (this.#ending !== null || (verdict.kind !== 'stale' && verdict.kind !== 'gone')) {
        return this.#settle(idle, verdict);
      }
      pool.drop(idle);
    }
    const connection = await pool.open();
    // It has seen the bytes once: that it is away now may be their doing, and is no absence to be tolerated.
    if ('refused' in connection) {
      return this.#missed(idle === null ? 'engine_unavailable' : 'engine_failed', connection.refused);
    }
    if (this.#ending !== null) {
      pool.drop(connection);
      return this.#ending;
    }
    this.#connection = connection;
    const verdict = await streamWhole(connection, this.#held.bytes, deadlines);
    this.#connection = null;
    return this.#settle(connection, verdict);
  }

  #settle(connection: ClamdConnection, verdict: Verdict): Ending {
    const { pool, hangs, address } = this.#access;
    const judged = verdict.kind === 'clean' || verdict.kind === 'found';
    if (judged || verdict.kind === 'error') hangs.worked();
    if (verdict.kind === 'late') hangs.failed('it left the last artifacts unanswered and is not asked');
    if (judged) pool.giveBack(connection);
    else pool.drop(connection);
    return (bytes) => outcomeOf(verdict, bytes, address);
  }

  #hung(): Ending | null {
    const why = this.#access.hangs.blocked();
    return why === null ? null : this.#missed('engine_failed', why);
  }

  #missed(reason: GapReason, detail: string): Ending {
    return () => missed(reason, `clamd at ${this.#access.address}: ${detail}`);
  }

  #replyMs(): number {
    const { reply_ms, reply_ms_per_mib } = this.#access.timeouts;
    return reply_ms + Math.ceil(this.#size / MIB) * reply_ms_per_mib;
  }

  #letGo(why: Ending): void {
    this.#ending ??= why;
    clearTimeout(this.#dripTimer);
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#held = NOTHING_HELD;
    if (this.#connection !== null) this.#access.pool.drop(this.#connection);
    this.#connection = null;
  }
}
