import type { ServerResponse } from 'node:http';
import type { Log } from '../../../observe/index.ts';
import type { Journal } from '../../../store/index.ts';
import { HttpError } from '../../../http/index.ts';
import { EventClient } from './event-client.ts';
import { RecentRecords } from './recent-records.ts';

/** Connections that stay open: each may have 256 KB waiting. */
const MAX_CLIENTS = 64;
/** Who asks for more than that is told to begin anew (`reset`), and reads the lists. */
const MAX_REPLAY = 10_000;
const POLL_MS = 250;
/** Proxies end connections that are silent for a minute. */
const HEARTBEAT_MS = 15_000;
/** Who takes nothing for so long is dropped: it resumes where it was. */
const SLOW_MS = 20_000;
/** Of a client that has lost the connection, until it comes again. */
const RETRY_MS = 3000;

interface Following {
  readonly client: EventClient;
  /** The token it came with still counts. */
  readonly welcome: () => Promise<boolean>;
}

/** The journal as server-sent events, for a bounded number of clients. */
export class EventStream {
  readonly #records: RecentRecords;
  readonly #log: Log;
  readonly #following = new Set<Following>();
  #timer: NodeJS.Timeout | null = null;
  #begun: Promise<void> = Promise.resolve();
  #beatAt = 0;
  #ended = false;

  readonly #slowMs: number;

  readonly #heartbeatMs: number;

  constructor(
    journal: Journal,
    log: Log,
    {
      slowMs = SLOW_MS,
      heartbeatMs = HEARTBEAT_MS,
    }: { readonly slowMs?: number; readonly heartbeatMs?: number } = {},
  ) {
    this.#slowMs = slowMs;
    this.#heartbeatMs = heartbeatMs;
    this.#records = new RecentRecords(journal);
    this.#log = log;
  }

  get clients(): number {
    return this.#following.size;
  }

  /** Whoever comes now can be served. Throws 503. */
  assertRoom(): void {
    if (this.#following.size < MAX_CLIENTS && !this.#ended) return;
    throw new HttpError(503, 'too many follow the events', 'busy', { headers: { 'retry-after': '30' } });
  }

  /** Sends what comes after `last` until the connection ends; null: from now on. */
  async follow(
    response: ServerResponse,
    last: number | null,
    welcome: () => Promise<boolean>,
  ): Promise<void> {
    const one: Following = { client: new EventClient(response, this.#records), welcome };
    if (this.#following.size === 0) this.#begun = this.#records.begin();
    // Before anything is waited for: the limit holds for those who come at the same time, too.
    this.#following.add(one);
    response.once('close', () => this.#forget(one));
    await this.#begun;
    await this.#records.refresh();
    const { head } = this.#records;
    const isKnown = last !== null && last <= head && head - last <= MAX_REPLAY;
    response.write(`retry: ${RETRY_MS}\n\n`);
    if (last !== null && !isKnown) response.write(`id: ${head}\nevent: reset\ndata: {"head":${head}}\n\n`);
    one.client.begin(isKnown ? last : head);
    this.#timer ??= setInterval(() => void this.#tick(), POLL_MS);
  }

  /** The service ends. */
  end(): void {
    this.#ended = true;
    for (const one of this.#following) this.#drop(one, 'the service ends');
  }

  #drop(one: Following, why: string): void {
    this.#forget(one);
    one.client.drop(why);
  }

  #forget(one: Following): void {
    this.#following.delete(one);
    if (this.#following.size === 0) this.#stop();
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #tick(): Promise<void> {
    const now = performance.now();
    try {
      await this.#records.refresh();
    } catch (error) {
      this.#log.error('the journal could not be read for the events', { untrusted: { error } });
    }
    const beats = now - this.#beatAt >= this.#heartbeatMs;
    if (beats) this.#beatAt = now;
    for (const one of this.#following) {
      const { client, welcome } = one;
      if (client.stuckFor(now) >= this.#slowMs) {
        this.#log.warn('a client of the events is too slow, and was dropped');
        this.#drop(one, 'dropped: too slow');
      } else if (!(await welcome())) {
        // Asked after the journal, and before it is told of what is new there: a revoked token learns nothing more.
        this.#drop(one, 'this token is no longer known');
      } else {
        // Whoever came meanwhile may have fetched what is new for all.
        client.wake();
        if (beats) client.comment('heartbeat');
      }
    }
  }
}
