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

/** A stored file in volumes of RAR 5, each with so many bytes of it. */
export function rarVolumes(name: string, content: Buffer, pieceBytes: number): Buffer[] {
  const label = Buffer.from(name);
  const count = Math.ceil(content.length / pieceBytes);
  return Array.from({ length: count }, (_, i) => {
    const piece = content.subarray(i * pieceBytes, (i + 1) * pieceBytes);
    const last = i === count - 1;
    // Volume; from the second on with its number.
    const main = i === 0 ? [1, 0, 1] : [1, 0, 3, i];
    const flags = 2 | (i === 0 ? 0 : 8) | (last ? 0 : 16);
    const file = Buffer.concat([
      Buffer.from([2, flags]),
      vint(piece.length),
      Buffer.from([4]),
      vint(content.length),
      Buffer.from([0]),
      uint32(crc32(last ? content : piece)),
      Buffer.from([0, 1]),
      vint(label.length),
      label,
    ]);
    return Buffer.concat([
      Buffer.from('Rar!\x1a\x07\x01\x00', 'latin1'),
      header(Buffer.from(main)),
      header(file),
      piece,
      header(Buffer.from([5, 0, last ? 0 : 1])),
    ]);
  });
}

/** The same of RAR 4: `x.rar`, `x.r00` and so on. */
export function oldRarVolumes(name: string, content: Buffer, pieceBytes: number): Buffer[] {
  const label = Buffer.from(name);
  const count = Math.ceil(content.length / pieceBytes);
  return Array.from({ length: count }, (_, i) => {
    const piece = content.subarray(i * pieceBytes, (i + 1) * pieceBytes);
    const last = i === count - 1;
    const file = Buffer.concat([
      uint32(piece.length),
      uint32(content.length),
      // Unix; the sum of the whole file stands in the last volume; no time, version 2.0, stored.
      Buffer.from([3]),
      uint32(crc32(last ? content : piece)),
      uint32(0x21),
      Buffer.from([20, 0x30, label.length, 0]),
      uint32(0o100644),
      label,
    ]);
    return Buffer.concat([
      Buffer.from('Rar!\x1a\x07\x00', 'latin1'),
      oldBlock(0x73, i === 0 ? 0x101 : 1, Buffer.alloc(6)),
      oldBlock(0x74, 0x8000 | (i === 0 ? 0 : 1) | (last ? 0 : 2), file),
      piece,
      oldBlock(0x7b, last ? 0x4000 : 0x4001, Buffer.alloc(0)),
    ]);
  });
}

function oldBlock(kind: number, flags: number, fields: Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(7), fields]);
  bytes.writeUInt8(kind, 2);
  bytes.writeUInt16LE(flags, 3);
  bytes.writeUInt16LE(bytes.length, 5);
  bytes.writeUInt16LE(crc32(bytes.subarray(2)) & 0xffff, 0);
  return bytes;
}
