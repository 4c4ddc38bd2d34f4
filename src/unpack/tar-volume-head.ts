import { isTarHeader, TAR_BLOCK, type ByteSource } from '../bytes/index.ts';
import { bytesAt } from './disks/bytes-at.ts';
import { parsePax, type PaxRecord } from './tar-extension.ts';
import { number, parseHeader, type TarHeader } from './tar-header.ts';
import { Damaged } from './trouble.ts';

/** The file that goes on in a volume, as the volume says. */
export interface Continued {
  readonly name: Buffer;
  /** The field for names is full: GNU tar cuts longer ones off. */
  readonly nameMayBeCut: boolean;
  /** Bytes of the file that are still to come. */
  readonly left: number;
  /** Bytes of the file in the volumes before; of a sparse one the size with its holes less what is to come. */
  readonly before: number;
  /** Where they begin in this volume. */
  readonly at: number;
  /** Records that stand between, which belong to nothing else. */
  readonly records: readonly PaxRecord[];
}

/** What a volume of a GNU multi-volume archive begins with. */
export interface VolumeHead {
  readonly isTar: boolean;
  /** Behind the volume's label, which is nobody's content. */
  readonly behindLabel: number;
  readonly continued: Continued | null;
}

/** Records before the first content of a volume, in bytes: the name of a file, and GNU's own. */
const MAX_RECORD_BYTES = 256 * 1024;
/** GNU tar writes one of each. */
const MAX_HEADERS = 8;
const NAME_BYTES = 100;
const OFFSET_FIELD = { start: 369, end: 381 } as const;

/**
 * GNU tar, "Tar Internals" and src/buffer.c: a label (type V), then a header of type M, or in the pax format a global header with
 * GNU.volume.filename, .size and .offset before an ordinary one. What does not fit is no such head.
 */
export async function volumeHead(volume: ByteSource): Promise<VolumeHead> {
  let at = 0;
  let behindLabel = 0;
  const global = new Map<string, Buffer>();
  const records: PaxRecord[] = [];
  for (let headers = 0; headers < MAX_HEADERS; headers++) {
    const block = await bytesAt(volume, at, TAR_BLOCK);
    if (!isTarHeader(block)) return { isTar: headers > 0, behindLabel, continued: null };
    const header = sound(() => parseHeader(block));
    if (header === null) break;
    at += TAR_BLOCK;
    if (header.type === 'V' && headers === 0 && header.size === 0) {
      behindLabel = at;
      continue;
    }
    if (header.type === 'g' || (header.type === 'x' && global.size > 0)) {
      const found = await recordsAt(volume, at, header);
      if (found === null) break;
      // Anything else is said of the archive, and is not for us to pass over.
      if (header.type === 'g' && !found.every(([key]) => key.startsWith('GNU.volume.'))) break;
      if (header.type === 'g') for (const [key, value] of found) global.set(key, value);
      else records.push(...found);
      at += Math.ceil(header.size / TAR_BLOCK) * TAR_BLOCK;
      continue;
    }
    const continued = header.type === 'M' ? ofGnu(header, at) : ofPax({ header, global, records, at });
    return { isTar: true, behindLabel, continued };
  }
  return { isTar: true, behindLabel, continued: null };
}

async function recordsAt(volume: ByteSource, at: number, { size }: TarHeader): Promise<PaxRecord[] | null> {
  if (size > MAX_RECORD_BYTES) return null;
  const data = await bytesAt(volume, at, size);
  return data.length < size ? null : sound(() => parsePax(data));
}

function ofGnu({ name, size, block }: TarHeader, at: number): Continued | null {
  const before = sound(() => number(block.subarray(OFFSET_FIELD.start, OFFSET_FIELD.end)));
  if (before === null) return null;
  return { name, nameMayBeCut: name.length === NAME_BYTES, left: size, before, at, records: [] };
}

interface PaxHead {
  readonly header: TarHeader;
  readonly global: ReadonlyMap<string, Buffer>;
  readonly records: readonly PaxRecord[];
  readonly at: number;
}

function ofPax({ header, global, records, at }: PaxHead): Continued | null {
  const name = global.get('GNU.volume.filename');
  const left = decimal(global.get('GNU.volume.size'));
  const before = decimal(global.get('GNU.volume.offset'));
  if (name === undefined || left === null || before === null) return null;
  const stored = decimal(records.findLast(([key]) => key === 'size')?.[1]) ?? header.size;
  return stored === left ? { name, nameMayBeCut: false, left, before, at, records } : null;
}

function decimal(value: Buffer | undefined): number | null {
  const text = value?.toString('latin1') ?? '';
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}

/** null: what `read` reads is damaged. */
function sound<Result>(read: () => Result): Result | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Damaged) return null;
    throw error;
  }
}
