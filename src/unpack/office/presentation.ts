import { ByteReader } from '../byte-reader.ts';
import type { FormatSink } from '../format.ts';
import { inflated } from '../zlib-pump.ts';
import { handOn } from './hand-on.ts';
import { upTo } from './package.ts';

/** Type 0x1011 of a record's head, little-endian; the instance before it is 1 for compressed ([MS-PPT] 2.10.34 to 37). */
const TYPE = Buffer.from('1110', 'hex');
const COMPRESSED = 0x10;
const HEAD_BYTES = 8;
/** The unpacked size, in front of compressed data. */
const SIZE_BYTES = 4;
const OLE_SIGNATURE = 'd0cf11e0a1b11ae1';
const WINDOW_BYTES = 32 * 1024;

/** More objects than this are not unpacked; each costs a walk along the stream's sectors. */
const MAX_OBJECTS = 10_000;

/**
 * Hands on every storage kept in a presentation's stream: VBA projects and embedded objects. They are searched for
 * and not looked up: PowerPoint follows offsets, which need not agree with the list of records. The search goes through
 * all bytes, also those of objects it found: one may be put around another. `read` gives the stream from a place on.
 */
export async function handOnObjects(
  read: (from: number) => AsyncGenerator<Buffer, void, undefined>,
  prefix: string,
  sink: FormatSink,
): Promise<void> {
  const search = new ByteReader(read(0));
  for (let count = 1; ; count++) {
    const found = await findObject(search);
    if (found === null) return;
    if (count > MAX_OBJECTS) {
      sink.gap('budget_exceeded', `more than ${MAX_OBJECTS} objects`, { member: prefix });
      return;
    }
    const name = `${prefix}/(object ${count})`;
    const content = read(search.position + found.headBytes);
    try {
      const reader = new ByteReader(content);
      if (found.size === null) await handOn(sink, { name, size: null, content: inflated(reader) });
      else await handOn(sink, { name, size: found.size, content: upTo(reader, found.size) });
    } finally {
      await content.return();
    }
    await search.skip(1);
  }
}

interface FoundObject {
  /** From where the search stands to the object's data. */
  readonly headBytes: number;
  /** As declared; null for what is compressed. */
  readonly size: number | null;
}

/** Stands at the object's record once it is found. */
async function findObject(reader: ByteReader): Promise<FoundObject | null> {
  for (;;) {
    const window = await reader.peek(WINDOW_BYTES);
    const at = window.indexOf(TYPE, 2);
    if (at < 0) {
      if (window.length < WINDOW_BYTES) return null;
      await reader.skip(window.length - TYPE.length - 1);
      continue;
    }
    await reader.skip(at - 2);
    const head = await reader.peek(HEAD_BYTES + 8);
    if (head.length < HEAD_BYTES + SIZE_BYTES + 2) return null;
    const instance = head.readUInt16LE(0);
    if (instance === COMPRESSED && isZlibHeader(head.readUInt16BE(HEAD_BYTES + SIZE_BYTES))) {
      return { headBytes: HEAD_BYTES + SIZE_BYTES, size: null };
    }
    if (instance === 0 && head.toString('hex', HEAD_BYTES) === OLE_SIGNATURE) {
      return { headBytes: HEAD_BYTES, size: head.readUInt32LE(4) };
    }
    await reader.skip(1);
  }
}

/** Method 8, and a check that the two bytes agree (RFC 1950, 2.2). */
function isZlibHeader(head: number): boolean {
  return (head & 0x0f00) === 0x0800 && head % 31 === 0;
}
