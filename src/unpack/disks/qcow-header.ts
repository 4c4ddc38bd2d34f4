import type { ByteSource, Packing } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import { Damaged, OverBudget, Unsupported } from '../trouble.ts';
import { bytesAt, countOf, paddedAt } from './bytes-at.ts';

/** QEMU, docs/interop/qcow2.txt, "Header"; of version 1, block/qcow.c: QCowHeader. */
const HEADER_BYTES = 112;
const V1_HEADER_BYTES = 48;
const V2_HEADER_BYTES = 72;
const MAX_NAME_BYTES = 1023;
const DATA_FILE_NAME = 0x4441_5441;

/** Incompatible features; the first bit (dirty) only concerns reference counts. */
const CORRUPT = 2;
const EXTERNAL_DATA = 4;
const OTHER_PACKING = 8;
const SUBCLUSTERS = 16;
const KNOWN_FEATURES = 31n;

export interface QcowHeader {
  readonly version: number;
  readonly size: number;
  readonly clusterBytes: number;
  /** 4 for a large cluster of 64 KiB: the base-2 logarithm. */
  readonly clusterBits: number;
  readonly entriesOfTable: number;
  readonly subclusters: boolean;
  readonly packing: Packing;
  readonly encrypted: boolean;
  /** QEMU found it to be so, and wrote it down. */
  readonly markedCorrupt: boolean;
  readonly l1At: number;
  readonly l1Count: number;
  readonly countsAt: number;
  readonly countsClusters: number;
  readonly snapshots: number;
  readonly snapshotsAt: number;
  /** Name of the image below; null: none. */
  readonly backing: string | null;
  /** Its data are in a file of this name; null: in this one. */
  readonly dataFile: string | null;
}

export async function qcowHeader(source: ByteSource, ledger: ByteLedger): Promise<QcowHeader> {
  if (source.size < V1_HEADER_BYTES) throw new Damaged('it ends within its header');
  const bytes = await paddedAt(source, 0, HEADER_BYTES);
  const version = bytes.readUInt32BE(4);
  const size = countOf(bytes.readBigUInt64BE(24));
  if (size === Infinity) throw new OverBudget('a disk of more than 8 PiB');
  const backing = await nameAt(source, countOf(bytes.readBigUInt64BE(8)), bytes.readUInt32BE(16), ledger);
  return version === 1
    ? versionOne(bytes, size, backing, ledger)
    : laterVersion(source, bytes, { version, size, backing }, ledger);
}

function versionOne(bytes: Buffer, size: number, backing: string | null, ledger: ByteLedger): QcowHeader {
  const clusterBits = bytes.readUInt8(32);
  const tableBits = bytes.readUInt8(33);
  if (clusterBits < 9 || clusterBits > 16 || tableBits < 6 || tableBits > 13)
    throw new Damaged(`clusters of 2^${clusterBits} bytes, tables of 2^${tableBits} entries`);
  const clusterBytes = 2 ** clusterBits;
  ledger.claim(0, V1_HEADER_BYTES);
  return {
    version: 1,
    size,
    clusterBytes,
    clusterBits,
    entriesOfTable: 2 ** tableBits,
    subclusters: false,
    packing: 'deflate',
    encrypted: bytes.readUInt32BE(36) !== 0,
    markedCorrupt: false,
    l1At: countOf(bytes.readBigUInt64BE(40)),
    l1Count: Math.ceil(size / clusterBytes / 2 ** tableBits),
    countsAt: 0,
    countsClusters: 0,
    snapshots: 0,
    snapshotsAt: 0,
    backing,
    dataFile: null,
  };
}

async function laterVersion(
  source: ByteSource,
  bytes: Buffer,
  given: Pick<QcowHeader, 'version' | 'size' | 'backing'>,
  ledger: ByteLedger,
): Promise<QcowHeader> {
  const { version } = given;
  if (version > 3) throw new Unsupported(`version ${version} of the format`);
  const features = version < 3 ? 0n : bytes.readBigUInt64BE(72);
  if ((features & ~KNOWN_FEATURES) !== 0n) {
    throw new Unsupported(`features 0x${features.toString(16)}, of which some are not known`);
  }
  const feature = (bit: number): boolean => (Number(features) & bit) !== 0;
  const clusterBits = bytes.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) throw new Damaged(`clusters of 2^${clusterBits} bytes`);
  const clusterBytes = 2 ** clusterBits;
  const headerBytes = version < 3 ? V2_HEADER_BYTES : Math.min(clusterBytes, bytes.readUInt32BE(100));
  const dataFile = await extensions(source, headerBytes, clusterBytes, ledger);
  const packing = feature(OTHER_PACKING) ? bytes.readUInt8(104) : 0;
  if (packing > 1) throw new Unsupported(`compression type ${packing}`);
  return {
    ...given,
    clusterBytes,
    clusterBits,
    entriesOfTable: clusterBytes / (feature(SUBCLUSTERS) ? 16 : 8),
    subclusters: feature(SUBCLUSTERS),
    packing: packing === 0 ? 'deflate' : 'zstd',
    encrypted: bytes.readUInt32BE(32) !== 0,
    markedCorrupt: feature(CORRUPT),
    l1At: countOf(bytes.readBigUInt64BE(40)),
    l1Count: bytes.readUInt32BE(36),
    countsAt: countOf(bytes.readBigUInt64BE(48)),
    countsClusters: bytes.readUInt32BE(56),
    snapshots: bytes.readUInt32BE(60),
    snapshotsAt: countOf(bytes.readBigUInt64BE(64)),
    dataFile: feature(EXTERNAL_DATA) ? (dataFile ?? 'a file without a name') : null,
  };
}

/** Passes over the header extensions, which end before the first cluster does; returns the data file's name. */
async function extensions(
  source: ByteSource,
  start: number,
  end: number,
  ledger: ByteLedger,
): Promise<string | null> {
  let dataFile: string | null = null;
  let at = start;
  while (at + 8 <= end) {
    const head = await paddedAt(source, at, 8);
    const type = head.readUInt32BE(0);
    const length = head.readUInt32BE(4);
    at += 8;
    if (type === 0 || length > end - at) break;
    if (type === DATA_FILE_NAME)
      dataFile = (await bytesAt(source, at, Math.min(length, MAX_NAME_BYTES))).toString('utf8');
    at += Math.ceil(length / 8) * 8;
  }
  ledger.claim(0, at);
  return dataFile;
}

async function nameAt(
  source: ByteSource,
  at: number,
  length: number,
  ledger: ByteLedger,
): Promise<string | null> {
  if (at === 0) return null;
  const bytes = await bytesAt(source, at, Math.min(length, MAX_NAME_BYTES));
  ledger.claim(at, at + bytes.length);
  return bytes.toString('utf8');
}
