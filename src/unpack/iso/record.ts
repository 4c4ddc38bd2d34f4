/** A stretch of the image. In bytes; it may lie outside. */
export interface Extent {
  readonly start: number;
  readonly length: number;
}

/** One directory record (ECMA-119, 9.1), as stored. */
export interface DirectoryRecord {
  /** The identifier: one byte 0 or 1 for the folder itself and the one above. */
  readonly name: Buffer;
  /** Where its content lies: one extent, or two where its two byte orders disagree. */
  readonly extents: readonly Extent[];
  readonly isFolder: boolean;
  /** Another extent of the same file follows in the next record. */
  readonly goesOn: boolean;
  /** Its blocks alternate with gaps. */
  readonly interleaved: boolean;
  /** What is behind the name: Rock Ridge. */
  readonly systemUse: Buffer;
}

const FLAG = { folder: 2, goesOn: 0x80 } as const;
const FIXED = 33;

/**
 * The record that begins at `at`; null when nothing does that could be one. Valid as long as `bytes` is.
 * `blockBytes` is the size of a logical block.
 */
export function directoryRecord(bytes: Buffer, at: number, blockBytes: number): DirectoryRecord | null {
  const length = bytes[at] ?? 0;
  if (length <= FIXED || at + length > bytes.length) return null;
  const record = bytes.subarray(at, at + length);
  const nameLength = record.readUInt8(32);
  if (nameLength === 0 || FIXED + nameLength > length) return null;
  const attributes = record.readUInt8(1);
  const flags = record.readUInt8(25);
  const little = { block: record.readUInt32LE(2), length: record.readUInt32LE(10) };
  const big = { block: record.readUInt32BE(6), length: record.readUInt32BE(14) };
  const same = little.block === big.block && little.length === big.length;
  // Makers that fill in only one byte order leave the other zero: no second reading.
  const orders = same || (big.block === 0 && big.length === 0) ? [little] : [little, big];
  return {
    name: record.subarray(FIXED, FIXED + nameLength),
    extents: orders.map(({ block, length: size }) => ({
      start: (block + attributes) * blockBytes,
      length: size,
    })),
    isFolder: (flags & FLAG.folder) !== 0,
    goesOn: (flags & FLAG.goesOn) !== 0,
    interleaved: record.readUInt8(26) !== 0 || record.readUInt8(27) !== 0,
    // The name is padded to an even end.
    systemUse: record.subarray(FIXED + nameLength + ((nameLength + 1) % 2)),
  };
}
