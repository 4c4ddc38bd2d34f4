import { zstdCompressSync, constants } from 'node:zlib';
import { tarBytes } from './tar-bytes.ts';

const BLOCK = 512;
const PIECE_BYTES = 1024 * 1024;

/** Bytes that do not compress, the same each time. */
export function noise(size: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(size / 4) * 4);
  let state = 0x2545f491;
  for (let at = 0; at < bytes.length; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state, at);
  }
  return bytes.subarray(0, size);
}

/** A tar archive that is made while it is read: `count` members of `size` bytes, full of zeros or of noise. */
export function* tarPieces(count: number, size: number, zeros = false): Generator<Buffer, void, undefined> {
  const piece = zeros ? Buffer.alloc(PIECE_BYTES) : noise(PIECE_BYTES);
  for (let index = 0; index < count; index++) {
    yield header(`member-${index}`, size);
    for (let left = size; left > 0; left -= piece.length)
      yield piece.subarray(0, Math.min(left, piece.length));
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (padding > 0) yield Buffer.alloc(padding);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** The header of one member alone. */
export function header(name: string, size: number): Buffer {
  return tarBytes([{ name, size }]).subarray(0, BLOCK);
}

/** Each piece as a frame of its own: together they are one stream. `pulled` counts the bytes before compression. */
export async function* zstdFrames(
  pieces: Iterable<Buffer>,
  pulled: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  for (const piece of pieces) {
    pulled(piece.length);
    yield zstdCompressSync(piece, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  }
}
