import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';

/** Descriptors lie in sectors of this size, whatever the logical block (ECMA-119, 6.2.1). */
export const SECTOR_BYTES = 2048;
/** The first 16 sectors belong to the system (6.2.1). */
export const SYSTEM_AREA_SECTORS = 16;
/** Descriptors read of one set. */
const MAX_DESCRIPTORS = 64;
const KIND = { boot: 0, primary: 1, supplementary: 2, end: 255 } as const;
/** Fields of a volume descriptor end here; what comes behind is for the application (8.4.31). */
const FIELDS_END = 883;
const ROOT_AT = 156;

/** One tree of folders. */
export interface Volume {
  /** UCS-2 names, big-endian. */
  readonly joliet: boolean;
  readonly blockBytes: number;
  /** The root's own directory record. */
  readonly root: Buffer;
  /** Blocks of the path tables, each with its byte order; 0 entries are left out. */
  readonly pathTables: readonly { readonly block: number; readonly bigEndian: boolean }[];
  readonly pathTableBytes: number;
  /** How long the image must be for it, in bytes. */
  readonly bytes: number;
}

export interface VolumeSet {
  readonly volumes: readonly Volume[];
  /** Sectors of El Torito's boot catalogs. */
  readonly bootCatalogs: readonly number[];
  /** A UDF file system is described too (ECMA-167, 2/9.1: NSR02, NSR03). */
  readonly udf: boolean;
}

/** The descriptors from `sector` on, up to their end. Claims what it understood. */
export async function volumeSet(source: ByteSource, ledger: ByteLedger, sector: number): Promise<VolumeSet> {
  const volumes: Volume[] = [];
  const bootCatalogs: number[] = [];
  let udf = false;
  let ended = false;
  for (let i = 0; i < MAX_DESCRIPTORS; i++) {
    const bytes = Buffer.alloc(SECTOR_BYTES);
    const start = (sector + i) * SECTOR_BYTES;
    if ((await source.readAt(bytes, start)) < SECTOR_BYTES) break;
    const id = bytes.toString('latin1', 1, 6);
    if (id === 'CD001' && !ended) {
      const kind = bytes.readUInt8(0);
      if (kind === KIND.end) ended = true;
      if (kind === KIND.primary || kind === KIND.supplementary) volumes.push(volumeOf(bytes, kind));
      if (kind === KIND.boot && bytes.toString('latin1', 7, 30) === 'EL TORITO SPECIFICATION')
        bootCatalogs.push(bytes.readUInt32LE(71));
      claimFields(ledger, start, bytes, kind);
    } else if (/^(?:BEA01|NSR0[23]|TEA01|BOOT2)$/.test(id)) {
      udf ||= id.startsWith('NSR');
      ledger.claim(start, start + 7);
    } else if (!ended || id !== 'CD001') {
      // mkisofs puts a note of its own behind the last descriptor, before UDF's.
      if (!ended || udf || bytes.toString('latin1', 0, 4) !== 'MKI ') break;
    }
  }
  return { volumes, bootCatalogs, udf };
}

function volumeOf(bytes: Buffer, kind: number): Volume {
  const escapes = bytes.toString('latin1', 88, 120);
  const block = bytes.readUInt16LE(128);
  const tables = [
    { block: bytes.readUInt32LE(140), bigEndian: false },
    { block: bytes.readUInt32LE(144), bigEndian: false },
    { block: bytes.readUInt32BE(148), bigEndian: true },
    { block: bytes.readUInt32BE(152), bigEndian: true },
  ];
  const blockBytes = [512, 1024, 2048].includes(block) ? block : SECTOR_BYTES;
  return {
    joliet: kind === KIND.supplementary && /%\/[@CE]/.test(escapes),
    blockBytes,
    root: Buffer.from(bytes.subarray(ROOT_AT, ROOT_AT + 34)),
    pathTables: tables.filter((table) => table.block > 0),
    pathTableBytes: bytes.readUInt32LE(132),
    bytes: bytes.readUInt32LE(80) * blockBytes,
  };
}

/** The part behind the fields is claimed only where nothing is in it. */
function claimFields(ledger: ByteLedger, start: number, bytes: Buffer, kind: number): void {
  const end = kind === KIND.boot ? 75 : kind === KIND.end ? 7 : FIELDS_END;
  const blank = bytes.subarray(end).every((byte) => byte === 0 || byte === 0x20);
  ledger.claim(start, start + (blank ? SECTOR_BYTES : end));
}

/** Blocks of the folders that a path table names (9.4), each with the bytes of its entry. */
export async function* pathTable(
  source: ByteSource,
  start: number,
  length: number,
  bigEndian: boolean,
): AsyncGenerator<{ readonly block: number; readonly start: number; readonly end: number }, void, undefined> {
  const limit = Math.min(start + length, source.size);
  const piece = Buffer.alloc(64 * 1024);
  for (let at = start, from = start, held = 0; at + 8 <= limit;) {
    if (at < from || at + 8 + 256 > from + held) {
      from = at;
      held = await source.readAt(piece.subarray(0, Math.min(piece.length, limit - at)), at);
      if (held < 8) return;
    }
    const entry = at - from;
    const nameLength = piece.readUInt8(entry);
    if (nameLength === 0) return;
    const end = at + 8 + nameLength + (nameLength % 2);
    const block = bigEndian ? piece.readUInt32BE(entry + 2) : piece.readUInt32LE(entry + 2);
    yield { block, start: at, end };
    at = end;
  }
}
