import type { ByteReader } from '../byte-reader.ts';

/** Lines of encoded data are much shorter; a longer one comes in pieces. */
const MAX_LINE = 64 * 1024;

/**
 * The lines of a text without their ends (LF, CR LF or CR), empty ones left out; what is longer than 64 KiB comes in
 * several. Whoever leaves it early finds the reader behind the line it took last.
 */
export async function* linesOf(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer = Buffer.alloc(0);
  for (let part = await reader.next(MAX_LINE); part !== null; part = await reader.next(MAX_LINE)) {
    let from = 0;
    try {
      for (let at = 0; at < part.length; at++) {
        const byte = part[at];
        if (byte !== 10 && byte !== 13) continue;
        const piece = part.subarray(from, at);
        const line = held.length > 0 ? Buffer.concat([held, piece]) : piece;
        held = Buffer.alloc(0);
        from = at + 1;
        if (line.length > 0) yield line;
      }
      held = Buffer.concat([held, part.subarray(from)]);
      from = part.length;
      if (held.length > MAX_LINE) {
        yield held;
        held = Buffer.alloc(0);
      }
    } finally {
      if (from < part.length) reader.giveBack(part.length - from);
    }
  }
  if (held.length > 0) yield held;
}
