/** The header of a Zstandard frame: RFC 8878, 3.1.1. */
export const ZSTD_MAGIC = 0xfd2f_b528;
/** The longest header, and the first block's behind it. */
export const FRAME_HEAD_BYTES = 18 + 3;
const LEAST_BYTES = 6;
const RESERVED_BIT = 8;
/** More is neither written nor read by anybody (zstd.h: ZSTD_WINDOWLOG_MAX_64). */
const MAX_WINDOW_BYTES = 2 ** 31;
const BLOCK_BYTES = 128 * 1024;
const RESERVED_BLOCK = 3;

export interface FrameHeader {
  /** With its magic number. */
  readonly bytes: number;
  /** Of memory that the decoder needs. */
  readonly window: number;
  readonly dictionary: boolean;
  readonly checksum: boolean;
}

/** Null: it is cut off, or says what cannot be. The magic number is looked at by whoever asks. */
export function frameHeader(head: Buffer): FrameHeader | null {
  if (head.length < LEAST_BYTES) return null;
  const descriptor = head.readUInt8(4);
  const single = (descriptor & 0x20) !== 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeAt = 5 + (single ? 0 : 1) + dictionaryBytes;
  const bytes = sizeAt + sizeBytes;
  if (head.length < bytes || (descriptor & RESERVED_BIT) !== 0) return null;
  const exponent = head.readUInt8(5) >> 3;
  const base = 2 ** (10 + exponent);
  const window = single ? contentSize(head, sizeAt, sizeBytes) : base + (base / 8) * (head.readUInt8(5) & 7);
  if (window > MAX_WINDOW_BYTES || !beginsWithBlock(head.subarray(bytes), window)) return null;
  const dictionary = dictionaryBytes > 0 && head.readUIntLE(sizeAt - dictionaryBytes, dictionaryBytes) !== 0;
  return { bytes, window, dictionary, checksum: (descriptor & 4) !== 0 };
}

function contentSize(head: Buffer, at: number, bytes: number): number {
  if (bytes === 8) return Number(head.readBigUInt64LE(at));
  return head.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}

/** Whether a block can begin so; what is cut off before is no worse than what is cut off in it. */
function beginsWithBlock(rest: Buffer, window: number): boolean {
  if (rest.length < 3) return true;
  const block = rest.readUIntLE(0, 3);
  return ((block >> 1) & 3) !== RESERVED_BLOCK && block >> 3 <= Math.min(BLOCK_BYTES, Math.max(window, 1));
}
