import type { ByteReader } from './byte-reader.ts';
import { Damaged, Unsupported } from './trouble.ts';

/** A member of a cpio archive, as its header has it. */
export interface CpioHeader {
  readonly mode: number;
  readonly links: number;
  readonly nameBytes: number;
  readonly size: number;
  /** Of the bytes of the content, added up (crc archives only). */
  readonly sum: number | null;
  /** Names and content are padded to a multiple of this. */
  readonly alignment: number;
  /** Of the header itself. */
  readonly bytes: number;
}

/** cpio(5): the old binary header, in the byte order of the machine that wrote it. */
const BINARY = 0o070707;
const BINARY_BYTES = 26;
/** Payloads of RPM packages with files over 4 GiB (rpm's lib/cpio.h): an index instead of a header. */
const STRIPPED = '07070X';
const PORTABLE_BYTES = 76;
const NEW_BYTES = 110;

/** The header of the next member, which is taken from the reader; null when what follows is none. Throws Damaged. */
export async function nextHeader(reader: ByteReader): Promise<CpioHeader | null> {
  const magic = await reader.peek(6);
  const text = magic.toString('latin1');
  if (text === '070701' || text === '070702') return newHeader(await whole(reader, NEW_BYTES), text);
  if (text === '070707') return portableHeader(await whole(reader, PORTABLE_BYTES));
  if (text === STRIPPED) {
    throw new Unsupported('a payload whose sizes stand in the header of its package (files over 4 GiB)');
  }
  if (magic.length < 2) return null;
  if (magic.readUInt16LE(0) === BINARY) return binaryHeader(await whole(reader, BINARY_BYTES), true);
  if (magic.readUInt16BE(0) === BINARY) return binaryHeader(await whole(reader, BINARY_BYTES), false);
  return null;
}

async function whole(reader: ByteReader, bytes: number): Promise<Buffer> {
  const header = await reader.exactly(bytes);
  if (header.length < bytes) throw new Damaged('cut off in a header');
  return header;
}

function newHeader(header: Buffer, magic: string): CpioHeader {
  const field = (index: number): number => digits(header, 6 + index * 8, 8, 16);
  return {
    mode: field(1),
    links: field(4),
    nameBytes: field(11),
    size: field(6),
    sum: magic === '070702' ? field(12) : null,
    alignment: 4,
    bytes: NEW_BYTES,
  };
}

function portableHeader(header: Buffer): CpioHeader {
  return {
    mode: digits(header, 18, 6, 8),
    links: digits(header, 36, 6, 8),
    nameBytes: digits(header, 59, 6, 8),
    size: digits(header, 65, 11, 8),
    sum: null,
    alignment: 1,
    bytes: PORTABLE_BYTES,
  };
}

/** Numbers of 32 bits are two words, the higher one first, whatever the order of the bytes within. */
function binaryHeader(header: Buffer, little: boolean): CpioHeader {
  const word = (index: number): number =>
    little ? header.readUInt16LE(index * 2) : header.readUInt16BE(index * 2);
  return {
    mode: word(3),
    links: word(6),
    nameBytes: word(10),
    size: word(11) * 2 ** 16 + word(12),
    sum: null,
    alignment: 2,
    bytes: BINARY_BYTES,
  };
}

function digits(header: Buffer, at: number, length: number, radix: 8 | 16): number {
  const text = header.toString('latin1', at, at + length);
  const allowed = radix === 8 ? /^[0-7]+$/ : /^[0-9a-fA-F]+$/;
  if (!allowed.test(text)) throw new Damaged('a number in a header is malformed');
  return Number.parseInt(text, radix);
}
