import { crc32 } from 'node:zlib';

/** A zip entry to be written byte by byte. `data` is what is stored; the rest is what the headers claim of it. */
export interface ZipEntry {
  readonly name: string | Buffer;
  readonly data: Buffer;
  /** 0 stored, 8 deflated. */
  readonly method?: number;
  readonly crc?: number;
  readonly size?: number;
  /** Place of the local header that the directory names, instead of the true one. */
  readonly at?: number;
  /** Unix mode, shifted into place. */
  readonly mode?: number;
}

export function zipBytes(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const {
    name,
    data,
    method = 0,
    crc = crc32(data),
    size = data.length,
    at,
    mode = 0o100644,
  } of entries) {
    const label = typeof name === 'string' ? Buffer.from(name) : name;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(crc, 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(size, 22);
    local.writeUInt16LE(label.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE((3 << 8) | 20, 4);
    central.writeUInt16LE(20, 6);
    local.copy(central, 10, 8, 30);
    central.writeUInt16LE(0, 30);
    central.writeUInt32LE((mode << 16) >>> 0, 38);
    central.writeUInt32LE(at ?? offset, 42);
    locals.push(local, label, data);
    directory.push(central, label);
    offset += 30 + label.length + data.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}
