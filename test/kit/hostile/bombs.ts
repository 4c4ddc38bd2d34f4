import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { tarBytes } from '../archives/tar-bytes.ts';
import { tool } from '../archives/tool.ts';
import { zipBytes, type ZipEntry } from '../archives/zip-bytes.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** A zip of `members` times 64 MiB of zeros; 64 KiB each. */
export function flatZip(members: number): Buffer {
  return zipOf('zeros', Buffer.alloc(64 * MIB), members);
}

/** Zips within zips, `levels` deep, `width` in each, all the same; 4 MiB of zeros in each innermost. */
export function nestedZips(levels: number, width: number): Buffer {
  let bytes = zipOf('zeros', Buffer.alloc(4 * MIB), 1);
  for (let level = 0; level < levels; level++) bytes = zipOf('again.zip', bytes, width);
  return bytes;
}

function zipOf(name: string, content: Buffer, copies: number): Buffer {
  const data = deflateRawSync(content, { level: 9 });
  const entry: ZipEntry = { name, data, method: 8, size: content.length, crc: crc32(content) };
  return zipBytes(Array.from({ length: copies }, (_, at) => ({ ...entry, name: `${at}-${name}` })));
}

/** `copies` compressed streams after each other, each `each` bytes of zeros: the decoders read them as one. */
export function joinedStreams(
  folder: string,
  program: readonly string[],
  each: number,
  copies: number,
): Buffer {
  const [name = '', ...args] = program;
  const one = tool(folder, name, [...args, '-c'], Buffer.alloc(each));
  return Buffer.concat(Array.from({ length: copies }, () => one));
}

/** A 7z with one file of zeros. */
export function sevenZipOfZeros(folder: string, bytes: number): Buffer {
  const line = 'head -c "$0" /dev/zero | 7zz a -sizeros -mx=1 zeros.7z >&2 && cat zeros.7z && rm zeros.7z';
  return tool(folder, 'sh', ['-c', line, String(bytes)]);
}

/** Every name of the directory stands for the same member. */
export function overlappingZip(names: number): Buffer {
  const data = deflateRawSync(Buffer.alloc(MIB), { level: 9 });
  const entry = { data, method: 8, size: MIB, crc: crc32(Buffer.alloc(MIB)), at: 0 };
  return zipBytes(Array.from({ length: names }, (_, at) => ({ ...entry, name: `${at}` })));
}

/** As many gzip streams with nothing in them. */
export function emptyGzips(count: number): Buffer {
  const empty = gzipSync('');
  return Buffer.alloc(count * empty.length, empty);
}

/** A tar of one sparse file (GNU) of 1 TB, all of it a hole. */
export function sparseTar(): Buffer {
  const header = tarBytes([{ name: 'hole', type: 'S' }]).subarray(0, 512);
  const TERA = 10n ** 12n;
  // The format's base-256 number of 12 bytes (GNU tar manual, "Extensions"), at the place of the true size.
  header.writeUInt32BE(0x80000000, 483);
  header.writeBigUInt64BE(TERA, 487);
  header.write(' '.repeat(8), 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.alloc(1024)]);
}

/** A frame of zstd that wants a window of 2^`log` bytes (RFC 8878, 3.1.1.1.2). */
export function wideWindow(log: number): Buffer {
  const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
  return Buffer.concat([magic, Buffer.from([0, (log - 10) << 3, 1 | (4 << 3), 0, 0]), Buffer.from('tiny')]);
}

/** An xz that says it needs a dictionary of 1 GiB. */
export function wideDictionary(folder: string): Buffer {
  const bytes = tool(folder, 'xz', ['-c'], Buffer.from('tiny'));
  const BLOCK = 12; // After the stream header.
  const length = ((bytes[BLOCK] ?? 0) + 1) * 4;
  const header = bytes.subarray(BLOCK, BLOCK + length - 4);
  const lzma2 = header.indexOf(Buffer.from([0x21, 1]));
  header[lzma2 + 2] = 36; // 1 GiB (xz format, 5.3.1).
  bytes.writeUInt32LE(crc32(header), BLOCK + length - 4);
  return bytes;
}

/** An `.lzma` that says so. */
export function wideLzma(folder: string): Buffer {
  const bytes = tool(folder, 'xz', ['--format=lzma', '-c'], Buffer.from('tiny'));
  bytes.writeUInt32LE(GIB, 1);
  return bytes;
}

export function emptyMembersTar(count: number): Buffer {
  return tarBytes(Array.from({ length: count }, (_, at) => ({ name: `empty/${at}` })));
}

/** With the records of zip64 (APPNOTE 4.3.14 and 4.3.15): the old ones count to 65,535. */
export function emptyMembersZip(count: number): Buffer {
  const width = emptyZip('empty/000000').length - 22;
  const LOCAL = 30 + 12;
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  for (let at = 0; at < count; at++) {
    const one = emptyZip(`empty/${String(at).padStart(6, '0')}`);
    locals.push(one.subarray(0, LOCAL));
    one.writeUInt32LE(at * LOCAL, LOCAL + 42);
    directory.push(one.subarray(LOCAL, width));
  }
  const [start, size] = [count * LOCAL, count * (width - LOCAL)];
  const end = Buffer.alloc(56 + 20 + 22);
  end.write('PK\x06\x06');
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(45, 12);
  end.writeUInt16LE(45, 14);
  for (const [at, value] of [count, count, size, start].entries())
    end.writeBigUInt64LE(BigInt(value), 24 + 8 * at);
  end.write('PK\x06\x07', 56);
  end.writeBigUInt64LE(BigInt(start + size), 64);
  end.writeUInt32LE(1, 72);
  end.write('PK\x05\x06', 76);
  end.fill(0xff, 84, 96);
  return Buffer.concat([...locals, ...directory, end]);
}

function emptyZip(name: string): Buffer {
  return zipBytes([{ name, data: Buffer.alloc(0) }]);
}
