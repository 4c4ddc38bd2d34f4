import type { ServerResponse } from 'node:http';
import { asciiJson, nameFromBytes } from '../../../bytes/index.ts';
import type { JournalEvent } from '../../../contracts/index.ts';
import type { JournalRecord } from '../../../domain/index.ts';
import type { RecentRecords } from './recent-records.ts';

/** What waits in memory for one client at most; it is not sent more before it has taken that. */
const MAX_WAITING_BYTES = 256 * 1024;
const PAGE = 100;
const FAREWELL_MS = 1000;

/** One who follows the journal, at its own pace. */
export class EventClient {
  readonly #response: ServerResponse;
  readonly #records: RecentRecords;
  /** null: it is not known yet from where on. */
  #seq: number | null = null;
  #running = false;
  #asked = false;
  #stuckSince: number | null = null;

  constructor(response: ServerResponse, records: RecentRecords) {
    this.#response = response;
    this.#records = records;
  }

  /** From the record after that one on. */
  begin(seq: number): void {
    this.#seq = seq;
    this.wake();
  }

  /** There may be something new. */
  wake(): void {
    this.#asked = true;
    if (this.#seq === null) return;
    if (this.#running) return;
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
    });
  }

  comment(text: string): void {
    if (!this.#response.writableEnded && this.#response.writableLength < MAX_WAITING_BYTES)
      this.#response.write(`: ${text}\n\n`);
  }

  /** For how long it has taken nothing of what waits for it, in ms. */
  stuckFor(now: number): number {
    return this.#stuckSince === null ? 0 : now - this.#stuckSince;
  }

  /** Who takes nothing does not take the end either: what is not on its way by then goes with the connection. */
  drop(why: string): void {
    const { socket } = this.#response;
    this.#response.end(`: ${why}\n\n`, () => socket?.destroy());
    setTimeout(() => socket?.destroy(), FAREWELL_MS).unref();
  }

  async #run(): Promise<void> {
    while (this.#asked && !this.#response.destroyed && !this.#response.writableEnded) {
      this.#asked = false;
      for (;;) {
        const page = await this.#records.after(this.#seq ?? this.#records.head, PAGE);
        if (page.length === 0) break;
        for (const record of page) {
          await this.#room();
          if (this.#response.destroyed || this.#response.writableEnded) return;
          this.#response.write(eventOf(record));
          this.#seq = record.seq;
        }
      }
    }
  }

  async #room(): Promise<void> {
    if (this.#response.writableLength < MAX_WAITING_BYTES) return;
    this.#stuckSince = performance.now();
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done).off('close', done);
        resolve();
      };
      this.#response.on('drain', done).on('close', done);
    });
    this.#stuckSince = null;
  }
}

/** JSON holds no line ends: nothing in a record can begin an event of its own. */
function eventOf({
  seq,
  hash,
  time,
  who,
  action,
  file,
  item,
  path,
  sha256,
  decision,
  verdict,
  detail,
}: JournalRecord): string {
  const data: JournalEvent = {
    seq,
    hash,
    time,
    who,
    action,
    file,
    item,
    path: path === null ? null : nameFromBytes(path),
    path_base64: path === null ? null : Buffer.from(path).toString('base64'),
    sha256,
    decision,
    verdict,
    detail,
  };
  return `id: ${seq}\nevent: ${action}\ndata: ${asciiJson(data)}\n\n`;
}
