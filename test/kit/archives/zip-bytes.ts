import { crc32 } from 'node:zlib';

/** What a header claims, where it shall not be the truth. */
export interface ZipClaims {
  readonly name?: string;
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  readonly packed?: number;
  readonly size?: number;
}

/** A zip entry to be written byte by byte. `data` is what is stored; the rest is what the headers claim of it. */
export interface ZipEntry {
  readonly name: string | Buffer;
  readonly data: Buffer;
  readonly flags?: number;
  /** 0 stored, 8 deflated. */
  readonly method?: number;
  readonly crc?: number;
  readonly size?: number;
  /** Place of the local header that the directory names, instead of the true one. */
  readonly at?: number;
  /** Unix mode, shifted into place. */
  readonly mode?: number;
  /** What only the local header claims. */
  readonly local?: ZipClaims;
  /** What only the directory claims. */
  readonly central?: ZipClaims;
  /** Bytes before the local header and behind the data: junk, descriptors. */
  readonly before?: Buffer;
  readonly after?: Buffer;
  /** false: the directory does not list it. */
  readonly listed?: boolean;
}

export interface ZipEnding {
  readonly comment?: Buffer;
  /** How many entries the end record counts. */
  readonly count?: number;
  /** Bytes between the members and the directory, and between the directory and its end record. */
  readonly beforeDirectory?: Buffer;
  readonly afterDirectory?: Buffer;
}

export function zipBytes(entries: readonly ZipEntry[], ending: ZipEnding = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  const add = (...more: readonly Buffer[]): void => {
    parts.push(...more);
    offset += more.reduce((sum, { length }) => sum + length, 0);
  };
  for (const entry of entries) {
    const { data, at, mode = 0o100644, before, after, listed = true } = entry;
    if (before !== undefined) add(before);
    const place = offset;
    const [fields, label] = headerFields(entry, entry.local);
    const signature = Buffer.from('PK\x03\x04');
    add(signature, fields, label, data);
    if (after !== undefined) add(after);
    if (!listed) continue;
    const [listedFields, listedLabel] = headerFields(entry, entry.central);
    const head = Buffer.from([...Buffer.from('PK\x01\x02'), 20, 3]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((mode << 16) >>> 0, 6);
    rest.writeUInt32LE(at ?? place, 10);
    directory.push(head, listedFields, rest, listedLabel);
  }
  if (ending.beforeDirectory !== undefined) add(ending.beforeDirectory);
  const central = Buffer.concat(directory);
  const count = ending.count ?? entries.filter(({ listed }) => listed !== false).length;
  const end = endRecord(count, central.length, offset, ending.comment);
  return Buffer.concat([...parts, central, ending.afterDirectory ?? Buffer.alloc(0), end]);
}

/** The 26 bytes that both kinds of header have, and the name. */
function headerFields(entry: ZipEntry, claims: ZipClaims = {}): [Buffer, Buffer] {
  const { data, crc = crc32(data), size = data.length } = entry;
  const name = claims.name ?? entry.name;
  const label = typeof name === 'string' ? Buffer.from(name) : name;
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(claims.flags ?? entry.flags ?? 0, 2);
  fields.writeUInt16LE(claims.method ?? entry.method ?? 0, 4);
  fields.writeUInt32LE(claims.crc ?? crc, 10);
  fields.writeUInt32LE(claims.packed ?? data.length, 14);
  fields.writeUInt32LE(claims.size ?? size, 18);
  fields.writeUInt16LE(label.length, 22);
  return [fields, label];
}

/** An end-of-central-directory record. */
export function endRecord(
  count: number,
  size: number,
  offset: number,
  comment: Buffer = Buffer.alloc(0),
): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count % 65_536, 8);
  end.writeUInt16LE(count % 65_536, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([end, comment]);
}

/** A zip64 end record and its locator, which stand before the ordinary end record. */
export function zip64Ending(count: number, size: number, offset: number, at: number): Buffer {
  const record = Buffer.alloc(76);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(45, 14);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(size), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  record.writeUInt32LE(0x07064b50, 56);
  record.writeBigUInt64LE(BigInt(at), 64);
  record.writeUInt32LE(1, 72);
  return record;
}

/** A data descriptor with sizes of 4 or 8 bytes. */
export function descriptor(
  { crc, packed, size }: { readonly crc: number; readonly packed: number; readonly size: number },
  { signed = true, wide = false }: { readonly signed?: boolean; readonly wide?: boolean } = {},
): Buffer {
  const bytes = Buffer.alloc(wide ? 20 : 12);
  bytes.writeUInt32LE(crc, 0);
  if (wide) {
    bytes.writeBigUInt64LE(BigInt(packed), 4);
    bytes.writeBigUInt64LE(BigInt(size), 12);
  } else {
    bytes.writeUInt32LE(packed, 4);
    bytes.writeUInt32LE(size, 8);
  }
  return signed ? Buffer.concat([Buffer.from('PK\x07\x08'), bytes]) : bytes;
}
