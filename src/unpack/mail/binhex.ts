import type { ByteReader } from '../byte-reader.ts';
import { Damaged } from '../trouble.ts';

/** RFC 1741, appendix A: 64 characters for six bits each. */
const ALPHABET = '!"#$%&\'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr';
const VALUES = new Int8Array(256).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i;
const PIECE_BYTES = 64 * 1024;
const COLON = 0x3a;
const REPEAT = 0x90;

/** The bytes between the colons, repeats undone; leaves the reader behind the second one, throws Damaged without it. */
export async function* binhexDecoded(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const runs = new Runs();
  let begun = false;
  let bits = 0;
  let held = 0;
  for (let chunk = await reader.next(PIECE_BYTES); chunk !== null; chunk = await reader.next(PIECE_BYTES)) {
    const raw: number[] = [];
    let ended = false;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === COLON) {
        if (begun) {
          ended = true;
          reader.giveBack(chunk.length - at - 1);
          break;
        }
        begun = true;
        continue;
      }
      const value = VALUES[byte] ?? -1;
      if (!begun || value < 0) continue;
      bits = ((bits << 6) | value) & 0xffff;
      held += 6;
      if (held >= 8) {
        held -= 8;
        raw.push((bits >>> held) & 0xff);
      }
    }
    const out = runs.expand(raw);
    if (out.length > 0) yield out;
    if (ended) return;
  }
  throw new Damaged('BinHex data without their end');
}

/** `90 n`: the byte before, n times in all; `90 00`: the byte 90 itself. */
class Runs {
  #last = 0;
  #marked = false;

  expand(raw: readonly number[]): Buffer {
    const parts: Buffer[] = [];
    for (const byte of raw) {
      if (this.#marked) {
        this.#marked = false;
        if (byte === 0) this.#last = REPEAT;
        parts.push(byte === 0 ? Buffer.from([REPEAT]) : Buffer.alloc(byte - 1, this.#last));
      } else if (byte === REPEAT) this.#marked = true;
      else {
        this.#last = byte;
        parts.push(Buffer.from([byte]));
      }
    }
    return Buffer.concat(parts);
  }
}

/** What stands before the forks of a BinHex file. */
export interface BinhexHeader {
  readonly name: Buffer;
  /** Of the data and the resource fork, in bytes. */
  readonly data: number;
  readonly resources: number;
}

/** RFC 1741, appendix A: name, version, type, creator, flags, two lengths, check sum. */
export async function binhexHeader(reader: ByteReader): Promise<BinhexHeader> {
  const [length = 0] = await reader.exactly(1);
  const name = await reader.exactly(length);
  const rest = await reader.exactly(1 + 4 + 4 + 2 + 4 + 4 + 2);
  if (length === 0 || rest.length < 21) throw new Damaged('cut off in the BinHex header');
  return { name, data: rest.readUInt32BE(11), resources: rest.readUInt32BE(15) };
}
