import { crc32 } from 'node:zlib';

/** A RAR 5 archive with one stored file: no free program makes RAR. */
export function rarBytes(name: string, content: Buffer): Buffer {
  const label = Buffer.from(name);
  const CRC_PRESENT = 4;
  const file = Buffer.concat([
    Buffer.from([CRC_PRESENT]),
    vint(content.length),
    Buffer.from([0]),
    uint32(crc32(content)),
    Buffer.from([0, 1]),
    vint(label.length),
    label,
  ]);
  const DATA_FOLLOWS = 2;
  return Buffer.concat([
    Buffer.from('Rar!\x1a\x07\x01\x00', 'latin1'),
    header(Buffer.from([1, 0, 0])),
    header(Buffer.concat([Buffer.from([2, DATA_FOLLOWS]), vint(content.length), file])),
    content,
    header(Buffer.from([5, 0, 0])),
  ]);
}

function header(fields: Buffer): Buffer {
  const body = Buffer.concat([vint(fields.length), fields]);
  return Buffer.concat([uint32(crc32(body)), body]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function vint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    if (rest < 128) return Buffer.from(bytes);
  }
}
