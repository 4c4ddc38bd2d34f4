import { isUtf8 } from 'node:buffer';

/** A place in a text file. Lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where the first byte stands that is not UTF-8; null when all of it is. */
export function whereNotUtf8(bytes: Uint8Array): Position | null {
  if (isUtf8(bytes)) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let line = 1, start = 0; ; line++) {
    const end = buffer.indexOf(0x0a, start);
    const row = buffer.subarray(start, end === -1 ? buffer.length : end);
    if (!isUtf8(row)) return { line, column: validLength(row) + 1 };
    if (end === -1) return { line, column: 1 };
    start = end + 1;
  }
}

/** How many characters of the row can be read before the first byte that is not UTF-8. */
function validLength(row: Buffer): number {
  const replacement = Buffer.from('\uFFFD');
  let bytes = 0;
  let column = 0;
  for (const char of row.toString('utf8')) {
    // Decoding puts this character where a byte is not UTF-8; the file may also hold it itself.
    if (char === '\uFFFD' && !row.subarray(bytes, bytes + replacement.length).equals(replacement)) break;
    bytes += Buffer.byteLength(char);
    column += char.length;
  }
  return column;
}
