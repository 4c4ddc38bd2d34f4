import type { ByteReader } from '../byte-reader.ts';

/** Adobe, PostScript Language Reference, 3.13.3: ASCII85Encode, between its marks. */
export const BEGIN = '<~';
const FIRST = 0x21;
const LAST = 0x75;
const ZEROS = 0x7a;
const BLANKS: readonly number[] = [0x20, 0x09, 0x0a, 0x0d];
/** Fewer characters are no data. */
export const LEAST = 64;
const PIECE_BYTES = 64 * 1024;

/** Where BEGIN stands with LEAST characters of data behind it, from `from` on; -1: nowhere. */
export function findAscii85(piece: Buffer, from: number): number {
  for (let at = piece.indexOf(BEGIN, from, 'latin1'); at >= 0; at = piece.indexOf(BEGIN, at + 1, 'latin1')) {
    const data = piece.subarray(at + BEGIN.length, at + BEGIN.length + LEAST);
    if (data.length === LEAST && data.every(isCharacter)) return at;
  }
  return -1;
}

function isCharacter(byte: number): boolean {
  return (byte >= FIRST && byte <= LAST) || byte === ZEROS || BLANKS.includes(byte);
}

/** What the characters at the reader's place stand for, up to the first that is none; what follows stays in the reader. */
export async function* ascii85Of(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const decoder = new Decoder();
  for (let piece = await reader.next(PIECE_BYTES); piece !== null; piece = await reader.next(PIECE_BYTES)) {
    const end = piece.findIndex((byte) => !isCharacter(byte));
    const out = decoder.decoded(end < 0 ? piece : piece.subarray(0, end));
    if (end >= 0) reader.giveBack(piece.length - end);
    if (out.length > 0) yield out;
    if (end >= 0) break;
  }
  const rest = decoder.end();
  if (rest.length > 0) yield rest;
}

/** The first bytes that they stand for. */
export function ascii85Head(bytes: Buffer): Buffer {
  const end = bytes.findIndex((byte) => !isCharacter(byte));
  return new Decoder().decoded(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Five characters are four bytes. */
class Decoder {
  #value = 0;
  #count = 0;

  decoded(characters: Buffer): Buffer {
    const out = Buffer.allocUnsafe(characters.length * 4 + 4);
    let length = 0;
    for (const character of characters) {
      if (BLANKS.includes(character)) continue;
      if (character === ZEROS) {
        // Within five it means nothing: those are left out.
        this.#value = this.#count = 0;
        length = out.writeUInt32BE(0, length);
        continue;
      }
      this.#value = this.#value * 85 + character - FIRST;
      if (++this.#count < 5) continue;
      length = out.writeUInt32BE(this.#value % 2 ** 32, length);
      this.#value = this.#count = 0;
    }
    return out.subarray(0, length);
  }

  /** Of fewer than five that are left, one byte less than there are. */
  end(): Buffer {
    if (this.#count < 2) return Buffer.alloc(0);
    let value = this.#value;
    for (let missing = this.#count; missing < 5; missing++) value = value * 85 + 84;
    const out = Buffer.alloc(4);
    out.writeUInt32BE(value % 2 ** 32);
    return out.subarray(0, this.#count - 1);
  }
}
