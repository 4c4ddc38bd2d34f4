import type { ByteReader } from '../byte-reader.ts';
import { Damaged } from '../trouble.ts';

/** What a chunk expands to at most ([MS-OVBA] 2.4.1.1.4). */
export const CHUNK_BYTES = 4096;
const SIGNATURE_BYTE = 1;

/**
 * Decompresses one container of VBA source ([MS-OVBA] 2.4.1), chunk by chunk, in constant memory. Ends with the
 * input or where no further chunk begins. Throws Damaged, after what came out.
 */
export async function* decompressVba(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const [first] = await reader.exactly(1);
  if (first !== SIGNATURE_BYTE) throw new Damaged('no compressed VBA source begins here');
  for (;;) {
    const head = await reader.peek(2);
    if (head.length < 2) return;
    const header = head.readUInt16LE(0);
    if (!isChunkHeader(header)) return;
    await reader.skip(2);
    // A fresh one each time: whoever takes it may still hold the one before.
    const out = Buffer.allocUnsafe(CHUNK_BYTES);
    const size = (header & 0xfff) + 1;
    const body = await reader.exactly(size);
    const done = decodeChunk(body, (header & 0x8000) !== 0, out);
    if (done.size > 0) yield out.subarray(0, done.size);
    if (done.trouble !== null) throw new Damaged(done.trouble);
    if (body.length < size) throw new Damaged('compressed VBA source is cut off');
  }
}

/** The three bits that mark a chunk ([MS-OVBA] 2.4.1.1.5). */
export function isChunkHeader(header: number): boolean {
  return (header & 0x7000) === 0x3000;
}

/** Decodes one chunk into `out`, which holds CHUNK_BYTES. `trouble`: why it ended early. */
export function decodeChunk(
  body: Buffer,
  compressed: boolean,
  out: Buffer,
): { readonly size: number; readonly trouble: string | null } {
  if (!compressed) return { size: body.copy(out, 0, 0, CHUNK_BYTES), trouble: null };
  let size = 0;
  let at = 0;
  while (at < body.length) {
    const flags = body[at++] ?? 0;
    for (let bit = 0; bit < 8 && at < body.length; bit++) {
      if ((flags & (1 << bit)) === 0) {
        if (size === CHUNK_BYTES) return { size, trouble: 'compressed VBA source overruns its chunk' };
        out[size++] = body[at++] ?? 0;
        continue;
      }
      if (at + 1 >= body.length) return { size, trouble: 'compressed VBA source is cut off' };
      const token = (body[at] ?? 0) | ((body[at + 1] ?? 0) << 8);
      at += 2;
      // The further the chunk, the more bits tell how far back to copy from ([MS-OVBA] 2.4.1.3.19.1).
      const offsetBits = Math.max(4, 32 - Math.clz32(size - 1));
      const length = (token & (0xffff >> offsetBits)) + 3;
      const distance = (token >> (16 - offsetBits)) + 1;
      if (distance > size) return { size, trouble: 'compressed VBA source copies from before its chunk' };
      if (size + length > CHUNK_BYTES) return { size, trouble: 'compressed VBA source overruns its chunk' };
      for (const end = size + length; size < end; size++) out[size] = out[size - distance] ?? 0;
    }
  }
  return { size, trouble: null };
}
