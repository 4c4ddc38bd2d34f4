import { Damaged } from '../trouble.ts';

type Chunks = AsyncIterable<Buffer>;

const TILDE = 0x7e;
const GREATER = 0x3e;

/** ISO 32000-1, 7.4.2: pairs of digits; everything else is passed over, as readers do. */
export async function* asciiHex(chunks: Chunks): AsyncGenerator<Buffer, void, undefined> {
  let high = -1;
  for await (const chunk of chunks) {
    const out = Buffer.allocUnsafe((chunk.length >> 1) + 1);
    let length = 0;
    let ended = false;
    for (const byte of chunk) {
      const digit = hexDigit(byte);
      if (byte === GREATER) {
        ended = true;
        break;
      }
      if (digit < 0) continue;
      if (high < 0) high = digit;
      else {
        out[length++] = (high << 4) | digit;
        high = -1;
      }
    }
    if (length > 0) yield out.subarray(0, length);
    if (ended) break;
  }
  if (high >= 0) yield Buffer.from([high << 4]);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** ISO 32000-1, 7.4.3: five characters for four bytes, `z` for four zeros. */
export async function* ascii85(chunks: Chunks): AsyncGenerator<Buffer, void, undefined> {
  let value = 0;
  let count = 0;
  let ended = false;
  let started = false;
  for await (const chunk of chunks) {
    const out = Buffer.allocUnsafe(chunk.length * 4 + 8);
    let length = 0;
    for (const byte of chunk) {
      if (byte === TILDE) {
        // `<~` may stand in front.
        if (started) ended = true;
        if (ended) break;
        continue;
      }
      if (byte === 0x7a && count === 0) {
        length = out.writeUInt32BE(0, length);
        started = true;
        continue;
      }
      if (byte < 0x21 || byte > 0x75) continue;
      if (!started && byte === 0x3c) continue;
      started = true;
      value = value * 85 + (byte - 0x21);
      if (++count === 5) {
        length = out.writeUInt32BE(value % 2 ** 32, length);
        value = 0;
        count = 0;
      }
    }
    if (length > 0) yield out.subarray(0, length);
    if (ended) break;
  }
  if (count > 1) {
    const last = Buffer.alloc(4);
    for (let i = count; i < 5; i++) value = value * 85 + 84;
    last.writeUInt32BE(value % 2 ** 32);
    yield last.subarray(0, count - 1);
  }
}

const END_OF_DATA = 128;

/** ISO 32000-1, 7.4.5. */
export async function* runLength(chunks: Chunks): AsyncGenerator<Buffer, void, undefined> {
  let literal = 0;
  let repeat = 0;
  for await (const chunk of chunks) {
    const parts: Buffer[] = [];
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (literal > 0) {
        const end = Math.min(chunk.length, at + literal);
        parts.push(chunk.subarray(at, end));
        literal -= end - at;
        at = end - 1;
      } else if (repeat > 0) {
        parts.push(Buffer.alloc(repeat, byte));
        repeat = 0;
      } else if (byte === END_OF_DATA) {
        if (parts.length > 0) yield Buffer.concat(parts);
        return;
      } else if (byte < END_OF_DATA) literal = byte + 1;
      else repeat = 257 - byte;
    }
    if (parts.length > 0) yield Buffer.concat(parts);
  }
  if (literal > 0 || repeat > 0) throw new Damaged('cut off in a run');
}
