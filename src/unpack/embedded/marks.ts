import { crc32 } from 'node:zlib';
import { isTarHeader, TAR_BLOCK } from '../../bytes/index.ts';
import { FRAME_HEAD_BYTES, frameHeader } from '../zstd-frame.ts';

/** What an archive begins with, where anything may stand before it. */
interface Mark {
  /** One character a byte; two at least. */
  readonly bytes: string;
  /** Where the archive begins, counted from the mark. */
  readonly back: number;
  /** Header fields that have to fit, since the bytes alone stand in many a file. `at`: where the archive begins. */
  readonly fits: (bytes: Buffer, at: number) => boolean;
}

/** Looked at of each header, counted from the archive's first byte. */
const HEADER_BYTES = 4096;

const always = (): boolean => true;
const u16 = (bytes: Buffer, at: number): number => (at + 2 <= bytes.length ? bytes.readUInt16LE(at) : 0);
const u32 = (bytes: Buffer, at: number): number => (at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0);

const mark = (bytes: string, fits: Mark['fits'] = always, back = 0): Mark => ({ bytes, fits, back });

/** What 7-Zip, unrar, cabextract, arj, lha, tar and cpio look for in files that begin as something else. */
const MARKS: readonly Mark[] = [
  mark("7z\xbc\xaf'\x1c\0", (b, at) => crc32(b.subarray(at + 12, at + 32)) === u32(b, at + 8)),
  mark('Rar!\x1a\x07\0', (b, at) => [0x72, 0x73, 0x74].includes(b[at + 9] ?? 0)),
  mark('Rar!\x1a\x07\x01\0', isRar5),
  mark('MSCF\0\0\0\0', (b, at) => u32(b, at + 12) === 0 && u16(b, at + 24) === 0x0103),
  mark('\x60\xea', isArj),
  mark('-lh', isLzh, 2),
  mark('PK\x03\x04', isZipMember),
  mark('\x1f\x8b\x08', isGzip),
  mark('\xfd7zXZ\0\0', (b, at) => crc32(b.subarray(at + 6, at + 8)) === u32(b, at + 8)),
  ...Array.from({ length: 9 }, (_, i) => mark(`BZh${i + 1}1AY&SY`)),
  mark('\x28\xb5\x2f\xfd', (b, at) => frameHeader(b.subarray(at, at + FRAME_HEAD_BYTES)) !== null),
  mark('hsqs', (b, at) => u16(b, at + 28) === 4 && u16(b, at + 30) === 0),
  mark('MSWIM\0\0\0'),
  mark('xar!', (b, at) => (b[at + 4] ?? 9) === 0 && (b[at + 5] ?? 0) >= 28 && (b[at + 7] ?? 9) <= 1),
  mark('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'),
  mark('070701', isHexCpio),
  mark('070702', isHexCpio),
  mark('070707', (b, at) => /^[0-7]{70}$/.test(b.toString('latin1', at + 6, at + 76))),
  mark('ustar', (b, at) => at >= 0 && isTarHeader(b.subarray(at, at + TAR_BLOCK)), 257),
];

/** RAR 5.0 archive format: check sum, size of the header, then what the sum is of. */
function isRar5(bytes: Buffer, at: number): boolean {
  let end = at + 12;
  let size = 0;
  for (let shift = 0; shift < 21; shift += 7) {
    const byte = bytes[end++] ?? 0;
    size |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return size > 0 && size < HEADER_BYTES && crc32(bytes.subarray(at + 12, end + size)) === u32(bytes, at + 8);
}

/** ARJ technical note: a basic header of at most 2,600 bytes, its check sum behind it. */
function isArj(bytes: Buffer, at: number): boolean {
  const size = u16(bytes, at + 2);
  if (size < 30 || size > 2600) return false;
  return crc32(bytes.subarray(at + 4, at + 4 + size)) === u32(bytes, at + 4 + size);
}

/** LHa for UNIX, header.doc: method, level, and of levels 0 and 1 the sum of the header's bytes. */
function isLzh(bytes: Buffer, at: number): boolean {
  if (at < 0 || !/^-lh[0-7d]-$/.test(bytes.toString('latin1', at + 2, at + 7))) return false;
  const level = bytes[at + 20] ?? 0xff;
  if (level === 2) return u16(bytes, at) >= 26 && u16(bytes, at) <= HEADER_BYTES;
  if (level > 1) return false;
  let sum = 0;
  for (const byte of bytes.subarray(at + 2, at + 2 + (bytes[at] ?? 0))) sum += byte;
  return (sum & 0xff) === bytes[at + 1];
}

/** APPNOTE 4.3.7: versions up to 6.3, methods up to 99, a name. */
function isZipMember(bytes: Buffer, at: number): boolean {
  const name = u16(bytes, at + 26);
  return (bytes[at + 4] ?? 99) <= 63 && u16(bytes, at + 8) < 100 && name > 0 && name <= 4096;
}

/** RFC 1952, 2.3: no reserved flags, an extra flag and a system that exist. */
function isGzip(bytes: Buffer, at: number): boolean {
  const system = bytes[at + 9] ?? 99;
  return (
    (bytes[at + 3] ?? 0xff) < 0x20 &&
    [0, 2, 4].includes(bytes[at + 8] ?? 1) &&
    (system < 14 || system === 255)
  );
}

function isHexCpio(bytes: Buffer, at: number): boolean {
  return /^[0-9A-Fa-f]{104}$/.test(bytes.toString('latin1', at + 6, at + 110));
}

/** By their first two bytes: 1 + the first of the marks that begin with them. */
const BY_PAIR = new Uint8Array(65_536);
for (const { bytes } of MARKS) BY_PAIR[(bytes.charCodeAt(0) << 8) | bytes.charCodeAt(1)] = 1;

/** A mark may stand this far behind the beginning of its archive. */
const BACK_BYTES = 258;
/** Wanted behind the stretch that is searched, but at the end of the file. */
export const AHEAD_BYTES = HEADER_BYTES + 512;

/** Where the first archive begins in [from, to) of `bytes`; -1: nowhere. `block`: where one of 512 bytes begins, at or behind `from`. */
export function findArchive(bytes: Buffer, from: number, to: number, block: number): number {
  const end = Math.min(bytes.length, to + BACK_BYTES);
  let pair = 0;
  let next = block;
  let found = -1;
  for (let at = from; at < end && (found < 0 || at < found + BACK_BYTES); at++) {
    const byte = bytes[at] ?? 0;
    pair = ((pair << 8) | byte) & 0xffff;
    if (BY_PAIR[pair] === 1 && at > from) {
      const start = startOf(bytes, at - 1);
      if (start >= from && start < to && (found < 0 || start < found)) found = start;
    }
    if (at === next && at < to) {
      next += TAR_BLOCK;
      // tar passes over what is no header, block by block.
      if (byte !== 0 && found < 0 && isTarHeader(bytes.subarray(at, at + TAR_BLOCK))) found = at;
    }
  }
  return found;
}

function startOf(bytes: Buffer, at: number): number {
  for (const { bytes: text, fits, back } of MARKS) {
    if (bytes[at] !== text.charCodeAt(0) || !matches(bytes, at, text)) continue;
    if (fits(bytes, at - back)) return at - back;
  }
  return -1;
}

function matches(bytes: Buffer, at: number, text: string): boolean {
  for (let i = 1; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
