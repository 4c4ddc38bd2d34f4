import type { ByteSource } from '../../bytes/index.ts';
import { bytesAt } from '../disks/bytes-at.ts';

/** RAR 5.0 archive format, and UnRAR's TechNote for the older one. */
const MARK = 'Rar!\x1a\x07';
const RAR4_BYTES = 7;
const RAR5_BYTES = 8;
/** Of a header; those of honest archives are far shorter. */
const HEADER_BYTES = 64;
/** Blocks of one volume that are passed over. */
const MAX_BLOCKS = 1_000_000;

/** What the headers of one file say of it as a volume. */
export interface RarVolume {
  readonly version: 4 | 5;
  /** It is one of several. */
  readonly several: boolean;
  /** From 1; 0: it does not say. */
  readonly number: number;
  /** Volumes are called part1, part2 …, not .rar, .r00 … */
  readonly counted: boolean;
  /** Its last block says that another one follows; null: it does not say. */
  readonly more: boolean | null;
  /** Where its last block ends; null: its headers are encrypted, or do not lead there. */
  readonly end: number | null;
}

/** null: it is no RAR archive. */
export async function rarVolume(source: ByteSource): Promise<RarVolume | null> {
  const head = await bytesAt(source, 0, HEADER_BYTES);
  if (head.toString('latin1', 0, MARK.length) !== MARK) return null;
  return head[6] === 1 ? rar5(source) : rar4(source, head);
}

async function rar4(source: ByteSource, head: Buffer): Promise<RarVolume> {
  // Check sum, kind 0x73, flags: MHD_VOLUME, MHD_NEWNUMBERING, MHD_PASSWORD, MHD_FIRSTVOLUME.
  const flags = head.length >= 12 && head[9] === 0x73 ? head.readUInt16LE(10) : 0;
  const number = (flags & 0x100) === 0 ? 0 : 1;
  const volume = { version: 4, several: (flags & 1) !== 0, number, counted: (flags & 0x10) !== 0 } as const;
  const end = (flags & 0x80) === 0 ? await endOfRar4(source) : null;
  return { ...volume, ...(end ?? { end: null, more: null }) };
}

async function endOfRar4(source: ByteSource): Promise<{ end: number; more: boolean } | null> {
  let at = RAR4_BYTES;
  for (let blocks = 0; at < source.size && blocks < MAX_BLOCKS; blocks++) {
    const block = await bytesAt(source, at, HEADER_BYTES);
    if (block.length < 7) return null;
    const kind = block[2] ?? 0;
    const flags = block.readUInt16LE(3);
    const size = block.readUInt16LE(5);
    if (size < 7) return null;
    let data = 0;
    // Files and services (0x74, 0x7a) always have data; LARGE_FILE has four more bytes for their size.
    const hasData = (flags & 0x8000) !== 0 || kind === 0x74 || kind === 0x7a;
    if (hasData && block.length >= 11) data = block.readUInt32LE(7);
    if (hasData && (flags & 0x100) !== 0 && block.length >= 36) data += block.readUInt32LE(32) * 2 ** 32;
    at += size + data;
    if (kind === 0x7b) return { end: at, more: (flags & 1) !== 0 };
  }
  return null;
}

async function rar5(source: ByteSource): Promise<RarVolume> {
  const volume = { several: false, number: 0, end: null as number | null, more: null as boolean | null };
  let at = RAR5_BYTES;
  for (let blocks = 0; at < source.size && blocks < MAX_BLOCKS; blocks++) {
    const fields = new Vints(await bytesAt(source, at + 4, HEADER_BYTES));
    const size = fields.next();
    const start = at + 4 + fields.at;
    const kind = fields.next();
    const flags = fields.next();
    if (size < 2) break;
    if ((flags & 1) !== 0) fields.next();
    const data = (flags & 2) === 0 ? 0 : fields.next();
    if (kind === 1) {
      const archive = fields.next();
      volume.several = (archive & 1) !== 0;
      volume.number = (archive & 2) === 0 ? 1 : fields.next() + 1;
    }
    at = start + size + data;
    // The headers behind this one are encrypted.
    if (kind === 4) break;
    if (kind === 5) {
      volume.end = at;
      volume.more = (fields.next() & 1) !== 0;
      break;
    }
  }
  return { version: 5, counted: true, ...volume };
}

/** Numbers of seven bits a byte, the least first. */
class Vints {
  readonly #bytes: Buffer;
  at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  next(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = this.#bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  }
}

/** What 7-Zip expects the volumes of one archive to be called. */
export function volumeNames(count: number, { counted }: Pick<RarVolume, 'counted'>): string[] {
  return Array.from({ length: count }, (_, i) => {
    if (counted) return `a.part${String(i + 1).padStart(3, '0')}.rar`;
    if (i === 0) return 'a.rar';
    const hundreds = String.fromCharCode('r'.charCodeAt(0) + Math.floor((i - 1) / 100));
    return `a.${hundreds}${String((i - 1) % 100).padStart(2, '0')}`;
  });
}
