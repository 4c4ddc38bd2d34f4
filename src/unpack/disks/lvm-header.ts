import { crc32 } from 'node:zlib';
import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import type { FormatSink } from '../format.ts';
import { Damaged } from '../trouble.ts';
import { bytesAt, countOf } from './bytes-at.ts';

/** LVM2, lib/format_text/layout.h and lib/label/label.c. */
const SECTOR = 512;
const LABEL_SECTORS = 4;
const AREA_MAGIC = ' LVM2 x[5A%r0N*>';
const AREA_HEADER_BYTES = 512;
/** Metadata areas of one physical volume: LVM makes one or two. */
const MAX_AREAS = 8;
/** The text of a group with thousands of volumes is a few MiB. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
const INITIAL_SUM = 0xf597_a6cf;
const IGNORED = 1;

export interface PhysicalVolume {
  /** 32 characters. */
  readonly id: string;
  /** What the metadata areas say, as far as it is whole: the newest of each. */
  readonly texts: readonly string[];
}

export async function physicalVolume(
  source: ByteSource,
  ledger: ByteLedger,
  sink: FormatSink,
): Promise<PhysicalVolume> {
  for (let sector = 0; sector < LABEL_SECTORS; sector++) {
    const label = await bytesAt(source, sector * SECTOR, SECTOR);
    if (label.length < SECTOR || label.toString('latin1', 0, 8) !== 'LABELONE') continue;
    if (sumOf(label.subarray(20)) !== label.readUInt32LE(16))
      sink.gap('corrupt', 'its label does not match its check sum', { bytes: SECTOR });
    ledger.claim(sector * SECTOR, (sector + 1) * SECTOR);
    const header = label.subarray(Math.min(label.readUInt32LE(20), SECTOR));
    const texts: string[] = [];
    for (const area of areasOf(header)) {
      const text = await textOfArea(source, area, ledger, sink);
      if (text !== null) texts.push(text);
    }
    return { id: header.toString('latin1', 0, 32), texts };
  }
  throw new Damaged('it has no label');
}

interface Area {
  readonly at: number;
  readonly length: number;
}

/** After the id and the size: the data areas, a pair of zeros, the metadata areas, a pair of zeros. */
function areasOf(header: Buffer): Area[] {
  const areas: Area[] = [];
  let ends = 0;
  for (let at = 40; at + 16 <= header.length && ends < 2 && areas.length < MAX_AREAS; at += 16) {
    const start = countOf(header.readBigUInt64LE(at));
    if (start === 0) ends++;
    else if (ends === 1) areas.push({ at: start, length: countOf(header.readBigUInt64LE(at + 8)) });
  }
  return areas;
}

/** The text that counts; the area is a ring, in which it may go on at the beginning. */
async function textOfArea(
  source: ByteSource,
  { at, length }: Area,
  ledger: ByteLedger,
  sink: FormatSink,
): Promise<string | null> {
  const header = await bytesAt(source, at, AREA_HEADER_BYTES);
  if (header.length < AREA_HEADER_BYTES || header.toString('latin1', 4, 20) !== AREA_MAGIC) {
    sink.gap('corrupt', 'a metadata area is damaged or past the end');
    return null;
  }
  ledger.claim(at, at + AREA_HEADER_BYTES);
  const offset = countOf(header.readBigUInt64LE(40));
  const bytes = countOf(header.readBigUInt64LE(48));
  if (offset === 0 || bytes === 0 || (header.readUInt32LE(60) & IGNORED) !== 0) return null;
  if (bytes > MAX_TEXT_BYTES || offset >= length || bytes > length) {
    sink.gap('corrupt', `${bytes} bytes of metadata at ${offset} of an area of ${length}`);
    return null;
  }
  const first = Math.min(bytes, length - offset);
  const parts = [await bytesAt(source, at + offset, first)];
  ledger.claim(at + offset, at + offset + first);
  if (bytes > first) {
    parts.push(await bytesAt(source, at + AREA_HEADER_BYTES, bytes - first));
    ledger.claim(at, at + AREA_HEADER_BYTES + bytes - first);
  }
  const text = Buffer.concat(parts);
  if (text.length < bytes || sumOf(text) !== header.readUInt32LE(56))
    sink.gap('corrupt', 'the metadata do not match their check sum', { bytes });
  return text.toString('utf8').split('\0', 1)[0] ?? '';
}

/** CRC-32 with a beginning of its own, and not inverted at the end. */
function sumOf(bytes: Buffer): number {
  return ~crc32(bytes, ~INITIAL_SUM >>> 0) >>> 0;
}
