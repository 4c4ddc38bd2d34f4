import { crc32c } from '../../../src/unpack/crc32c.ts';

const CHUNK_BYTES = 65_536;

/** A framed Snappy stream: every other chunk is compressed as one literal and one match, the others are stored. */
export function snappyBytes(content: Buffer): Buffer {
  const chunks: Buffer[] = [Buffer.from('\xff\x06\0\0sNaPpY', 'latin1')];
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    const plain = content.subarray(at, at + CHUNK_BYTES);
    const stored = (at / CHUNK_BYTES) % 2 === 1;
    chunks.push(snappyChunk(stored ? 1 : 0, plain, stored ? plain : asLiteral(plain)));
  }
  return Buffer.concat(chunks);
}

/** One chunk with the check sum of `plain`; `body` may be whatever a test wants. */
export function snappyChunk(kind: number, plain: Buffer, body: Buffer): Buffer {
  const sum = crc32c(plain);
  const head = Buffer.alloc(8);
  head.writeUInt8(kind, 0);
  head.writeUIntLE(body.length + 4, 1, 3);
  head.writeUInt32LE((((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0, 4);
  return Buffer.concat([head, body]);
}

function asLiteral(plain: Buffer): Buffer {
  const size: number[] = [];
  for (let left = plain.length; ; left >>>= 7) {
    size.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    if (left <= 0x7f) break;
  }
  const length = plain.length - 1;
  return Buffer.concat([Buffer.from([...size, 61 << 2, length & 0xff, length >> 8]), plain]);
}
