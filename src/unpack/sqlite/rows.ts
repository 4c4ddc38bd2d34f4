import type { FormatSink } from '../format.ts';
import { holdsData } from '../text-data/holds-data.ts';
import { Damaged } from '../trouble.ts';
import type { Cell } from './cells.ts';
import type { Pages } from './pages.ts';
import { ChainInCircle, Payload } from './payload.ts';
import { headerBytes, valuesOf, type Value } from './record.ts';

/** Values of this size and more are looked at one by one; a container that does any harm is not smaller. */
const LEAST_BYTES = 64;
/** As much of a text is looked at to see whether it is one. */
const LOOKED_AT_BYTES = 512;
/** Damage told of one by one; a database with more of it is given up. */
const MAX_DAMAGE = 1000;

/** Hands on what the values of a database hold, and tells of what cannot be read. */
export class Rows {
  readonly #file: Pages;
  readonly #sink: FormatSink;
  readonly #elsewhere: (() => void) | null;
  #damage = 0;

  /** `elsewhere`: told instead of damage, where what is missing need not be there. */
  constructor(file: Pages, sink: FormatSink, elsewhere: (() => void) | null = null) {
    this.#file = file;
    this.#sink = sink;
    this.#elsewhere = elsewhere;
  }

  /** Throws Damaged once there is too much of it. */
  damaged(table: string, detail: string): void {
    if (this.#elsewhere === null) this.#say(table, detail);
    else this.#elsewhere();
  }

  #say(table: string, detail: string): void {
    if (++this.#damage > MAX_DAMAGE) throw new Damaged(`damaged in more than ${MAX_DAMAGE} places`);
    this.#sink.gap('corrupt', detail, { member: table });
  }

  /** Every value that goes on behind its page, and every other that may be a container; none that is too small for one. */
  async row(table: string, cell: Cell): Promise<void> {
    const name = nameOf(table, cell);
    const payload = new Payload(this.#file, cell);
    const broken = await attempt(() => this.#values(name, cell, payload));
    if (broken === null) return;
    if (broken instanceof ChainInCircle) this.#say(name, broken.message);
    else this.damaged(name, broken.message);
    // What is left of the record is data all the same.
    if (payload.position === 0) {
      const content = payload.upTo(cell.size);
      await attempt(() => this.#sink.member({ name, size: cell.size, content }));
    }
  }

  async #values(name: string, cell: Cell, payload: Payload): Promise<void> {
    const { local, size, overflow } = cell;
    const header = headerBytes(cell);
    const values = valuesOf(
      header <= local.length ? local.subarray(0, header) : await payload.take(header),
      size,
    );
    for (const [index, value] of values.entries()) {
      const { start, end, kind } = value;
      const bytes = end - start;
      if (kind === 'other' || bytes < LEAST_BYTES) continue;
      const column = `${name}/${index + 1}`;
      if (end > local.length) {
        await this.#sink.member({ name: column, size: bytes, content: spilled(payload, value) });
      } else if (this.#mayHold(kind, local.subarray(start, end))) {
        await this.#sink.member({ name: column, size: bytes, content: once(local.subarray(start, end)) });
      }
    }
    if (overflow !== 0) await payload.finish();
  }

  /** Text in its page is in sight of every engine; unless it only calls itself text, or data are encoded in it. */
  #mayHold(kind: 'blob' | 'text', bytes: Buffer): boolean {
    if (kind === 'blob') return true;
    if (this.#file.encoding !== 'utf-8') return false;
    return bytes.subarray(0, LOOKED_AT_BYTES).some(isControl) || holdsData(bytes);
  }
}

/** Bytes below the space that stand in no text: all but tab, line feed, form feed, carriage return and escape. */
function isControl(byte: number): boolean {
  return byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d, 0x1b].includes(byte);
}

async function attempt(work: () => Promise<unknown>): Promise<Damaged | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    return error;
  }
}

async function* spilled(payload: Payload, { start, end }: Value): AsyncGenerator<Buffer, void, undefined> {
  await payload.skip(start);
  yield* payload.upTo(end);
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}

function nameOf(table: string, { rowid, page, index }: Cell): string {
  return rowid === null ? `${table}/page ${page} cell ${index + 1}` : `${table}/${rowid}`;
}
