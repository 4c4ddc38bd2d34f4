import { deflateSync } from 'node:zlib';

/** How R packs an object: by zlib without a letter, or behind one. `0`: as it is. */
export type Packing = '' | 'Z' | '2' | '0';

export interface RRecord {
  readonly object: Buffer;
  /** Of zlib where nothing is said. */
  readonly packing?: Packing;
  /** What `object` is when it is packed; of zlib and of what is not packed, it is made here. */
  readonly packed?: Buffer;
}

/** An object as R writes it: format, its version, those of R, then these bytes as a raw vector. */
export function rObject(content: Buffer): Buffer {
  const head = Buffer.from('X\n............................', 'latin1').subarray(0, 22);
  head.writeUInt32BE(2, 2);
  head.writeUInt32BE(0x00_04_02_02, 6);
  head.writeUInt32BE(0x00_02_03_00, 10);
  head.writeUInt32BE(24, 14);
  head.writeUInt32BE(content.length, 18);
  return Buffer.concat([head, content]);
}

/** The records of a `.rdb`, one after another. */
export function rDatabaseBytes(records: readonly RRecord[]): Buffer {
  return Buffer.concat(
    records.flatMap(({ object, packing = '', packed }) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(object.length);
      return [length, Buffer.from(packing), packed ?? (packing === '0' ? object : deflateSync(object))];
    }),
  );
}
