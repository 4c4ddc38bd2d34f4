import { crc32 } from 'node:zlib';

/** A file of a 7z that is written byte by byte; its name may hold any UTF-16 unit but 0. */
export interface SevenZipFile {
  readonly name: string;
  /** Not empty. */
  readonly content: Buffer;
}

/** An uncompressed 7z (7zFormat.txt of the LZMA SDK, https://www.7-zip.org/sdk.html): one folder, coder Copy. */
export function sevenZipBytes(files: readonly SevenZipFile[]): Buffer {
  const packed = Buffer.concat(files.map(({ content }) => content));
  const sizes = files.slice(0, -1).map(({ content }) => number(content.length));
  const names = files.map(({ name }) => Buffer.from(`${name}\0`, 'utf16le'));
  const nameBytes = Buffer.concat(names);
  const fields = [
    [Buffer.from([0x01, 0x04])], // Header, main streams.
    [Buffer.from([0x06]), number(0), number(1), Buffer.from([0x09]), number(packed.length), ZERO],
    [Buffer.from([0x07, 0x0b]), number(1), ZERO, number(1), Buffer.from([0x01, 0x00])],
    [Buffer.from([0x0c]), number(packed.length), ZERO],
    [Buffer.from([0x08, 0x0d]), number(files.length), Buffer.from([0x09]), ...sizes],
    [Buffer.from([0x0a, 0x01]), ...files.map(({ content }) => uint32(crc32(content))), ZERO],
    [ZERO], // End of the streams.
    [Buffer.from([0x05]), number(files.length)],
    [Buffer.from([0x11]), number(nameBytes.length + 1), ZERO, nameBytes, ZERO],
    [ZERO],
  ];
  const header = Buffer.concat(fields.flat());
  const start = Buffer.alloc(20);
  start.writeBigUInt64LE(BigInt(packed.length), 0);
  start.writeBigUInt64LE(BigInt(header.length), 8);
  start.writeUInt32LE(crc32(header), 16);
  const signature = Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4]);
  return Buffer.concat([signature, uint32(crc32(start)), start, packed, header]);
}

const ZERO = Buffer.from([0]);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The format's own numbers; here in their longest form or in one byte. */
function number(value: number): Buffer {
  if (value < 0x80) return Buffer.from([value]);
  const bytes = Buffer.alloc(9, 0xff);
  bytes.writeBigUInt64LE(BigInt(value), 1);
  return bytes;
}
