import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { ContentType } from '../domain/index.ts';
import { HEAD_BYTES, Identifier, isSeenRaw, TAIL_BYTES, withoutReader, type Glimpse } from './index.ts';
import { SIGNATURES } from './signatures.ts';
import { TYPES } from './types.ts';

const identifier = await Identifier.create();
afterAll(() => identifier.close());

/** The agreed ids of the unpack room. */
/** What identification would be given of a file of these bytes. */
function glimpse(bytes: Buffer, name = 'x'): Glimpse {
  const tail = bytes.length > HEAD_BYTES ? bytes.subarray(-TAIL_BYTES) : null;
  return { head: bytes.subarray(0, HEAD_BYTES), tail, size: bytes.length, name };
}
const identify = (bytes: Buffer, name = 'x'): ContentType => identifier.identify(glimpse(bytes, name));

const raw = (text: string): Buffer => Buffer.from(text, 'latin1');
const utf8 = (text: string): Buffer => Buffer.from(text);

/** What holds of an answer whatever the bytes were. */
function isWellFormed({ description, mime, container }: ContentType): boolean {
  return (
    /^[\x20-\x7e]{1,200}$/.test(description) &&
    /^[a-z]+\/[\w.+-]+$/.test(mime) &&
    (container === null || /^[a-z0-9-]+$/.test(container))
  );
}

/** Zeros of `length` bytes with parts written into them. */
function laid(length: number, ...parts: readonly (readonly [number, string | Buffer])[]): Buffer {
  const bytes = Buffer.alloc(length);
  for (const [at, part] of parts) bytes.set(typeof part === 'string' ? raw(part) : part, at);
  return bytes;
}
const le16 = (value: number): Buffer => Buffer.from([value & 255, value >> 8]);
const le32 = (value: number): Buffer => Buffer.from(new Uint32Array([value]).buffer);
const be32 = (value: number): Buffer => le32(value).swap32();

/** Bytes that look like noise and are the same every time. */
function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

interface ZipMember {
  readonly name: string;
  readonly body?: string;
  readonly streamed?: boolean;
}

/** A zip of stored members; streamed ones have their sizes behind them. */
function zip(...members: readonly (string | ZipMember)[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const { name, body = 'body', streamed = false } = typeof member === 'string' ? { name: member } : member;
    const size = Buffer.concat([le32(body.length), le32(body.length)]);
    const unknown = Buffer.alloc(8);
    const common = (sizes: Buffer): Buffer =>
      Buffer.concat([
        le16(20),
        le16(streamed ? 8 : 0),
        le16(0),
        Buffer.alloc(8),
        sizes,
        le16(name.length),
        le16(0),
      ]);
    const local = Buffer.concat([raw('PK\x03\x04'), common(streamed ? unknown : size), raw(name), raw(body)]);
    const end = streamed ? Buffer.concat([raw('PK\x07\x08'), Buffer.alloc(4), size]) : Buffer.alloc(0);
    central.push(
      Buffer.concat([raw('PK\x01\x02'), le16(20), common(size), Buffer.alloc(10), le32(offset), raw(name)]),
    );
    locals.push(local, end);
    offset += local.length + end.length;
  }
  const directory = Buffer.concat(central);
  const tail = Buffer.concat([
    raw('PK\x05\x06'),
    Buffer.alloc(4),
    le16(members.length),
    le16(members.length),
    le32(directory.length),
    le32(offset),
    le16(0),
  ]);
  return Buffer.concat([...locals, directory, tail]);
}

function tar(magic: string, name = 'a.txt'): Buffer {
  const header = laid(1024, [0, name], [100, '0000644\0'], [124, '00000000004\0'], [156, '0'], [257, magic]);
  header.write('        ', 148);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** A compound file whose directory names these streams. */
function ole(streams: readonly string[], rootClass = Buffer.alloc(16)): Buffer {
  const entry = (name: string, kind: number, clsid: Buffer): Buffer =>
    laid(
      128,
      [0, Buffer.from(name, 'utf16le')],
      [64, le16(name.length * 2 + 2)],
      [66, Buffer.from([kind])],
      [80, clsid],
    );
  return Buffer.concat([
    laid(512, [0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'], [28, '\xfe\xff'], [30, le16(9)], [48, le32(0)]),
    entry('Root Entry', 5, rootClass),
    ...streams.map((name) => entry(name, 2, Buffer.alloc(16))),
    Buffer.alloc(512),
  ]);
}
const MSI_CLASS = Buffer.from('84100c0000000000c000000000000046', 'hex');

const bootSector = (...parts: readonly (readonly [number, string | Buffer])[]): Buffer =>
  laid(66_000, [510, '\x55\xaa'], ...parts);
const FAT_BPB = '\xeb\x3c\x90mkfs.fat\0\x02\x04\x01\0\x02\0\x02\0\x50\xf8';
const MBR_ENTRY = `\x80\0\0\0\x83\0\0\0\0\x08\0\0\0\x10\0\0`;

const pe = (...parts: readonly (readonly [number, string | Buffer])[]): Buffer =>
  laid(1024, [0, 'MZ\x90\0\x03\0\0\0\x04\0'], [60, le32(128)], [128, 'PE\0\0'], ...parts);
/** One section whose bytes end at 1,024. */
const SECTION: readonly (readonly [number, Buffer])[] = [
  [134, le16(1)],
  [152 + 16, le32(512)],
  [152 + 20, le32(512)],
];
const utf32 = (text: string): Buffer =>
  Buffer.concat(Array.from(text, (letter) => le32(letter.codePointAt(0) ?? 0)));
const elf = (type: number): Buffer => laid(64, [0, '\x7fELF\x02\x01\x01'], [16, le16(type)]);

const mp3Frame = laid(417, [0, '\xff\xfb\x90\x00']);
const DOCX = ['[Content_Types].xml', '_rels/.rels', 'word/document.xml'];

type Row = readonly [what: string, bytes: Buffer, mime: string, container: string | null, density: string];

const SAMPLES: readonly Row[] = [
  ['an empty file', Buffer.alloc(0), 'application/x-empty', null, 'plain'],
  ['gzip', gzipSync('hello'), 'application/gzip', 'gzip', 'compressed'],
  ['bzip2', raw('BZh91AY&SY\0\0\0\0'), 'application/x-bzip2', 'bzip2', 'compressed'],
  [
    'an empty bzip2',
    raw('BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0'),
    'application/x-bzip2',
    'bzip2',
    'compressed',
  ],
  ['xz', raw('\xfd7zXZ\0\0\x04'), 'application/x-xz', 'xz', 'compressed'],
  ['zstd', raw('\x28\xb5\x2f\xfd\x04\x00'), 'application/zstd', 'zstd', 'compressed'],
  ['lz4', raw('\x04\x22\x4d\x18\x64\x40'), 'application/x-lz4', 'lz4', 'compressed'],
  ['a Redis dump', raw('REDIS0011\xfa\x09redis-ver'), 'application/x-redis-dump', 'redis', 'compressed'],
  ['lz4, legacy', raw('\x02\x21\x4c\x18\x10\0\0\0'), 'application/x-lz4', 'lz4', 'compressed'],
  ['lzip', raw('LZIP\x01\x0c'), 'application/x-lzip', 'lzip', 'compressed'],
  ['lzma', raw(`\x5d\0\0\x80\0${'\xff'.repeat(8)}\0abc`), 'application/x-lzma', 'lzma', 'compressed'],
  ['.Z', raw('\x1f\x9d\x90abc'), 'application/x-compress', 'compress', 'compressed'],
  ['ustar', tar('ustar\x0000'), 'application/x-tar', 'tar', 'compressed'],
  ['GNU tar', tar('ustar  \0'), 'application/x-tar', 'tar', 'compressed'],
  ['v7 tar', tar(''), 'application/x-tar', 'tar', 'compressed'],
  [
    'a tar whose first name looks like gzip',
    tar('', '\x1f\x8b\x08\0'),
    'application/x-tar',
    'tar',
    'compressed',
  ],
  ['zip', zip('a.txt'), 'application/zip', 'zip', 'compressed'],
  ['an empty zip', zip(), 'application/zip', 'zip', 'compressed'],
  ['7z', raw("7z\xbc\xaf'\x1c\0\x04"), 'application/x-7z-compressed', '7z', 'compressed'],
  ['rar 4', raw('Rar!\x1a\x07\0'), 'application/vnd.rar', 'rar', 'compressed'],
  ['rar 5', raw('Rar!\x1a\x07\x01\0'), 'application/vnd.rar', 'rar', 'compressed'],
  ['cab', raw('MSCF\0\0\0\0\x10'), 'application/vnd.ms-cab-compressed', 'cab', 'compressed'],
  ['arj', laid(64, [0, '\x60\xea\x2b\0\x22\x0b\x01\x02\0\0\x02']), 'application/x-arj', 'arj', 'compressed'],
  ['lzh', laid(64, [0, '\x20\x10-lh5-'], [20, '\x01']), 'application/x-lzh-compressed', 'lzh', 'compressed'],
  ['cpio newc', raw(`070701${'0'.repeat(104)}`), 'application/x-cpio', 'cpio', 'compressed'],
  ['cpio crc', raw(`070702${'0'.repeat(104)}`), 'application/x-cpio', 'cpio', 'compressed'],
  ['cpio odc', raw(`070707${'0'.repeat(70)}`), 'application/x-cpio', 'cpio', 'compressed'],
  [
    'cpio, old binary',
    laid(64, [0, '\xc7\x71'], [6, '\xa4\x81'], [20, le16(2)], [26, 'a\0']),
    'application/x-cpio',
    'cpio',
    'compressed',
  ],
  [
    'arc',
    laid(63, [0, '\x1a\x08a.txt\0'], [15, '\x20\0\0\0'], [61, '\x1a\0']),
    'application/x-arc',
    null,
    'compressed',
  ],
  ['ar', raw('!<arch>\nfoo.o/          '), 'application/x-archive', 'ar', 'compressed'],
  ['deb', raw('!<arch>\ndebian-binary   '), 'application/vnd.debian.binary-package', 'ar', 'compressed'],
  ['rpm', raw('\xed\xab\xee\xdb\x03\0'), 'application/x-rpm', 'rpm', 'compressed'],
  ['wim', raw('MSWIM\0\0\0\xd0'), 'application/x-ms-wim', 'wim', 'compressed'],
  ['xar', raw('xar!\0\x1c\0\x01'), 'application/x-xar', 'xar', 'compressed'],
  ['chm', raw('ITSF\x03\0\0\0'), 'application/vnd.ms-htmlhelp', 'chm', 'compressed'],

  ['iso', laid(34_000, [32_769, 'CD001\x01']), 'application/x-iso9660-image', 'iso', 'compressed'],
  [
    'a hybrid iso',
    laid(34_000, [446, MBR_ENTRY], [510, '\x55\xaa'], [32_769, 'CD001\x01']),
    'application/x-iso9660-image',
    'iso',
    'compressed',
  ],
  ['udf', laid(40_000, [32_769, 'BEA01'], [34_817, 'NSR02']), 'application/x-udf-image', 'udf', 'compressed'],
  [
    'ext4',
    laid(4096, [1024, le32(16)], [1028, le32(64)], [1048, le32(2)], [1080, '\x53\xef'], [1100, le32(1)]),
    'application/x-ext-image',
    'ext',
    'compressed',
  ],
  ['fat', bootSector([0, FAT_BPB]), 'application/x-fat-image', 'fat', 'compressed'],
  ['ntfs', bootSector([0, '\xeb\x52\x90NTFS    ']), 'application/x-ntfs-image', 'ntfs', 'compressed'],
  ['mbr', bootSector([446, MBR_ENTRY]), 'application/x-mbr-image', 'mbr', 'compressed'],
  ['gpt', bootSector([446, MBR_ENTRY], [512, 'EFI PART']), 'application/x-gpt-image', 'gpt', 'compressed'],
  ['hfs+', laid(2048, [1024, 'H+\0\x04']), 'application/x-hfs-image', 'hfs', 'compressed'],
  ['apfs', laid(4096, [32, 'NXSB']), 'application/x-apfs-image', 'apfs', 'compressed'],
  ['squashfs', laid(96, [0, 'hsqs'], [28, le16(4)]), 'application/vnd.squashfs', 'squashfs', 'compressed'],
  ['qcow2', raw('QFI\xfb\0\0\0\x03'), 'application/x-qemu-disk', 'qcow2', 'compressed'],
  ['vmdk', raw('KDMV\x01\0\0\0'), 'application/x-vmdk-disk', 'vmdk', 'compressed'],
  ['vhdx', raw('vhdxfile'), 'application/x-vhdx-disk', 'vhdx', 'compressed'],
  ['vdi', laid(512, [64, '\x7f\x10\xda\xbe']), 'application/x-vdi-disk', 'vdi', 'compressed'],
  [
    'a fixed vhd',
    laid(300_000, [446, MBR_ENTRY], [510, '\x55\xaa'], [299_488, 'conectix']),
    'application/x-vhd-disk',
    'vhd',
    'compressed',
  ],
  [
    'a dmg that begins like bzip2',
    laid(300_000, [0, 'BZh91AY&SY'], [299_488, 'koly\0\0\0\x04\0\0\x02\0']),
    'application/x-apple-diskimage',
    'dmg',
    'compressed',
  ],
  [
    'a small dmg',
    laid(2048, [0, 'x'], [1536, 'koly\0\0\0\x04\0\0\x02\0']),
    'application/x-apple-diskimage',
    'dmg',
    'compressed',
  ],

  ['btrfs', laid(70_000, [65_600, '_BHRfS_M']), 'application/x-btrfs-image', 'btrfs', 'compressed'],
  ['xfs', raw('XFSB\0\0\x10\0'), 'application/x-xfs-image', 'xfs', 'compressed'],
  ['lvm', laid(4096, [512, 'LABELONE'], [536, 'LVM2 001']), 'application/x-lvm-image', 'lvm', 'compressed'],
  ['luks', raw('LUKS\xba\xbe\0\x02'), 'application/x-luks', null, 'compressed'],
  ['bitlocker', bootSector([0, '\xeb\x58\x90-FVE-FS-']), 'application/x-bitlocker', null, 'compressed'],
  ['dar', laid(64, [3, '\x7b'], [14, 'TT']), 'application/x-dar', null, 'compressed'],
  ['a borg segment', raw('BORG_SEG\x01\x02'), 'application/x-borg-segment', null, 'compressed'],
  [
    'a compact font',
    raw('\x01\0\x04\x04\0\x01\x01\x01\x0bABCDEF+Font\0\x01'),
    'application/x-font-cff',
    null,
    'compressed',
  ],
  [
    'telephone speech',
    Buffer.concat(Array.from({ length: 9 }, () => Buffer.concat([raw('\xd6'), noise(32)]))),
    'audio/x-gsm',
    null,
    'compressed',
  ],
  [
    "a Sphinx documentation's index",
    Buffer.concat([
      raw('# Sphinx inventory version 2\n# Project: x\n# Version: 1\n# zlib\n'),
      deflateSync('a'),
    ]),
    'application/x-sphinx-inventory',
    'sphinx-inventory',
    'compressed',
  ],
  [
    "R's database, by zlib",
    Buffer.concat([raw('\0\0\0\x10'), deflateSync(raw('X\n\0\0\0\x03\0\x04\x02\x02\0\x03\x05\0\0\0'))]),
    'application/x-r-database',
    'r-database',
    'compressed',
  ],
  [
    "R's database, by LZMA",
    raw('\0\0\x05\x3dZ\xe0\x05\x3c\x01\x1d\x5d\0\x2c\x02\x7c'),
    'application/x-r-database',
    'r-database',
    'compressed',
  ],
  [
    "R's database, by bzip2",
    raw('\0\0\x05\x3d2BZh91AY&SY'),
    'application/x-r-database',
    'r-database',
    'compressed',
  ],
  [
    "R's objects by themselves",
    raw('X\n\0\0\0\x03\0\x04\x02\x02\0\x03\x05\0'),
    'application/x-r-data',
    null,
    'unknown',
  ],
  [
    'a UEFI firmware volume',
    laid(
      128,
      [32, le16(0x100)],
      [40, '_FVH'],
      [48, le16(72)],
      [50, le16(0x10000 - 0x100 - 0x465f - 0x4856 - 72)],
    ),
    'application/x-uefi-firmware',
    null,
    'compressed',
  ],
  [
    'a PCI option ROM',
    laid(1024, [0, '\x55\xaa\x02'], [24, le16(64)], [64, 'PCIR']),
    'application/x-option-rom',
    null,
    'compressed',
  ],
  [
    'a Linux kernel',
    laid(1024, [510, '\x55\xaa'], [514, 'HdrS\x0f\x02']),
    'application/x-linux-kernel',
    null,
    'compressed',
  ],
  ['an Erlang module', raw('FOR1\0\0\0\x04BEAM'), 'application/x-erlang-beam', 'beam', 'compressed'],
  ['a git blob', raw('blob 12\0hello, there'), 'application/x-git-blob', 'git-blob', 'compressed'],
  [
    'a git bundle',
    raw(`# v2 git bundle\n${'0a'.repeat(20)} HEAD\n\nPACK\0\0\0\x02`),
    'application/x-git-bundle',
    null,
    'compressed',
  ],
  ['a git pack', raw('PACK\0\0\0\x02\0\0\0\x01'), 'application/x-git-packfile', null, 'compressed'],
  ['a Mercurial bundle', raw('HG10BZ'), 'application/x-hg-bundle', null, 'compressed'],
  ['fsarchiver', raw('FsA0\0\0\0\0'), 'application/x-fsarchiver', null, 'compressed'],
  ['ntfsclone', raw('\0ntfsclone-image\0\x0a\0'), 'application/x-ntfsclone', null, 'compressed'],
  ['Acronis', raw('\xce\x24\xb9\xa2\x20\0\0\0'), 'application/x-acronis-tib', null, 'compressed'],
  ['jfs', laid(40_000, [32_768, 'JFS1\x01\0\0\0']), 'application/x-jfs-image', null, 'compressed'],
  ['nilfs2', laid(4096, [1024, '\x02\0\0\0\0\0\x34\x34']), 'application/x-nilfs-image', null, 'compressed'],
  ['ufs1', laid(16_384, [9564, '\x54\x19\x01\0']), 'application/x-ufs-image', null, 'compressed'],
  ['ufs2', laid(70_000, [66_908, '\x19\x01\x54\x19']), 'application/x-ufs-image', null, 'compressed'],
  [
    'bcachefs',
    laid(8192, [4120, '\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81']),
    'application/x-bcachefs-image',
    null,
    'compressed',
  ],
  [
    'a ZFS pool',
    laid(32_768, [16_384, '\x01\x01\0\0\0\0\0\0\0\0\0\x01'], [16_408, 'version\0']),
    'application/x-zfs-pool',
    null,
    'compressed',
  ],
  ['alz', raw('ALZ\x01\x0a\0\0\0BLZ\x01'), 'application/x-alz', null, 'compressed'],
  ['egg', raw('EGGA\0\x01'), 'application/x-egg', null, 'compressed'],
  ['FreeArc', raw('ArC\x01'), 'application/x-freearc', null, 'compressed'],
  ['Firefox LZ4', raw('mozLz40\0\x05\0\0\0'), 'application/x-lz4+json', 'mozlz4', 'compressed'],
  ['EROFS', laid(2048, [1024, '\xe2\xe1\xf5\xe0']), 'application/x-erofs-image', null, 'compressed'],
  // The first bytes of what mkfs.jffs2 makes.
  [
    'JFFS2',
    laid(64, [0, '\x85\x19\x03\x20\x0c\0\0\0\xb1\xb0\x1e\xe4']),
    'application/x-jffs2-image',
    null,
    'compressed',
  ],
  ['UBI', laid(64, [0, 'UBI#\x01']), 'application/x-ubi-image', null, 'compressed'],
  ['UBIFS', laid(64, [0, '\x31\x18\x10\x06'], [20, '\x06']), 'application/x-ubifs-image', null, 'compressed'],
  ['a Proxmox backup', raw('VMA\0\0\0\0\x01'), 'application/x-proxmox-vma', null, 'compressed'],
  ['pg_dump -Fc', raw('PGDMP\x01\x0e\0'), 'application/x-postgresql-dump', 'pg-dump', 'compressed'],
  ['a tape backup', laid(96, [0, 'TAPE'], [8, le16(94)]), 'application/x-ms-tape-format', null, 'compressed'],
  ['zfs send', laid(64, [8, '\xac\xcb\xba\xf5\x02\0\0\0']), 'application/x-zfs-stream', null, 'compressed'],
  ['age', raw('age-encryption.org/v1\n-> X25519 '), 'application/age-encryption', null, 'compressed'],
  ['openssl enc', raw('Salted__12345678abcdefgh'), 'application/x-openssl-salted', null, 'compressed'],
  [
    'gpg -c',
    Buffer.concat([raw('\x8c\x0d\x04\x09\x03\x08salt8byt\xff\xd2\x3d'), noise(61)]),
    'application/pgp-encrypted',
    null,
    'compressed',
  ],
  [
    'an armored PGP message',
    raw('-----BEGIN PGP MESSAGE-----\n\nhQ\n'),
    'application/pgp-encrypted',
    null,
    'compressed',
  ],
  ['kdbx', raw('\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x01'), 'application/x-keepass', null, 'compressed'],
  ['jks', raw('\xfe\xed\xfe\xed\0\0\0\x02'), 'application/x-java-keystore', null, 'compressed'],
  ['PKCS #12', raw('\x30\x82\x09\x5e\x02\x01\x03\x30\x82'), 'application/x-pkcs12', null, 'compressed'],
  [
    'a block of boot keys',
    laid(1208, [0, 'CHROMEOS\x02'], [16, le32(1208)], [120, noise(1088)]),
    'application/x-vboot-key',
    null,
    'compressed',
  ],
  [
    'a boot key of the second format',
    laid(604, [0, 'Vb2P\x03'], [8, le32(604)], [84, noise(520)]),
    'application/x-vboot-key',
    null,
    'compressed',
  ],
  [
    'a public boot key',
    laid(552, [0, ' '], [8, le32(520)], [16, '\x04'], [32, le32(64)], [36, noise(516)]),
    'application/x-vboot-key',
    null,
    'compressed',
  ],
  [
    'a private boot key',
    laid(1199, [0, '\x04'], [8, '\x30\x82\x04\xa3\x02\x01\0\x02\x82\x01\x01\0'], [20, noise(1179)]),
    'application/x-vboot-key',
    null,
    'compressed',
  ],
  ['zlib', deflateSync('hello hello hello'), 'application/zlib', 'zlib', 'compressed'],

  [
    'docx',
    zip(...DOCX),
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'zip',
    'compressed',
  ],
  [
    'a streamed docx',
    zip(...DOCX.map((name) => ({ name, streamed: true }))),
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'zip',
    'compressed',
  ],
  [
    'docm',
    zip(...DOCX, 'word/vbaProject.bin'),
    'application/vnd.ms-word.document.macroenabled.12',
    'zip',
    'compressed',
  ],
  [
    'xlsx',
    zip('[Content_Types].xml', 'xl/workbook.xml'),
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'zip',
    'compressed',
  ],
  [
    'pptx',
    zip('[Content_Types].xml', 'ppt/presentation.xml'),
    'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    'zip',
    'compressed',
  ],
  [
    'odt',
    zip({ name: 'mimetype', body: 'application/vnd.oasis.opendocument.text' }, 'content.xml'),
    'application/vnd.oasis.opendocument.text',
    'zip',
    'compressed',
  ],
  [
    'epub',
    zip({ name: 'mimetype', body: 'application/epub+zip' }),
    'application/epub+zip',
    'zip',
    'compressed',
  ],
  [
    'a zip that lies about its type',
    zip({ name: 'mimetype', body: 'image/png' }),
    'application/zip',
    'zip',
    'compressed',
  ],
  ['jar', zip('META-INF/MANIFEST.MF', 'a/B.class'), 'application/java-archive', 'zip', 'compressed'],
  ['war', zip('META-INF/MANIFEST.MF', 'WEB-INF/web.xml'), 'application/java-archive', 'zip', 'compressed'],
  [
    'apk',
    zip('AndroidManifest.xml', 'META-INF/MANIFEST.MF'),
    'application/vnd.android.package-archive',
    'zip',
    'compressed',
  ],
  ['doc', ole(['1Table', 'WordDocument']), 'application/msword', 'ole', 'compressed'],
  ['xls', ole(['Workbook']), 'application/vnd.ms-excel', 'ole', 'compressed'],
  ['ppt', ole(['PowerPoint Document']), 'application/vnd.ms-powerpoint', 'ole', 'compressed'],
  ['msg', ole(['__properties_version1.0']), 'application/vnd.ms-outlook', 'ole', 'compressed'],
  ['msi', ole(['x'], MSI_CLASS), 'application/x-msi', 'ole', 'compressed'],
  [
    'an encrypted docx',
    ole(['EncryptionInfo', 'EncryptedPackage']),
    'application/x-ooxml-encrypted',
    'ole',
    'compressed',
  ],

  ['an ELF program', elf(2), 'application/x-executable', 'elf', 'plain'],
  ['a shared object', elf(3), 'application/x-sharedlib', 'elf', 'plain'],
  ['an ELF object', elf(1), 'application/x-object', 'elf', 'plain'],
  ['PE', pe(), 'application/vnd.microsoft.portable-executable', 'pe', 'plain'],
  [
    'NSIS',
    pe([700, '\xef\xbe\xad\xdeNullsoftInst']),
    'application/vnd.microsoft.portable-executable',
    'nsis',
    'compressed',
  ],
  [
    'a module of Guile',
    laid(64, [0, '\x7fELF\x02\x01\x01\xff'], [16, le16(3)]),
    'application/x-guile-object',
    'elf',
    'plain',
  ],
  [
    'a 7-Zip self-extractor',
    Buffer.concat([pe(...SECTION), raw("7z\xbc\xaf'\x1c\0\x04")]),
    'application/vnd.microsoft.portable-executable',
    '7z',
    'compressed',
  ],
  [
    'a program with a zip behind it',
    Buffer.concat([pe(), zip('a.txt')]),
    'application/vnd.microsoft.portable-executable',
    'zip',
    'compressed',
  ],
  [
    'an ELF with a zip behind it',
    Buffer.concat([elf(2), zip('a')]),
    'application/x-executable',
    'zip',
    'compressed',
  ],
  [
    'a GIF with a zip behind it',
    Buffer.concat([raw('GIF89a\x01\0\x01\0'), zip('a')]),
    'image/gif',
    'zip',
    'compressed',
  ],
  [
    'a PDF with a zip behind it',
    Buffer.concat([raw('%PDF-1.4\n'), zip('a')]),
    'application/pdf',
    'pdf',
    'compressed',
  ],
  [
    'a script with a zip behind it',
    Buffer.concat([raw('#!/bin/sh\nexec java -jar "$0"\n'), zip('a')]),
    'application/x-shellscript-payload',
    'zip',
    'unknown',
  ],
  ['noise with a zip behind it', Buffer.concat([noise(4096), zip('a')]), 'application/zip', 'zip', 'unknown'],
  [
    'a program that reads zip',
    Buffer.concat([elf(2), raw('PK\x01\x02PK\x05\x06'), Buffer.alloc(99)]),
    'application/x-executable',
    'elf',
    'plain',
  ],
  ['Mach-O', raw('\xcf\xfa\xed\xfe\x07\0\0\x01'), 'application/x-mach-binary', null, 'plain'],
  ['a fat Mach-O', raw('\xca\xfe\xba\xbe\0\0\0\x02'), 'application/x-mach-binary', null, 'plain'],
  ['a Java class', raw('\xca\xfe\xba\xbe\0\0\0\x3d'), 'application/java-vm', null, 'plain'],
  ['WebAssembly', raw('\0asm\x01\0\0\0'), 'application/wasm', null, 'plain'],
  [
    'Python bytecode',
    laid(32, [0, '\xa7\x0d\r\n'], [16, '\xe3']),
    'application/x-bytecode.python',
    null,
    'plain',
  ],

  ['pdf', raw('%PDF-1.7\n%\xe2\xe3\xcf\xd3'), 'application/pdf', 'pdf', 'compressed'],
  [
    'a pdf behind other bytes',
    Buffer.concat([noise(99), raw('%PDF-1.7\n')]),
    'application/pdf',
    'pdf',
    'compressed',
  ],
  ['rtf', raw('{\\rtf1\\ansi}'), 'application/rtf', 'rtf', 'plain'],
  ['rtf as Word takes it', raw('{\\rt\\abc}'), 'application/rtf', 'rtf', 'plain'],
  ['png', raw('\x89PNG\r\n\x1a\n'), 'image/png', 'png', 'compressed'],
  ['jpeg', raw('\xff\xd8\xff\xe0\0\x10JFIF'), 'image/jpeg', 'jpeg', 'compressed'],
  ['webp', raw('RIFF\x10\0\0\0WEBPVP8 '), 'image/webp', 'riff', 'compressed'],
  ['bmp', laid(64, [0, 'BM\x40'], [14, le32(40)]), 'image/bmp', null, 'compressed'],
  ['tiff', raw('II*\0\x08\0\0\0'), 'image/tiff', null, 'compressed'],
  ['heic', raw('\0\0\0\x18ftypheic\0\0\0\0'), 'image/heic', 'iso-media', 'compressed'],
  ['avif', raw('\0\0\0\x18ftypavif\0\0\0\0'), 'image/avif', 'iso-media', 'compressed'],
  [
    'ico',
    laid(64, [0, '\0\0\x01\0\x01\0\x10\x10'], [14, le32(40)], [18, le32(22)]),
    'image/vnd.microsoft.icon',
    null,
    'compressed',
  ],
  ['mp3 without a tag', Buffer.concat([mp3Frame, mp3Frame, mp3Frame]), 'audio/mpeg', null, 'compressed'],
  ['mp3', raw('ID3\x04\0\0'), 'audio/mpeg', null, 'compressed'],
  ['ogg', laid(64, [0, 'OggS'], [28, 'OpusHead']), 'audio/ogg', null, 'compressed'],
  ['flac', raw('fLaC\0\0\0\x22'), 'audio/flac', null, 'compressed'],
  ['wav', raw('RIFF\x10\0\0\0WAVEfmt '), 'audio/x-wav', 'riff', 'compressed'],
  ['mp4', raw('\0\0\0\x18ftypisom\0\0\0\0'), 'video/mp4', 'iso-media', 'compressed'],
  ['mov', raw('\0\0\0\x14ftypqt  \0\0\0\0'), 'video/quicktime', 'iso-media', 'compressed'],
  ['webm', raw('\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm'), 'video/webm', null, 'compressed'],
  ['avi', raw('RIFF\x10\0\0\0AVI LIST'), 'video/x-msvideo', 'riff', 'compressed'],
  ['ttf', raw('\0\x01\0\0\0\x0c\0\x80\0\x03\0\x40GDEF'), 'font/ttf', null, 'compressed'],
  [
    'variables of MATLAB',
    laid(128, [0, 'MATLAB 5.0 MAT-file'], [126, 'IM']),
    'application/x-matlab-data',
    null,
    'compressed',
  ],
  ['woff2', laid(48, [0, 'wOF2\0\x01\0\0'], [12, '\0\x0b']), 'font/woff2', null, 'compressed'],
  ['sqlite', raw('SQLite format 3\0\x10\0'), 'application/vnd.sqlite3', 'sqlite', 'plain'],
  [
    'an InnoDB tablespace',
    laid(128, [24, '\0\x08'], [34, be32(7)], [38, be32(7)], [46, be32(6)]),
    'application/x-innodb-tablespace',
    null,
    'plain',
  ],

  ['text', raw('hello, world\n'), 'text/plain', null, 'plain'],
  ['Cyrillic', utf8('Привет, мир. '.repeat(30)), 'text/plain', null, 'plain'],
  ['Latin-1', raw('Z\xfcrich ist sch\xf6n, und die Stra\xdfen sind sauber.\n'), 'text/plain', null, 'plain'],
  ['UTF-16 with a mark', Buffer.from('\ufeffhello, world', 'utf16le'), 'text/plain', null, 'plain'],
  ['UTF-16 without one', Buffer.from('hello, world', 'utf16le'), 'text/plain', null, 'plain'],
  ['big-endian UTF-16', Buffer.from('\ufeffhello, world', 'utf16le').swap16(), 'text/plain', null, 'plain'],
  ['UTF-32 without a mark', utf32('hello, wörld: λ'), 'text/plain', null, 'plain'],
  ['big-endian UTF-32', utf32('hello, wörld: λ').swap32(), 'text/plain', null, 'plain'],
  ['UTF-16 XML', Buffer.from('\ufeff<?xml version="1.0"?><a/>', 'utf16le'), 'text/xml', null, 'plain'],
  ['html', raw('\n<!DOCTYPE html>\n<title>x</title>'), 'text/html', null, 'plain'],
  ['html without a type', raw('<!-- x --><html lang="en">'), 'text/html', null, 'plain'],
  [
    'xhtml',
    raw('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">'),
    'application/xhtml+xml',
    null,
    'plain',
  ],
  ['svg', raw('<?xml version="1.0"?>\n<!-- x -->\n<svg width="1">'), 'image/svg+xml', null, 'plain'],
  ['xml', raw('<?xml version="1.0"?><note/>'), 'text/xml', null, 'plain'],
  ['json', raw('{"a": [1, 2]}\n'), 'application/json', null, 'plain'],
  ['no json', raw('{"a": [1, 2}\n'), 'text/plain', null, 'plain'],
  ['ndjson', raw('{"a": 1}\n{"a": 2}\n'), 'application/x-ndjson', null, 'plain'],
  ['yaml', raw('---\nkey: value\n'), 'application/yaml', null, 'plain'],
  ['csv', raw('a,b,c\n1,"2,3",4\n5,6,7\n8,9,0\n'), 'text/csv', null, 'plain'],
  ['sh', raw('#!/bin/sh\necho\n'), 'text/x-shellscript', null, 'plain'],
  ['python by env', raw('#!/usr/bin/env -S python3.11 -u\nprint()\n'), 'text/x-script.python', null, 'plain'],
  ['perl', raw('#!/usr/bin/perl -w\n'), 'text/x-perl', null, 'plain'],
  ['php', raw('<?php echo 1;'), 'text/x-php', null, 'plain'],
  ['powershell', raw('#Requires -Version 5\nparam()\n'), 'text/x-powershell', null, 'plain'],
  ['batch', raw('@echo off\r\n'), 'text/x-msdos-batch', null, 'plain'],
  ['mysqldump', raw('-- MySQL dump 10.13  Distrib 8.0\n--\n'), 'application/sql', null, 'plain'],
  ['pg_dump', raw('--\n-- PostgreSQL database dump\n--\n'), 'application/sql', null, 'plain'],
  ['sql', raw('-- tables\nCREATE TABLE t (a int);\n'), 'application/sql', null, 'plain'],
  [
    'mail',
    raw('Return-Path: <a@b>\r\nReceived: from x\r\n by y\r\nSubject: z\r\n\r\n'),
    'message/rfc822',
    'mail',
    'plain',
  ],
  [
    'mbox',
    raw('From a@b Mon Jan  1 00:00:00 2024\nReturn-Path: <a@b>\n'),
    'application/mbox',
    'mbox',
    'plain',
  ],
  [
    'mail with bytes that no text holds',
    raw('Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n\0\x01\x02\x03'),
    'message/rfc822',
    'mail',
    'plain',
  ],
  ['uuencode', raw('begin 644 a.exe\n#86)C\n`\nend\n'), 'text/x-uuencode', 'uuencode', 'plain'],
  [
    'BinHex',
    raw('(This file must be converted with BinHex 4.0)\n:abc:\n'),
    'application/mac-binhex40',
    'binhex',
    'plain',
  ],
  ['TNEF', raw('\x78\x9f\x3e\x22\x01\0\x01'), 'application/vnd.ms-tnef', 'tnef', 'compressed'],
  ['SWF', raw('CWS\x0a\xff\0\0\0\x78\x9c'), 'application/vnd.adobe.flash.movie', 'swf', 'compressed'],
  [
    'CMS',
    raw('\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0'),
    'application/pkcs7-mime',
    'cms',
    'compressed',
  ],
  ['pem', raw('-----BEGIN CERTIFICATE-----\nMII\n'), 'application/x-pem-file', null, 'plain'],
  [
    'a vmdk descriptor',
    raw('# Disk DescriptorFile\nversion=1\n'),
    'application/x-vmdk-descriptor',
    'vmdk',
    'plain',
  ],
  [
    'makeself',
    Buffer.concat([raw('#!/bin/sh\ntail\n'), gzipSync('x')]),
    'application/x-shellscript-payload',
    'shell-payload',
    'unknown',
  ],
  ['text with one stray control character', raw('indent ^F: \x06\nmore\n'), 'text/plain', null, 'plain'],
  ['noise', noise(4096), 'application/octet-stream', null, 'unknown'],
  ['zeros', Buffer.alloc(4096), 'application/octet-stream', null, 'unknown'],
];

describe('content type', () => {
  test('what begins as a boot key and is longer than it says is none', () => {
    for (const head of [
      'CHROMEOS\x02',
      'Vb2I\x03',
      ' \0\0\0\0\0\0\0\x08\x02',
      '\x04\0\0\0\0\0\0\0\x30\x82\x04\xa3',
    ])
      expect(identify(Buffer.concat([raw(head), noise(5000)])).mime).toBe('application/octet-stream');
  });

  test.each(SAMPLES)('%s is told by its content', (_, bytes, mime, container, density) => {
    expect(identify(bytes)).toMatchObject({ mime, container, density });
  });

  test('what is called .br is Brotli when it decodes, and only then', () => {
    const small = brotliCompressSync(noise(3000));
    expect(identify(small, 'a.br')).toMatchObject({ mime: 'application/x-brotli', container: 'brotli' });
    const large = brotliCompressSync(noise(400_000));
    expect(identify(large, 'a.BR')).toMatchObject({ container: 'brotli' });
    const more = Buffer.concat([brotliCompressSync(Buffer.alloc(500, 'text')), raw('and more')]);
    expect(identify(more, 'a.br')).toMatchObject({ container: 'brotli' });
    // Cut off it is still Brotli: whoever opens it says that it is damaged.
    expect(identify(small.subarray(0, 2000), 'a.br')).toMatchObject({ container: 'brotli' });
    const mimes = [identify(small), identify(noise(4096), 'a.br')];
    expect(mimes.map(({ mime }) => mime)).toEqual(mimes.map(() => 'application/octet-stream'));
  });

  test('skippable frames are looked past to the format behind them', () => {
    const skippable = raw('\x50\x2a\x4d\x18\x02\0\0\0ab');
    expect(identify(Buffer.concat([skippable, raw('\x28\xb5\x2f\xfd\x04\0')])).container).toBe('zstd');
    expect(identify(Buffer.concat([skippable, raw('\x04\x22\x4d\x18\x64\x40')])).container).toBe('lz4');
  });

  test('the names of a large zip are read from its directory at the end', () => {
    const bytes = zip({ name: '[Content_Types].xml', body: 'x'.repeat(300_000) }, 'xl/workbook.xml');
    expect(identify(bytes).mime).toContain('spreadsheetml');
  });

  test('a zip behind a large program is found by its directory end', () => {
    const bytes = Buffer.concat([laid(300_000, [0, elf(2)]), zip('a.txt')]);
    expect(identify(bytes)).toMatchObject({ mime: 'application/x-executable', container: 'zip' });
  });

  test('a text that is cut within a character is still text', () => {
    const bytes = utf8('ж'.repeat(HEAD_BYTES));
    for (const cut of [0, 1]) {
      const head = Buffer.concat([raw('x'.repeat(cut)), bytes]).subarray(0, HEAD_BYTES);
      const type = identifier.identify({ head, tail: null, size: null, name: 'x' });
      expect(type).toMatchObject({ mime: 'text/plain', by: 'text' });
    }
  });

  test('types that only libmagic knows get its name, but neither a container nor an excuse', () => {
    const terminfo = laid(
      64,
      [0, '\x1a\x01'],
      [2, le16(10)],
      [4, le16(5)],
      [6, le16(5)],
      [8, le16(5)],
      [12, 'xterm|x\0'],
    );
    const numpy = raw("\x93NUMPY\x01\x00v\x00{'descr': '<f8'}");
    expect(identify(terminfo).by).not.toBe('signature');
    expect(identify(numpy)).toMatchObject({ by: 'libmagic', container: null, density: 'unknown' });
  });
});

describe('hostile bytes', () => {
  test('every beginning of every sample is identified without a throw', () => {
    for (const [, bytes] of SAMPLES) {
      for (let length = 1; length <= Math.min(64, bytes.length); length++) {
        expect(isWellFormed(identify(bytes.subarray(0, length), 'x.docx'))).toBe(true);
      }
    }
  });

  test('every sample that is damaged somewhere is identified without a throw', () => {
    const which = fc.constantFrom(...SAMPLES.filter(([, bytes]) => bytes.length > 0 && bytes.length < 5000));
    fc.assert(
      fc.property(which, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 }), ([, bytes], at, damage) => {
        const damaged = Buffer.from(bytes);
        damaged.set(damage.subarray(0, damaged.length), at % Math.max(1, damaged.length - damage.length));
        expect(isWellFormed(identify(damaged, 'x.pdf'))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('any bytes under any name, with any sizes claimed, are identified without a throw', () => {
    const buffer = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(buffer, fc.option(buffer), fc.option(fc.nat()), fc.string(), (head, tail, more, name) => {
        const size = more === null ? null : head.length + (tail?.length ?? 0) + more;
        expect(isWellFormed(identifier.identify({ head, tail, size, name }))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('noise is never excused as compressed, and breaks what its name promises', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const type = identify(noise(4096, seed), 'report.docx');
      expect(type.density).toBe('unknown');
      expect(type.contradiction).toContain('the name promises');
    }
  });

  test('text made to make patterns backtrack is told in no time', () => {
    const nasty = [
      '<!--' + '-'.repeat(HEAD_BYTES - 4),
      '<!doctype ' + '[]'.repeat(HEAD_BYTES / 2 - 5),
      '-- \n'.repeat(HEAD_BYTES / 4),
      '%\n '.repeat(HEAD_BYTES / 4),
      '{"' + '\\'.repeat(HEAD_BYTES - 2),
      '['.repeat(HEAD_BYTES),
      'From ' + '1'.repeat(HEAD_BYTES - 5),
      '"'.repeat(HEAD_BYTES),
      '<?xml ' + '<?'.repeat(HEAD_BYTES / 2 - 3),
      '---\n' + '# \n'.repeat(HEAD_BYTES / 3 - 2),
      'PK\x03\x04'.repeat(HEAD_BYTES / 4),
      'PK\x05\x06'.repeat(HEAD_BYTES / 4),
    ];
    for (const text of nasty) {
      const started = performance.now();
      expect(isWellFormed(identify(raw(text), 'x.xml'))).toBe(true);
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });
});

describe('tables', () => {
  test('every signature has a type, a source and bytes or a check', () => {
    for (const { mime, source, bytes, also } of SIGNATURES) {
      expect([...TYPES.keys()]).toContain(mime);
      expect(source).not.toBe('');
      expect(bytes !== '' || also !== null).toBe(true);
    }
  });

  test.each([
    ['luks', 'encrypted'],
    ['age', 'encrypted'],
    ['kdbx', 'opaque'],
    ['a git pack', 'opaque'],
    ['a git bundle', 'opaque'],
    ['dar', 'unsupported_format'],
    ['arc', 'unsupported_format'],
    ['EROFS', 'unsupported_format'],
    ['JFFS2', 'unsupported_format'],
    ['UBI', 'unsupported_format'],
    ['UBIFS', 'unsupported_format'],
    ['a Proxmox backup', 'unsupported_format'],
    ['a git bundle', 'opaque'],
    ['a ZFS pool', 'unsupported_format'],
  ])('%s is recognised and said to be without a reader', (what, reason) => {
    const bytes = SAMPLES.find(([name]) => name === what)?.[1] ?? Buffer.alloc(0);
    expect(withoutReader(identify(bytes))?.reason).toBe(reason);
  });

  test.each(['zip', 'text', 'png', 'gzip', 'noise', 'an empty file'])(
    '%s is not said to be without a reader',
    (what) => {
      const bytes = SAMPLES.find(([name]) => name === what)?.[1] ?? Buffer.alloc(0);
      expect(withoutReader(identify(bytes))).toBeNull();
    },
  );

  test('of no known type, or packed as nobody here reads: its bytes were seen, and no more', () => {
    const seenRaw = [
      { mime: 'application/octet-stream', by: 'unknown' },
      { mime: 'application/x-something', by: 'libmagic' },
      { mime: 'application/vnd.apache.parquet', by: 'signature' },
    ] as const;
    expect(seenRaw.map(isSeenRaw)).toEqual([true, true, true]);
    expect(isSeenRaw({ mime: 'image/png', by: 'signature' })).toBe(false);
  });
});
