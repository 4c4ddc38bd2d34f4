import type { ClamdAddress } from './address.ts';
import { sendCanary } from './canary.ts';
import { ClamdConnection, seconds } from './connection.ts';
import type { ClamdTimeouts } from './timeouts.ts';

const NONE = { why: '', until: 0 };

/**
 * Whether clamd still answers, once an artifact had no answer in time. It is then asked, with a short deadline, before anything else
 * is sent to it: a clamd that is frozen would cost each artifact the whole time again. A clamd all of whose threads are busy answers
 * nothing either (measured, 1.4.6), and cannot be told from it: what is not sent is a gap, never an approval.
 */
export class SignOfLife {
  readonly #address: ClamdAddress;
  readonly #canary: Buffer | null;
  readonly #timeouts: ClamdTimeouts;
  #inDoubt = false;
  #asking: Promise<string | null> | null = null;
  /** Why nothing is sent, and until when nobody asks again (monotonic, in ms). */
  #silence = NONE;

  /** `canary`: what is asked for, since a clamd that says PONG may still scan nothing; null: PING has to do. */
  constructor(address: ClamdAddress, canary: Buffer | null, timeouts: ClamdTimeouts) {
    this.#address = address;
    this.#canary = canary;
    this.#timeouts = timeouts;
  }

  /** What is open already is not used: nothing is known of who is at its other end. */
  get inDoubt(): boolean {
    return this.#inDoubt;
  }

  /** It answered something that it was sent. */
  seen(): void {
    this.#inDoubt = false;
    this.#silence = NONE;
  }

  /** It did not answer in time. */
  missed(): void {
    this.#inDoubt = true;
  }

  /** Why nothing can be sent to it now; null: it is there, or away, which shows by itself. One asks, all wait for the same answer. */
  async silence(): Promise<string | null> {
    if (!this.#inDoubt) return null;
    if (performance.now() < this.#silence.until) return this.#silence.why;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(): Promise<string | null> {
    const { life_ms, hang_pause_ms } = this.#timeouts;
    if (await this.#answers()) {
      this.seen();
      return null;
    }
    const asked = this.#canary === null ? 'PING' : 'a canary';
    const why = `it left an artifact unanswered, and does not answer ${asked} within ${seconds(life_ms)}: it is not asked`;
    this.#silence = { why, until: performance.now() + hang_pause_ms };
    return why;
  }

  /** Whatever else is wrong with it, a refusal included, is found out and told by who connects next. */
  async #answers(): Promise<boolean> {
    const { life_ms } = this.#timeouts;
    const connection = await ClamdConnection.connect(this.#address, life_ms);
    if ('refused' in connection) return true;
    try {
      if (this.#canary === null) {
        await connection.send([connection.begin('PING')], life_ms, true);
        return (await connection.reply(life_ms)).kind !== 'late';
      }
      const deadlines = { stall_ms: life_ms, reply_ms: life_ms };
      const sighting = await sendCanary(connection, this.#canary, this.#canary.length, deadlines);
      return sighting.kind !== 'failed' || !sighting.late;
    } finally {
      connection.destroy();
    }
  }
}
