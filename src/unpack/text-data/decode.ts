import { constants, inflateSync } from 'node:zlib';
import { findArchive } from '../embedded/marks.ts';

type Chunks = AsyncIterable<Buffer>;

/** `0x…` of MySQL, `\x…` of PostgreSQL (its backslash is no data). */
const PREFIX = /^(?:0[xX]|[xX])/;
const HEX = /^[0-9A-Fa-f]{64}/;

/** How the characters are to be read; hexadecimal digits are of base64's alphabet, too. */
export function isHex(characters: Buffer): boolean {
  return HEX.test(characters.toString('latin1', 0, 80).replace(PREFIX, ''));
}

/** The first bytes that they stand for. */
export function decodedHead(characters: Buffer): Buffer {
  const text = characters.toString('latin1');
  return isHex(characters) ? Buffer.from(text.replace(PREFIX, ''), 'hex') : Buffer.from(text, 'base64');
}

export async function* hexDecoded(chunks: Chunks): AsyncGenerator<Buffer, void, undefined> {
  let held: string | null = null;
  for await (const chunk of chunks) {
    const text: string =
      held === null ? chunk.toString('latin1').replace(PREFIX, '') : held + chunk.toString('latin1');
    const digits = text.replace(/[^0-9A-Fa-f]/g, '');
    const whole = digits.length & ~1;
    held = digits.slice(whole);
    if (whole > 0) yield Buffer.from(digits.slice(0, whole), 'hex');
  }
}

/** Beginnings of files that hold others, or code: those of archives are told by their headers. */
const BEGINNINGS = [
  '\x7fELF',
  '%PDF-',
  '{\\rt',
  'PK\x05\x06',
  'SQLite format 3\0',
  '\x89PNG',
  '\xff\xd8\xff',
  'GIF8',
  'RIFF',
  '\xca\xfe\xba\xbe',
  'ITSF\x03\0\0\0',
  'LZIP\x01',
  '\x04\x22\x4d\x18',
  '\x78\x9f\x3e\x22',
  '\0\0\0\x01Bud1',
];
const LOOKED_AT = 256;
const TEXT_SHARE = 0.95;

/** Whether these are the first bytes of a file that holds others, or code. */
export function beginsLikeFile(head: Buffer): boolean {
  const start = head.toString('latin1', 0, 16);
  if (BEGINNINGS.some((beginning) => start.startsWith(beginning))) return true;
  if (isProgram(head) || isZlib(head)) return true;
  return findArchive(head, 0, Math.min(head.length, 512), 0) === 0;
}

/**
 * Whether it is worth a look: most long words are keys, hashes, signatures and certificates, which decode to noise and hold
 * nothing. What decodes to text, or begins like a file, was encoded to be decoded.
 */
export function isPromising(head: Buffer): boolean {
  if (beginsLikeFile(head)) return true;
  const sample = head.subarray(0, LOOKED_AT);
  let printable = 0;
  for (const byte of sample) if ((byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13)) printable++;
  // UTF-16 of what is plain text: PowerShell's -EncodedCommand.
  const wide = sample.length > 16 && sample.every((byte, at) => (at & 1) === 0 || byte === 0);
  return wide || printable >= sample.length * TEXT_SHARE;
}

/** Two letters are found in any noise; where the new header begins is no large number. */
function isProgram(head: Buffer): boolean {
  return head[0] === 0x4d && head[1] === 0x5a && head.length >= 64 && head.readUInt32LE(60) < 0x1_0000;
}

const MAX_INFLATED = 1024 * 1024;

/** RFC 1950, 2.2: two bytes that promise little, so it must really inflate. */
function isZlib(head: Buffer): boolean {
  if (head[0] !== 0x78 || head.length < 8 || head.readUInt16BE(0) % 31 !== 0) return false;
  try {
    return (
      inflateSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_INFLATED }).length > 0
    );
  } catch (error) {
    // More than that out of a kilobyte is a stream all the same; anything else is none.
    return error instanceof RangeError;
  }
}
