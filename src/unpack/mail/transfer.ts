type Chunks = AsyncIterable<Buffer>;

/**
 * RFC 2045, 6.8. What is not of the alphabet is passed over, and after `=` decoding goes on: mail programs differ
 * there, and this way nothing that one of them shows is left out.
 */
export async function* base64(chunks: Chunks): AsyncGenerator<Buffer, void, undefined> {
  let held = '';
  for await (const chunk of chunks) {
    const groups = (held + chunk.toString('latin1').replace(/[^A-Za-z0-9+/=]/g, '')).split(/=+/);
    const last = groups.pop() ?? '';
    const whole = last.length & ~3;
    const parts = groups.map((group) => Buffer.from(group, 'base64'));
    parts.push(Buffer.from(last.slice(0, whole), 'base64'));
    held = last.slice(whole);
    const bytes = Buffer.concat(parts);
    if (bytes.length > 0) yield bytes;
  }
  const bytes = Buffer.from(held, 'base64');
  if (bytes.length > 0) yield bytes;
}

const EQUALS = 0x3d;
/** `=`, blanks that some program put before the line end, CR, LF. */
const MAX_SOFT_BREAK = 80;

/** RFC 2045, 6.7. An `=` that means nothing stays. */
export async function* quotedPrintable(chunks: Chunks): AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
    const lastEquals = bytes.lastIndexOf(EQUALS);
    const sure =
      lastEquals >= 0 && bytes.length - lastEquals <= MAX_SOFT_BREAK && isOpen(bytes.subarray(lastEquals))
        ? lastEquals
        : bytes.length;
    const out = unquoted(bytes.subarray(0, sure));
    held = Buffer.from(bytes.subarray(sure));
    if (out.length > 0) yield out;
  }
  const out = unquoted(held);
  if (out.length > 0) yield out;
}

/** What follows this `=` may still decide what it means. */
function isOpen(tail: Buffer): boolean {
  return tail.length < 3 || /^=[ \t]*\r?$/.test(tail.toString('latin1'));
}

function unquoted(bytes: Buffer): Buffer {
  if (!bytes.includes(EQUALS)) return bytes;
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte !== EQUALS) {
      out[length++] = byte;
      continue;
    }
    const value = Number.parseInt(hexPair(bytes, at + 1), 16);
    if (!Number.isNaN(value)) {
      out[length++] = value;
      at += 2;
      continue;
    }
    const skip = softBreak(bytes, at + 1);
    if (skip === 0) out[length++] = byte;
    at += skip;
  }
  return out.subarray(0, length);
}

function hexPair(bytes: Buffer, at: number): string {
  const pair = bytes.toString('latin1', at, at + 2);
  return /^[0-9A-Fa-f]{2}$/.test(pair) ? pair : '';
}

/** Bytes between `=` and the next line; 0 when it is no soft line break. */
function softBreak(bytes: Buffer, from: number): number {
  let at = from;
  while (at - from < MAX_SOFT_BREAK && (bytes[at] === 0x20 || bytes[at] === 9)) at++;
  if (bytes[at] === 10) return at + 1 - from;
  if (bytes[at] === 13) return at + (bytes[at + 1] === 10 ? 2 : 1) - from;
  return at >= bytes.length ? at - from : 0;
}
