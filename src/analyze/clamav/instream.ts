/** Bytes in one INSTREAM chunk at most. */
const MAX_CHUNK_BYTES = 256 * 1024;

/** The chunk of no bytes that ends a stream. */
export const END_OF_STREAM: Buffer = Buffer.alloc(4);

/** `bytes` as INSTREAM chunks (clamd(8)): four bytes of length in network order, then the data, which is not copied. */
export function chunksOf(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += MAX_CHUNK_BYTES) {
    const data = bytes.subarray(at, at + MAX_CHUNK_BYTES);
    const header = Buffer.allocUnsafe(4);
    header.writeUInt32BE(data.length);
    parts.push(header, data);
  }
  return parts;
}
