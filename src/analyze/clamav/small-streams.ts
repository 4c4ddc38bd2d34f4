import type { ConnectionPool, NoConnection } from './connection-pool.ts';
import { MAX_AGE_MS } from './connection-pool.ts';
import { SharedSession, type SharedVerdict } from './shared-session.ts';
import type { SignOfLife } from './sign-of-life.ts';
import type { ClamdTimeouts } from './timeouts.ts';

/** Sessions at a time. A second one is begun when the first is full, or too old for anything new. */
const MAX_SESSIONS = 4;

/** Small artifacts on their way to clamd, many in one session. */
export class SmallStreams {
  readonly #pool: ConnectionPool;
  readonly #life: SignOfLife;
  readonly #timeouts: ClamdTimeouts;
  readonly #sessions = new Set<SharedSession>();
  #opening: Promise<SharedSession | NoConnection> | null = null;

  constructor(pool: ConnectionPool, life: SignOfLife, timeouts: ClamdTimeouts) {
    this.#pool = pool;
    this.#life = life;
    this.#timeouts = timeouts;
  }

  /** null: there is no room, and nothing was sent. Without a connection nothing was sent either. */
  async judge(bytes: Buffer, signal: AbortSignal): Promise<SharedVerdict | NoConnection | null> {
    const session = this.#withRoom(bytes.length) ?? (await this.#open());
    if (session === null || 'refused' in session) return session;
    // Others may have come first.
    return session.takes(bytes.length) ? session.judge(bytes, signal) : null;
  }

  #withRoom(bytes: number): SharedSession | null {
    if (this.#life.inDoubt) return null;
    for (const session of this.#sessions) {
      if (session.ageMs <= MAX_AGE_MS && session.takes(bytes)) return session;
    }
    return null;
  }

  /** One at a time: who comes meanwhile waits for the same one. */
  async #open(): Promise<SharedSession | NoConnection | null> {
    if (this.#opening === null) {
      if (this.#sessions.size >= MAX_SESSIONS) return null;
      this.#opening = this.#connect().finally(() => {
        this.#opening = null;
      });
    }
    return this.#opening;
  }

  async #connect(): Promise<SharedSession | NoConnection> {
    const connection = await this.#pool.open();
    if ('refused' in connection) return connection;
    const session = new SharedSession(connection, this.#timeouts, () => {
      this.#sessions.delete(session);
      this.#pool.drop(connection);
    });
    this.#sessions.add(session);
    return session;
  }
}
