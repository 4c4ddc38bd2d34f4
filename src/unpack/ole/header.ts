import type { ByteSource } from '../../bytes/index.ts';
import { Damaged } from '../trouble.ts';

/** Of the header, in bytes ([MS-CFB] 2.2); the sector it stands in may be larger. */
export const HEADER_BYTES = 512;
/** Sector numbers above this one are marks: free, end of a chain, FAT, DIFAT ([MS-CFB] 2.1). */
export const LAST_SECTOR = 0xfffffffa;
export const END_OF_CHAIN = 0xfffffffe;
export const NO_SECTOR = 0xffffffff;
const SIGNATURE = 'd0cf11e0a1b11ae1';
const DIFAT_AT = 76;
const DIFAT_COUNT = 109;

export interface OleHeader {
  readonly sectorBytes: number;
  readonly miniSectorBytes: number;
  readonly directoryStart: number;
  /** Streams below this size lie in the mini stream. */
  readonly miniCutoff: number;
  readonly miniFatStart: number;
  readonly difatStart: number;
  /** Sectors of the FAT, as far as the header has room for their numbers. */
  readonly difat: readonly number[];
}

/** Throws Damaged when it is no header, or when it names sector sizes that no reader takes. */
export async function readHeader(source: ByteSource): Promise<OleHeader> {
  const bytes = Buffer.alloc(HEADER_BYTES);
  if ((await source.readAt(bytes, 0)) < HEADER_BYTES) throw new Damaged('cut off in the header');
  if (bytes.toString('hex', 0, 8) !== SIGNATURE) throw new Damaged('no header of a compound file');
  const sectorShift = bytes.readUInt16LE(30);
  const miniShift = bytes.readUInt16LE(32);
  // The specification knows 9 and 12, and 6; programs that are less strict take a little more.
  if (sectorShift < 7 || sectorShift > 16) throw new Damaged(`sectors of 2^${sectorShift} bytes`);
  if (miniShift < 4 || miniShift > sectorShift) throw new Damaged(`mini sectors of 2^${miniShift} bytes`);
  return {
    sectorBytes: 2 ** sectorShift,
    miniSectorBytes: 2 ** miniShift,
    directoryStart: bytes.readUInt32LE(48),
    miniCutoff: bytes.readUInt32LE(56),
    miniFatStart: bytes.readUInt32LE(60),
    difatStart: bytes.readUInt32LE(68),
    difat: Array.from({ length: DIFAT_COUNT }, (_, i) => bytes.readUInt32LE(DIFAT_AT + i * 4)),
  };
}
