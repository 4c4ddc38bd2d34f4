import { countOf } from '../../disks/bytes-at.ts';
import { Damaged } from '../../trouble.ts';

/** XFS Algorithms & Data Structures, "Inode Core". */
const MAGIC = 0x494e;
const CORE_2_BYTES = 100;
const CORE_3_BYTES = 176;
const REALTIME = 1;
/** In di_flags2: more extents than 32 bits count. */
const MANY_EXTENTS = 1 << 4;

export type Kind = 'file' | 'folder' | 'link' | 'special';
/** How the content of a fork is kept: in the inode, by a list of extents there, or by a tree. */
export type Layout = 'local' | 'extents' | 'tree' | 'none';

export interface Fork {
  readonly layout: Layout;
  readonly bytes: Buffer;
  /** How many extents are in the list. */
  readonly extents: number;
}

export interface Inode {
  readonly number: number;
  readonly kind: Kind;
  readonly size: number;
  readonly realtime: boolean;
  readonly data: Fork;
  readonly attributes: Fork | null;
}

/** S_IFMT and its values (POSIX, sys/stat.h; Linux, uapi/linux/stat.h). */
const KINDS: Readonly<Record<number, Kind>> = { 0o10: 'file', 0o4: 'folder', 0o12: 'link' };
const SPECIAL = [0o1, 0o2, 0o6, 0o14];

/** Throws Damaged. `size` is Infinity when it is more than can be counted. */
export function inodeOf(bytes: Buffer, number: number): Inode {
  if (bytes.length < 256 || bytes.readUInt16BE(0) !== MAGIC) throw new Damaged('no inode where one must be');
  const version = bytes.readUInt8(4);
  const type = bytes.readUInt16BE(2) >> 12;
  const kind = KINDS[type] ?? (SPECIAL.includes(type) ? 'special' : null);
  if (kind === null) throw new Damaged('an inode that is free, or of no known kind');
  const many = version === 3 && (bytes.readBigUInt64BE(120) & BigInt(MANY_EXTENTS)) !== 0n;
  const core = version === 3 ? CORE_3_BYTES : CORE_2_BYTES;
  const literal = bytes.subarray(core);
  const forkAt = bytes.readUInt8(82) * 8;
  if (forkAt >= literal.length) throw new Damaged('the fork of an inode begins past its end');
  return {
    number,
    kind,
    size: countOf(bytes.readBigUInt64BE(56)),
    realtime: (bytes.readUInt16BE(90) & REALTIME) !== 0,
    data: {
      layout: layoutOf(bytes.readUInt8(5)),
      bytes: forkAt === 0 ? literal : literal.subarray(0, forkAt),
      extents: many ? countOf(bytes.readBigUInt64BE(24)) : bytes.readUInt32BE(76),
    },
    attributes:
      forkAt === 0
        ? null
        : {
            layout: layoutOf(bytes.readUInt8(83)),
            bytes: literal.subarray(forkAt),
            extents: many ? bytes.readUInt32BE(76) : bytes.readUInt16BE(80),
          },
  };
}

function layoutOf(format: number): Layout {
  return format === 1 ? 'local' : format === 2 ? 'extents' : format === 3 ? 'tree' : 'none';
}
