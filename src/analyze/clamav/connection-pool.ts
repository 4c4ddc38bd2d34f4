import type { ClamdAddress } from './address.ts';
import { Breaker } from './breaker.ts';
import { ClamdConnection, type Refusal } from './connection.ts';
import type { ClamdTimeouts } from './timeouts.ts';

const MAX_IDLE = 4;

/**
 * Connections to one clamd. It never makes anybody wait for a connection to come back: an artifact holds its own
 * while its members stream at the same time, so their number is bounded by nesting alone.
 */
export class ConnectionPool {
  readonly #address: ClamdAddress;
  readonly #timeouts: ClamdTimeouts;
  readonly #refusals: Breaker;
  readonly #lent = new Set<ClamdConnection>();
  #idle: ClamdConnection[] = [];
  #closed = false;

  constructor(address: ClamdAddress, timeouts: ClamdTimeouts) {
    this.#address = address;
    this.#timeouts = timeouts;
    this.#refusals = new Breaker({ failures: 1, pause_ms: timeouts.refusal_pause_ms });
  }

  /** The idle connection that was used last; null when there is none. */
  takeIdle(): ClamdConnection | null {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (!connection.reusable) continue;
      connection.busy();
      this.#lent.add(connection);
      return connection;
    }
    return null;
  }

  async open(): Promise<ClamdConnection | Refusal> {
    const blocked = this.#refusals.blocked();
    if (blocked !== null) return { refused: blocked };
    const connection = await ClamdConnection.connect(this.#address, this.#timeouts.connect_ms);
    if ('refused' in connection) {
      this.#refusals.failed(connection.refused);
      return connection;
    }
    this.#refusals.worked();
    this.#lent.add(connection);
    if (this.#closed) this.drop(connection);
    return connection;
  }

  /** Takes a connection back whose request was answered. */
  giveBack(connection: ClamdConnection): void {
    this.#idle = this.#idle.filter((idle) => idle.reusable);
    if (this.#closed || !connection.reusable || this.#idle.length >= MAX_IDLE) return this.drop(connection);
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
}
