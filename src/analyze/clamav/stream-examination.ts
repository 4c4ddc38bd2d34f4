import type { GapReason } from '../../domain/index.ts';
import type { Examination, Outcome, Subject } from '../analyzer.ts';
import { noted, type ClamdAccess } from './access.ts';
import type { ClamdConnection } from './connection.ts';
import { HeldBytes } from './held-bytes.ts';
import { joined, missed, outcomeOf } from './outcome.ts';
import { SMALL_BYTES } from './proven-size.ts';
import { type Verdict, streamWhole } from './verdict.ts';
import { WindowedExamination } from './windowed-examination.ts';

const MIB = 1024 * 1024;
/** What fits is sent whole at its end, in one system call, and can be sent again. */
const MAX_WHOLE_BYTES = MIB;

const NOTHING_HELD = new HeldBytes(0, 0);
const STOPPED = missed('timed_out', 'the scan was stopped before clamd answered');

/** One artifact on its way to clamd. */
export class StreamExamination implements Examination {
  readonly #access: ClamdAccess;
  readonly #signal: AbortSignal;
  readonly #expected: number | null;
  readonly #onAbort = () => this.abort();
  #held: HeldBytes;
  /** Of a long artifact, once it is known to be one. */
  #long: WindowedExamination | null = null;
  /** Of a small one, in `end`. */
  #connection: ClamdConnection | null = null;
  #outcome: Outcome | null = null;
  #size = 0;

  constructor(access: ClamdAccess, subject: Subject) {
    this.#access = access;
    this.#expected = subject.size;
    const long = subject.size !== null && subject.size > MAX_WHOLE_BYTES;
    const whole = subject.source?.bytes ?? null;
    this.#held =
      whole !== null && !long
        ? HeldBytes.of(whole)
        : new HeldBytes(long ? 0 : MAX_WHOLE_BYTES, long ? 0 : subject.size);
    this.#signal = subject.signal;
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    if (this.#signal.aborted) this.abort();
  }

  write(chunk: Buffer): Promise<void> | void {
    this.#size += chunk.length;
    if (this.#outcome !== null) return;
    if (this.#long !== null) return this.#long.write(chunk);
    if (this.#held.add(chunk)) return;
    return this.#goLong(chunk);
  }

  async end(): Promise<Outcome> {
    const outcome =
      this.#outcome ?? (await (this.#long === null ? this.#endHeld() : this.#long.end(this.#size)));
    // What stopped it meanwhile explains a broken connection better than the connection does.
    const said = this.#outcome ?? outcome;
    this.#letGo();
    const { stale } = this.#access;
    return stale === null || said.claims.length > 0
      ? said
      : joined(said, missed('engine_unavailable', stale));
  }

  abort(): void {
    this.#letGo();
  }

  async #goLong(chunk: Buffer): Promise<void> {
    const window = await this.#access.sizes.window(this.#expected);
    if (this.#outcome !== null) return;
    this.#long = new WindowedExamination(this.#access, window, this.#signal);
    const held = this.#held.bytes;
    this.#held = NOTHING_HELD;
    await this.#long.write(held);
    await this.#long.write(chunk);
  }

  async #endHeld(): Promise<Outcome> {
    const { pressure, sizes, address } = this.#access;
    if (this.#size === 0) return outcomeOf({ kind: 'clean' }, 0, address);
    if (this.#size > SMALL_BYTES) {
      const window = await sizes.window(this.#size);
      if (this.#outcome !== null) return this.#outcome;
      if (window < this.#size) {
        this.#long = new WindowedExamination(this.#access, window, this.#signal);
        await this.#long.write(this.#held.bytes);
        return this.#long.end(this.#size);
      }
    }
    return (await pressure.inTurn(this.#signal, async () => this.#sendWhole())) ?? STOPPED;
  }

  async #sendWhole(): Promise<Outcome> {
    if (this.#outcome !== null) return this.#outcome;
    return this.#size <= SMALL_BYTES ? this.#sendAmongOthers() : this.#sendOverIdle();
  }

  /** What happened to a session says nothing of one stream in it: that is then asked again, alone. */
  async #sendAmongOthers(): Promise<Outcome> {
    const { small, address } = this.#access;
    const since = performance.now();
    const verdict = await small.judge(this.#held.bytes, this.#signal);
    if (verdict === null) return this.#sendAlone(false);
    if ('refused' in verdict) return this.#missed(verdict.reason, verdict.refused);
    if (verdict.kind === 'unclear') return this.#outcome ?? this.#sendAlone(true);
    return outcomeOf(noted(this.#access, verdict, since), this.#size, address);
  }

  /** An idle connection may have died unseen: then the artifact is sent once more, over a new one. */
  async #sendOverIdle(): Promise<Outcome> {
    const idle = this.#access.pool.takeIdle();
    if (idle === null) return this.#sendAlone(false);
    const verdict = await this.#streamOver(idle);
    if (this.#outcome !== null || (verdict.kind !== 'stale' && verdict.kind !== 'gone')) {
      return this.#settle(idle, verdict);
    }
    this.#access.pool.drop(idle);
    return this.#sendAlone(true);
  }

  /** Over a new connection of its own. `again`: clamd may have seen its bytes. */
  async #sendAlone(again: boolean): Promise<Outcome> {
    const { pool } = this.#access;
    const connection = await pool.open();
    // That it is away now may be their doing, and is no absence to be tolerated.
    if ('refused' in connection) {
      return this.#missed(again ? 'engine_failed' : connection.reason, connection.refused);
    }
    if (this.#outcome !== null) {
      pool.drop(connection);
      return this.#outcome;
    }
    return this.#settle(connection, await this.#streamOver(connection));
  }

  async #streamOver(connection: ClamdConnection): Promise<Verdict> {
    const { timeouts } = this.#access;
    const deadlines = { ...timeouts, reply_ms: timeouts.reply_ms + timeouts.reply_ms_per_mib };
    this.#connection = connection;
    const since = performance.now();
    const verdict = await streamWhole(connection, this.#held.bytes, deadlines);
    this.#connection = null;
    return noted(this.#access, verdict, since);
  }

  #settle(connection: ClamdConnection, verdict: Verdict): Outcome {
    const { pool, address } = this.#access;
    const judged = verdict.kind === 'clean' || verdict.kind === 'found';
    if (judged) pool.giveBack(connection);
    else pool.drop(connection);
    return outcomeOf(verdict, this.#size, address);
  }

  #missed(reason: GapReason, detail: string): Outcome {
    return missed(reason, `clamd at ${this.#access.address}: ${detail}`);
  }

  #letGo(): void {
    this.#outcome ??= STOPPED;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#held = NOTHING_HELD;
    this.#long?.drop();
    if (this.#connection !== null) this.#access.pool.drop(this.#connection);
    this.#connection = null;
  }
}
