import { constants, crc32, inflateRawSync, inflateSync } from 'node:zlib';
import type { View } from './view.ts';

/*
 * Where a few magic bytes are too weak to be believed, the header's own fields are held against what its format
 * allows. Every check reads only the view, in steps bounded by constants.
 */

const TAR_BLOCK = 512;
const TAR_CHECKSUM_AT = 148;

/**
 * A tar header by its own check sum, with or without `ustar`: v7 tar has no magic at all. Historic writers summed
 * signed bytes. POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
export function isTarHeader(view: View): boolean {
  if (view.head.length < TAR_BLOCK || view.byte(0) === 0) return false;
  const field = view.latin1(TAR_CHECKSUM_AT, TAR_CHECKSUM_AT + 8);
  const octal = /^ *([0-7]{2,7})[ \0]/.exec(field)?.[1];
  if (octal === undefined) return false;
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < TAR_BLOCK; i++) {
    const byte = i >= TAR_CHECKSUM_AT && i < TAR_CHECKSUM_AT + 8 ? 0x20 : view.byte(i);
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const stored = Number.parseInt(octal, 8);
  return stored === unsigned || stored === signed;
}

export const isGzip = (v: View): boolean => v.byte(2) === 8 && v.byte(3) >= 0 && v.byte(3) < 0x20;

export const isBzip2 = (v: View): boolean =>
  v.byte(3) >= 0x31 &&
  v.byte(3) <= 0x39 &&
  (v.has(4, '\x31\x41\x59\x26\x53\x59') || v.has(4, '\x17\x72\x45\x38\x50\x90'));

/** One font with a name of at most 255 bytes: an index of one entry, whose two offsets say so. */
export const isCompactFont = (v: View): boolean =>
  v.byte(3) >= 1 && v.byte(3) <= 4 && v.has(4, '\0\x01\x01\x01') && v.byte(8) > 1;

const GSM_FRAME_BYTES = 33;
/** In frames: chance passes fewer. */
const LEAST_GSM_FRAMES = 8;
const MOST_GSM_FRAMES = 64;

/** Telephone speech has no header, but the first half byte of each frame is the same. */
export function isGsm(view: View): boolean {
  if (view.size !== null && view.size % GSM_FRAME_BYTES !== 0) return false;
  const frames = Math.min(MOST_GSM_FRAMES, Math.floor(view.head.length / GSM_FRAME_BYTES));
  if (frames < LEAST_GSM_FRAMES) return false;
  for (let frame = 0; frame < frames; frame++)
    if (view.byte(frame * GSM_FRAME_BYTES) >> 4 !== 0xd) return false;
  return true;
}

/** Behind `blob `, the size as git writes it, and a NUL. */
export const isGitBlob = (v: View): boolean => /^(?:0|[1-9]\d{0,15})\0/.test(v.latin1(5, 22));

export const isCompress = (v: View): boolean =>
  (v.byte(2) & 0x60) === 0 && (v.byte(2) & 0x1f) >= 9 && (v.byte(2) & 0x1f) <= 16;

const MAX_LZMA_BYTES = 2 ** 38;

/** .lzma has no magic: what xz itself demands of the header (liblzma, alone_decoder.c), for the usual properties. */
export function isLzmaAlone(view: View): boolean {
  if (view.head.length < 14 || view.byte(13) !== 0) return false;
  const dictionary = view.u32(1);
  const top = 2 ** Math.floor(Math.log2(dictionary));
  const plausible =
    dictionary === 0xffffffff || (dictionary >= 4096 && (dictionary === top || dictionary === top * 1.5));
  const size = view.head.readBigUInt64LE(5);
  return plausible && (size === 0xffffffffffffffffn || size < BigInt(MAX_LZMA_BYTES));
}

/** Other properties than the usual ones, for which nothing speaks but the figures: data do not grow by being compressed. */
export function isOddLzmaAlone(view: View): boolean {
  if (view.byte(0) >= 225 || view.byte(0) < 0 || !isLzmaAlone(view)) return false;
  // The first thing that is decoded is never a repetition.
  if (view.byte(14) >= 0x80) return false;
  const size = Number(view.head.readBigUInt64LE(5));
  const packed = view.size ?? view.head.length;
  return size === 2 ** 64 || (size >= 16 && size * 1.1 >= packed - 64 && size <= packed * 10_000);
}

/** pack(1): the size of what comes out, then the depth of the tree. */
export const isPack = (v: View): boolean => v.be32(2) > 0 && v.byte(6) >= 1 && v.byte(6) <= 24;

/** A storage header: version, whether it is in use, the name of the digest and its length, slot format, block size. */
export function isVeeam(view: View): boolean {
  const length = view.u32(8);
  if (view.u32(0) < 1 || view.u32(0) > 255 || view.u32(4) > 1 || length < 1 || length > 32) return false;
  if (!/^[\w-]+\0+$/.test(view.latin1(12, 12 + 251)) || view.byte(12 + length) !== 0) return false;
  const block = view.u32(0x10b);
  return view.u32(0x107) <= 64 && block >= 512 && (block & (block - 1)) === 0;
}

export const isLz4Frame = (v: View): boolean => (v.byte(4) & 0xc0) === 0x40;

const MAX_SKIPPABLE_FRAMES = 64;

/** Skippable frames are shared by zstd and lz4: what follows them decides (RFC 8878, section 3.1.2). */
export function afterSkippableFrames(view: View): string | null {
  let at = 0;
  for (let frames = 0; frames < MAX_SKIPPABLE_FRAMES; frames++) {
    const magic = view.u32(at);
    if (magic === 0xfd2fb528) return 'application/zstd';
    if (magic === 0x184d2204 || magic === 0x184c2102) return 'application/x-lz4';
    if (magic < 0x184d2a50 || magic > 0x184d2a5f) break;
    const length = view.u32(at + 4);
    if (length < 0) return null;
    at += 8 + length;
  }
  // The frame that follows is out of sight, or there is none: zstd by convention (pzstd, zstd --seekable).
  return at > 0 && at >= view.head.length ? 'application/zstd' : null;
}

/** ARJ technical note: a main header (file type 2) of at most 2,600 bytes. */
export const isArj = (v: View): boolean =>
  v.u16(2) >= 30 && v.u16(2) <= 2600 && v.byte(4) >= 30 && v.byte(4) <= v.u16(2) && v.byte(10) === 2;

export function isLzh(view: View): boolean {
  if (view.head.length < 22) return false;
  return /^-l[hz][0-9a-z]-$/.test(view.latin1(2, 7)) && view.byte(0) > 0 && view.byte(20) <= 3;
}

const ARC_HEADER_BYTES = 29;

/** Method, a name that ends in NUL, its size; behind the data stands the next header, or the mark of the end. */
export function isArc(view: View): boolean {
  if (view.byte(1) < 1 || view.byte(1) > 9 || !/^[!-~]{1,12}\0/.test(view.latin1(2, 15))) return false;
  const next = ARC_HEADER_BYTES + view.u32(15);
  return view.byte(next) === 0x1a || (next >= view.head.length && next < (view.size ?? Infinity));
}

/** Old binary cpio: a sane mode and a name that ends in NUL (FreeBSD, cpio(5)). */
export function isBinaryCpio(view: View): boolean {
  const big = view.byte(0) === 0x71;
  const field = (at: number): number => (big ? view.be16(at) : view.u16(at));
  const kind = field(6) >> 12;
  const nameLength = field(20);
  return (
    [1, 2, 4, 6, 8, 10, 12].includes(kind) &&
    nameLength > 1 &&
    nameLength <= 4096 &&
    view.byte(26 + nameLength - 1) === 0
  );
}

export const isOctalCpio = (v: View): boolean => /^[0-7]{70}$/.test(v.latin1(6, 76));
export const isHexCpio = (v: View): boolean => /^[0-9A-Fa-f]{104}$/.test(v.latin1(6, 110));

/** Behind the line that names it: capabilities, commits and references, a line each, a blank line and the pack. */
export function isGitBundle(view: View): boolean {
  const lines = /^[^\n]*\n(?:(?:@|-?[\da-f]{40})[^\n]*\n)+/.exec(view.latin1(0, view.head.length))?.[0]
    .length;
  if (lines === undefined) return false;
  return view.has(lines, '\nPACK') || view.head.length - lines < MOST_BYTES_OF_A_REFERENCE;
}
const MOST_BYTES_OF_A_REFERENCE = 4096;

export const isDar = (v: View): boolean => 'NTE'.includes(char(v, 14)) && 'NST'.includes(char(v, 15));
const char = (v: View, at: number): string => (v.byte(at) < 0 ? '?' : String.fromCharCode(v.byte(at)));

/** Microsoft Tape Format 1.00a: the tape header's displayable size and logical address are 0. */
export const isMtf = (v: View): boolean =>
  v.head.length >= 52 && v.u16(8) >= 52 && v.head.subarray(12, 28).every((byte) => byte === 0);

/** Linux, fs/ext4/ext4.h, struct ext4_super_block at byte 1,024. */
export const isExt = (v: View): boolean =>
  v.u32(1024) > 0 && v.u32(1028) > 0 && v.u32(1048) <= 6 && v.u32(1100) >= 0 && v.u32(1100) <= 1;

/** A first node of a known kind whose header has the right check sum: CRC-32 without its two inversions. */
export function isJffs2(view: View): boolean {
  const little = view.byte(0) === 0x85;
  const kind = little ? view.u16(2) : view.be16(2);
  const sum = little ? view.u32(8) : view.be32(8);
  const KINDS = [0xe001, 0xe002, 0x2003, 0x2004, 0x2006, 0xe008, 0xe009];
  return KINDS.includes(kind) && sum === ~crc32(view.head.subarray(0, 8), 0xffffffff) >>> 0;
}

export const isXfs = (v: View): boolean =>
  [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536].includes(v.be32(4));

export const isHfs = (v: View): boolean => v.be32(1044) > 0 && v.be32(1044) % 512 === 0 && v.be16(1042) > 0;

/** The volume recognition sequence without CD001 (ECMA-167, 2/8.3.1): sectors of 2,048 bytes. */
export const isUdf = (v: View): boolean =>
  v.has(34817, 'NSR0') || v.has(36865, 'NSR0') || v.has(38913, 'NSR0');

/** Microsoft FAT specification, section 3: the fields every FAT boot sector must fill. */
export function isFat(view: View): boolean {
  const jump = (view.byte(0) === 0xeb && view.byte(2) === 0x90) || view.byte(0) === 0xe9;
  const cluster = view.byte(13);
  return (
    jump &&
    [512, 1024, 2048, 4096].includes(view.u16(11)) &&
    cluster > 0 &&
    (cluster & (cluster - 1)) === 0 &&
    view.u16(14) > 0 &&
    (view.byte(16) === 1 || view.byte(16) === 2) &&
    (view.byte(21) === 0xf0 || view.byte(21) >= 0xf8)
  );
}

/** A partition table of four entries at byte 446, at least one of them in use. */
export function isPartitionTable(view: View): boolean {
  let used = 0;
  for (let at = 446; at < 510; at += 16) {
    const status = view.byte(at);
    if (status !== 0 && status !== 0x80) return false;
    if (view.byte(at + 4) !== 0 && view.u32(at + 8) > 0 && view.u32(at + 12) > 0) used++;
  }
  return used > 0;
}

/** A DOS header that could be loaded: a sane last page, pages and header size. */
export const isDosHeader = (v: View): boolean =>
  v.head.length >= 64 && v.u16(2) < 512 && v.u16(4) > 0 && v.u16(8) >= 2 && v.u16(8) <= 4096;

/** The new header's offset stands at byte 60 (Microsoft PE format, "MS-DOS Stub"). */
export const isPe = (v: View): boolean => v.u32(60) >= 4 && v.has(v.u32(60), 'PE\0\0');

/** 0xCAFEBABE begins a fat Mach-O (a small count) and a Java class (a version of at least 45). */
export const isJavaClass = (v: View): boolean => v.be16(6) >= 45 && v.be16(6) < 200;
export const isFatMachO = (v: View): boolean => v.be32(4) > 0 && v.be32(4) < 30;

/**
 * CPython: magic number (3000 and up since 3.0, 62011 to 62211 before), flags, time and size, then a marshalled
 * code object.
 */
export function isPythonBytecode(view: View): boolean {
  const version = view.u16(0);
  const plausible = (version >= 3000 && version < 4500) || (version >= 62011 && version <= 62211);
  return plausible && [8, 12, 16].some((at) => (view.byte(at) & 0x7f) === 0x63);
}

export const isBmp = (v: View): boolean =>
  v.u32(6) === 0 && [12, 16, 40, 52, 56, 64, 108, 124].includes(v.u32(14));

export function isIcon(view: View): boolean {
  const count = view.u16(4);
  const bytes = view.u32(14);
  const offset = view.u32(18);
  const fits = view.size === null || offset + bytes <= view.size;
  return count > 0 && count <= 1024 && view.byte(9) === 0 && bytes > 0 && offset >= 6 + 16 * count && fits;
}

export const isSfnt = (v: View): boolean =>
  v.be16(4) > 0 && v.be16(4) <= 96 && /^[\x20-\x7e]{4}$/.test(v.latin1(12, 16));

const MPEG1_L3_KBIT = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MPEG2_L3_KBIT = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const MPEG1_HZ = [44100, 48000, 32000];

/** Length in bytes of the MPEG audio layer III frame at `at`; 0 if there is none (ISO/IEC 11172-3, 2.4.1.3). */
function mp3Frame(view: View, at: number): number {
  if (view.byte(at) !== 0xff || (view.byte(at + 1) & 0xe6) !== 0xe2) return 0;
  const version = (view.byte(at + 1) >> 3) & 3;
  const third = view.byte(at + 2);
  if (third < 0 || version === 1) return 0;
  const hz = MPEG1_HZ[(third >> 2) & 3];
  const kbit = (version === 3 ? MPEG1_L3_KBIT : MPEG2_L3_KBIT)[third >> 4];
  if (hz === undefined || kbit === undefined || kbit === 0) return 0;
  const rate = version === 3 ? hz : version === 2 ? hz / 2 : hz / 4;
  return Math.floor(((version === 3 ? 144000 : 72000) * kbit) / rate) + ((third >> 1) & 1);
}

const FRAMES_TO_BELIEVE = 3;

/** Three frames in a row: the eleven bits of a sync word alone are found in any noise. */
export function isMp3(view: View): boolean {
  for (let at = 0, frame = 0; frame < FRAMES_TO_BELIEVE; frame++) {
    const length = mp3Frame(view, at);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

export function isAdts(view: View): boolean {
  for (let at = 0, frame = 0; frame < FRAMES_TO_BELIEVE; frame++) {
    if (view.byte(at) !== 0xff || (view.byte(at + 1) & 0xf6) !== 0xf0) return false;
    const length = ((view.byte(at + 3) & 3) << 11) | (view.byte(at + 4) << 3) | (view.byte(at + 5) >> 5);
    if (length < 7) return false;
    at += length;
  }
  return true;
}

export const isTransportStream = (v: View): boolean =>
  [188, 376, 564, 752].every((at) => v.byte(at) === 0x47);

/** MySQL: page 0 of a tablespace is of type FSP_HDR (8) and names its space twice (fil0types.h, fsp0types.h). */
export const isInnodb = (v: View): boolean =>
  v.be32(4) === 0 && v.be16(24) === 8 && v.be32(34) >= 0 && v.be32(34) === v.be32(38) && v.be32(46) > 0;

/** Linux, fs/ecryptfs: two words whose exclusive-or is the marker. */
export const isEcryptfs = (v: View): boolean =>
  v.head.length >= 8192 && (v.be32(8) ^ v.be32(12)) >>> 0 === 0x3c81b7f5 && v.be32(16) >>> 24 <= 3;

/** An outer sequence that begins with one of the content types of CMS: 1.2.840.113549.1.7.* or .1.9.16.1.* . */
export const isCms = (v: View): boolean => {
  const first = v.byte(1);
  const at = 2 + (first > 0x80 && first <= 0x84 ? first & 7 : 0);
  return (
    v.has(at, '\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07') ||
    v.has(at, '\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01')
  );
};

/** A sequence (its length in 1 to 5 bytes) that begins with version 3 and goes on with a sequence. */
export const isPfx = (v: View): boolean => {
  const first = v.byte(1);
  const at = 2 + (first > 0x80 && first <= 0x84 ? first & 7 : 0);
  return v.has(at, '\x02\x01\x03\x30');
};

/** Versions up to 50 are known; the declared length holds a header and a rectangle at least. */
export const isSwf = (v: View): boolean => v.byte(3) >= 1 && v.byte(3) <= 60 && v.u32(4) >= 16;

/** In bytes; blocks of keys with a signature of 8,192 bits stay below it. */
const MOST_KEY_BYTES = 8192;

const isKeySized = (v: View, bytes: number): boolean => bytes === v.size && bytes <= MOST_KEY_BYTES;

/** A block of keys that is as long as it says. */
export const isBootKeyBlock = (v: View): boolean => isKeySized(v, v.u32(16));

/** A key of the second format that is as long as it says. */
export const isBootKey = (v: View): boolean => isKeySized(v, v.u32(8));

/** A public key: behind 32 bytes a modulus of as many words as it counts, their inverse and their square, up to the end. */
export const isBootPublicKey = (v: View): boolean =>
  isKeySized(v, 32 + v.u32(8)) && v.u32(16) < 16 && v.u32(32) * 8 + 8 === v.u32(8);

/** A private key: the number of its algorithm, and PKCS #1's sequence up to the end. */
export const isBootPrivateKey = (v: View): boolean =>
  isKeySized(v, 12 + v.be16(10)) && v.byte(0) < 16 && v.has(12, '\x02\x01\0\x02');

/** An outer DER sequence that is as long as the file. */
export const isDer = (v: View): boolean =>
  (v.byte(4) === 0x30 || v.byte(4) === 0x02) && (v.size === null || v.be16(2) + 4 === v.size);

const PGP_ENCRYPTED_NEXT = [1, 3, 9, 10, 18, 20];
const PGP_KEY_NEXT = [2, 13, 14, 7, 17];

/** Tag and extent of the OpenPGP packet at `at` (RFC 9580, 4.2); null if it cannot be one. */
function pgpPacket(view: View, at: number): { tag: number; body: number; length: number | null } | null {
  const first = view.byte(at);
  if (first < 0x80) return null;
  if (first & 0x40) {
    const one = view.byte(at + 1);
    if (one < 0) return null;
    if (one < 192) return { tag: first & 0x3f, body: at + 2, length: one };
    if (one < 224) {
      const two = view.byte(at + 2);
      return two < 0 ? null : { tag: first & 0x3f, body: at + 3, length: ((one - 192) << 8) + two + 192 };
    }
    if (one === 255) return { tag: first & 0x3f, body: at + 6, length: view.be32(at + 2) };
    return { tag: first & 0x3f, body: at + 2, length: null };
  }
  const tag = (first >> 2) & 0xf;
  const kind = first & 3;
  if (kind === 0) return { tag, body: at + 2, length: view.byte(at + 1) };
  if (kind === 1) return { tag, body: at + 3, length: view.be16(at + 1) };
  if (kind === 2) return { tag, body: at + 5, length: view.be32(at + 1) };
  return { tag, body: at + 1, length: null };
}

/** The MIME type of binary OpenPGP data, by its first packet's fields and the packet after it. */
export function pgpType(view: View): string | null {
  const packet = pgpPacket(view, 0);
  if (packet === null || packet.length === null || packet.length < 4 || packet.length > 8192) return null;
  const version = view.byte(packet.body);
  const next = pgpPacket(view, packet.body + packet.length);
  if (next === null) return null;
  if (packet.tag === 3 && version >= 4 && version <= 6) {
    const plausible = version > 4 || (view.byte(packet.body + 1) <= 13 && view.byte(packet.body + 2) <= 4);
    return plausible && PGP_ENCRYPTED_NEXT.includes(next.tag) ? 'application/pgp-encrypted' : null;
  }
  if (packet.tag === 1 && (version === 3 || version === 6)) {
    const algorithm = view.byte(packet.body + 9);
    const plausible = version === 6 || [1, 2, 16, 18, 25, 26].includes(algorithm);
    return plausible && PGP_ENCRYPTED_NEXT.includes(next.tag) ? 'application/pgp-encrypted' : null;
  }
  if ((packet.tag === 6 || packet.tag === 5) && version >= 3 && version <= 6) {
    return PGP_KEY_NEXT.includes(next.tag) ? 'application/x-pgp-keyring' : null;
  }
  return null;
}

const DEFLATE = 1;
const ZLIB = 2;

/** What gpg makes without a key: compressed data (old format, no length), or a signature in one pass before them. */
export function isPgpData(view: View): boolean {
  if (view.byte(0) === 0xa3 && view.byte(1) === DEFLATE) return inflates(view.head.subarray(2), true);
  if (view.byte(0) === 0xa3 && view.byte(1) === ZLIB) return inflates(view.head.subarray(2), false);
  if (view.byte(0) === 0xa3) return view.byte(1) === 3 && view.has(2, 'BZh');
  return (view.byte(0) === 0x90 || view.byte(0) === 0xc4) && view.byte(1) === 13 && view.byte(2) === 3;
}

const ZLIB_PROBE = 4096;
const ZLIB_PROBE_OUT = 8 * 1024 * 1024;

/** Two bytes of header promise little (RFC 1950): the first 4 KiB must really inflate. */
export function isZlib(view: View): boolean {
  if ((view.byte(0) & 0x0f) !== 8 || view.byte(0) >> 4 > 7 || view.be16(0) % 31 !== 0) return false;
  if ((view.byte(1) & 0x20) !== 0) return false;
  return inflates(view.head, false);
}

const inflates = (bytes: Buffer, raw: boolean): boolean => beginning(bytes, raw).length > 0;

function beginning(bytes: Buffer, raw: boolean): Buffer {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: ZLIB_PROBE_OUT };
    const probe = bytes.subarray(0, ZLIB_PROBE);
    return raw ? inflateRawSync(probe, options) : inflateSync(probe, options);
  } catch {
    // Not a zlib stream after all (or a bomb, which 4 KiB cannot make of 8 MiB): nothing is lost but the guess.
    return Buffer.alloc(0);
  }
}

/** In bytes: the longest that R makes an object. */
const MOST_R_OBJECT = 0x7fffffff;
/** R's serialization of an object: binary, version 2 or 3. */
const R_OBJECT = 'X\n\0\0\0';
/** LZMA2 begins with a chunk that resets all there is and has properties of its own; R's are those of xz. */
const LZMA2_FIRST = 0xe0;
const XZ_PROPERTIES = 0x5d;
/** In bytes: a chunk that is not the last has nearly as many, packed; or of what comes out, as many as a chunk may. */
const FULL_CHUNK = { packed: 0x8000, unpacked: 0x10_0000 } as const;

/** The first record: how long the object is, how it is packed, and that it is one. */
export function isRDatabase(view: View): boolean {
  const length = view.be32(0);
  if (length < R_OBJECT.length || length > MOST_R_OBJECT) return false;
  switch (view.byte(4)) {
    case 0x30:
      return view.has(5, R_OBJECT);
    case 0x32:
      return view.has(5, 'BZh') && view.byte(8) >= 0x31 && view.byte(8) <= 0x39 && view.has(9, '1AY&SY');
    case 0x5a: {
      // The first byte of what a range coder writes is always 0 (LZMA SDK).
      if (view.byte(5) < LZMA2_FIRST || view.byte(10) !== XZ_PROPERTIES || view.byte(11) !== 0) return false;
      const unpacked = ((view.byte(5) & 0x1f) << 16) + view.be16(6) + 1;
      const isFull = view.be16(8) >= FULL_CHUNK.packed || unpacked >= FULL_CHUNK.unpacked;
      return unpacked === length || (unpacked < length && isFull);
    }
    default:
      if ((view.byte(4) & 0x0f) !== 8 || view.be16(4) % 31 !== 0) return false;
      return beginning(view.head.subarray(4), false).toString('latin1', 0, R_OBJECT.length) === R_OBJECT;
  }
}

/** An object of R by itself, not compressed: which versions there are, and those of R that wrote it and can read it. */
export const isRObject = (v: View): boolean =>
  (v.be32(2) === 2 || v.be32(2) === 3) && v.byte(6) === 0 && v.byte(10) === 0;

const UEFI_HEADER_AT = 48;

/** The header's words of 16 bits have a sum of 0. */
export function isFirmwareVolume(view: View): boolean {
  const length = view.u16(UEFI_HEADER_AT);
  if (length < UEFI_HEADER_AT + 8 || length % 2 !== 0 || view.at(0, length) === null) return false;
  let sum = 0;
  for (let at = 0; at < length; at += 2) sum += view.u16(at);
  return (sum & 0xffff) === 0;
}

const ROM_UNIT_BYTES = 512;

/** As long as it says, and a structure that names maker and device. */
export function isOptionRom(view: View): boolean {
  const size = view.byte(2) * ROM_UNIT_BYTES;
  return size > 0 && view.size !== null && size <= view.size && view.has(view.u16(24), 'PCIR');
}

/** The boot sector's mark before it, and a version of the protocol. */
export const isLinuxKernel = (v: View): boolean =>
  v.has(510, '\x55\xaa') && v.byte(519) === 2 && v.byte(518) < 0x20;
