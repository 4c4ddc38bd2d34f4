import type { ByteReader } from '../byte-reader.ts';

const PIECE_BYTES = 64 * 1024;
const QUOTE = 0x27;
const BACKSLASH = 0x5c;
/** What stands for another byte behind a backslash: https://dev.mysql.com/doc/refman/8.4/en/string-literals.html */
const ESCAPES: Readonly<Record<number, number>> = { 0x30: 0, 0x62: 8, 0x6e: 10, 0x72: 13, 0x74: 9, 0x5a: 26 };

/** A string of MySQL up to its closing quote, escapes undone; what follows stays in the reader. */
export async function* quotedContent(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  let escaped = false;
  let quoted = false;
  for (let piece = await reader.next(PIECE_BYTES); piece !== null; piece = await reader.next(PIECE_BYTES)) {
    const out = Buffer.allocUnsafe(piece.length + 1);
    let length = 0;
    let used = 0;
    for (; used < piece.length; used++) {
      const byte = piece[used] ?? 0;
      if (quoted) {
        // A quote that comes twice is one.
        if (byte !== QUOTE) break;
        quoted = false;
        out[length++] = QUOTE;
      } else if (escaped) {
        escaped = false;
        out[length++] = ESCAPES[byte] ?? byte;
      } else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) quoted = true;
      else out[length++] = byte;
    }
    reader.giveBack(piece.length - used);
    if (length > 0) yield out.subarray(0, length);
    if (used < piece.length) return;
  }
}
