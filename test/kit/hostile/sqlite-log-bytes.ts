/** A write-ahead log of SQLite put together by hand (https://www.sqlite.org/fileformat2.html, 4 and 1.6). */
export const PAGE = 512;
const TABLE_LEAF = 13;

export interface LoggedPage {
  readonly number: number;
  readonly bytes: Buffer;
  /** A transaction ends with it. */
  readonly commits?: boolean;
}

export function logBytes(pages: readonly LoggedPage[]): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32BE(0x377f_0682, 0);
  head.writeUInt32BE(PAGE, 8);
  const frames = pages.map(({ number, bytes, commits = false }) => {
    const frame = Buffer.alloc(24 + PAGE);
    frame.writeUInt32BE(number, 0);
    frame.writeUInt32BE(commits ? pages.length : 0, 4);
    bytes.copy(frame, 24);
    return frame;
  });
  return Buffer.concat([head, ...frames]);
}

/** A record of which only a part is in its page. */
export interface LongRecord {
  /** Of all of it, in bytes. */
  readonly size: number;
  /** Its first bytes: a header, and values. */
  readonly begins: Buffer;
  /** The page in which it goes on. */
  readonly overflow: number;
}

/** A page of a table with these records in it. */
export function leafPage(records: readonly LongRecord[]): Buffer {
  const page = Buffer.alloc(PAGE);
  page.writeUInt8(TABLE_LEAF, 0);
  page.writeUInt16BE(records.length, 3);
  let end = PAGE;
  for (const [i, { size, begins, overflow }] of records.entries()) {
    const local = Buffer.alloc(localBytes(size));
    begins.copy(local);
    const rest = Buffer.alloc(4);
    rest.writeUInt32BE(overflow);
    const cell = Buffer.concat([varint(size), varint(i + 1), local, rest]);
    end -= cell.length;
    cell.copy(page, end);
    page.writeUInt16BE(end, 8 + 2 * i);
  }
  return page;
}

/** Pages with the rest of a record, each with the number of the next. */
export function overflowPage(next: number, fill: Buffer | string = 'x'): Buffer {
  const page = Buffer.alloc(PAGE, fill);
  page.writeUInt32BE(next, 0);
  return page;
}

function localBytes(size: number): number {
  const least = Math.floor(((PAGE - 12) * 32) / 255) - 23;
  const kept = least + ((size - least) % (PAGE - 4));
  return kept <= PAGE - 35 ? kept : least;
}

export function varint(value: number): Buffer {
  let left = BigInt(value);
  const bytes: number[] = [];
  if (value >= 2 ** 56) {
    bytes.push(Number(left & 0xffn));
    left >>= 8n;
    for (let i = 0; i < 8; i++, left >>= 7n) bytes.unshift(Number(left & 0x7fn) | 0x80);
    return Buffer.from(bytes);
  }
  do {
    bytes.unshift(Number(left & 0x7fn) | (bytes.length > 0 ? 0x80 : 0));
    left >>= 7n;
  } while (left > 0n);
  return Buffer.from(bytes);
}
