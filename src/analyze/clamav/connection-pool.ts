import type { GapReason } from '../../domain/index.ts';
import type { ClamdAddress } from './address.ts';
import { Breaker } from './breaker.ts';
import { sendCanary } from './canary.ts';
import { ClamdConnection } from './connection.ts';
import type { SignOfLife } from './sign-of-life.ts';
import type { ClamdTimeouts } from './timeouts.ts';

const MAX_IDLE = 4;
/** A connection that is older is not used again: a new one shows by its canary that clamd still sees. */
export const MAX_AGE_MS = 60_000;

/** Nobody listens there, nobody let us in, or who answers there is blind. */
export interface NoConnection {
  readonly refused: string;
  readonly reason: Extract<GapReason, 'engine_unavailable' | 'engine_failed'>;
}

export interface PoolOptions {
  /** What every new connection has to find before it is believed; null: nothing. */
  readonly canary: Buffer | null;
  readonly life: SignOfLife;
  /** clamd was away and is back. */
  readonly onReturn: () => void;
}

/**
 * Connections to one clamd. It never makes anybody wait for a connection to come back: an artifact holds its own
 * while its members stream at the same time, so their number is bounded by nesting alone.
 */
export class ConnectionPool {
  readonly #address: ClamdAddress;
  readonly #timeouts: ClamdTimeouts;
  readonly #canary: Buffer | null;
  readonly #life: SignOfLife;
  readonly #refusals: Breaker;
  readonly #lent = new Set<ClamdConnection>();
  readonly #onReturn: () => void;
  #refused = false;
  #idle: ClamdConnection[] = [];
  #closed = false;

  constructor(address: ClamdAddress, timeouts: ClamdTimeouts, { canary, life, onReturn }: PoolOptions) {
    this.#address = address;
    this.#timeouts = timeouts;
    this.#canary = canary;
    this.#life = life;
    this.#onReturn = onReturn;
    this.#refusals = new Breaker(timeouts.refusal_pause_ms);
  }

  /** The idle connection that was used last; null when there is none, or clamd may have hung since. */
  takeIdle(): ClamdConnection | null {
    if (this.#life.inDoubt) return null;
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (!connection.reusable) continue;
      connection.busy();
      this.#lent.add(connection);
      return connection;
    }
    return null;
  }

  async open(): Promise<ClamdConnection | NoConnection> {
    const blocked = this.#refusals.blocked();
    if (blocked !== null) return { refused: blocked, reason: 'engine_unavailable' };
    const silence = this.#life.inDoubt ? await this.#life.silence() : null;
    if (silence !== null) return { refused: silence, reason: 'engine_failed' };
    const connection = await ClamdConnection.connect(this.#address, this.#timeouts.connect_ms);
    if ('refused' in connection) {
      this.#refused = true;
      this.#refusals.failed(connection.refused);
      return { ...connection, reason: 'engine_unavailable' };
    }
    this.#refusals.worked();
    this.#lent.add(connection);
    if (this.#closed) this.drop(connection);
    const blind = await this.#blindness(connection);
    if (blind !== null) {
      this.drop(connection);
      return { refused: blind, reason: 'engine_failed' };
    }
    if (this.#refused) this.#onReturn();
    this.#refused = false;
    return connection;
  }

  /** Takes a connection back whose request was answered. */
  giveBack(connection: ClamdConnection): void {
    this.#idle = this.#idle.filter((idle) => idle.reusable);
    const full = this.#closed || this.#idle.length >= MAX_IDLE;
    if (full || !connection.reusable || connection.ageMs > MAX_AGE_MS) return this.drop(connection);
    this.#lent.delete(connection);
    connection.idle(this.#timeouts.idle_ms);
    this.#idle.push(connection);
  }

  /** Ends a connection whose request was not answered as it should have been. */
  drop(connection: ClamdConnection): void {
    this.#lent.delete(connection);
    connection.destroy();
  }

  close(): void {
    this.#closed = true;
    for (const connection of [...this.#idle, ...this.#lent]) connection.destroy();
    this.#idle = [];
    this.#lent.clear();
  }

  /** Why an OK over this connection would mean nothing; null when it finds its canary, or none is known. */
  async #blindness(connection: ClamdConnection): Promise<string | null> {
    const canary = this.#canary;
    if (canary === null) return null;
    const { stall_ms, reply_ms } = this.#timeouts;
    const sighting = await sendCanary(connection, canary, canary.length, { stall_ms, reply_ms });
    if (sighting.kind === 'found') return null;
    if (sighting.kind === 'failed' && sighting.late) this.#life.missed();
    return sighting.kind === 'missed'
      ? `it no longer finds the canary that it found before (${sighting.detail})`
      : `it did not answer its canary: ${sighting.detail}`;
  }
}
