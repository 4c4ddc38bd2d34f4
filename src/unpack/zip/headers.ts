/** Signatures of APPNOTE 6.3.10, section 4.3 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT). */
export const SIGNATURE = {
  local: 0x04034b50,
  central: 0x02014b50,
  /** Of a data descriptor; at the very beginning, of a split archive. */
  descriptor: 0x08074b50,
  /** At the very beginning: meant to be split, but one part was enough. */
  unsplit: 0x30304b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
  digital: 0x05054b50,
} as const;

export const LOCAL_BYTES = 30;
export const CENTRAL_BYTES = 46;
const ALL_ONES = 0xffffffff;
const EXTRA = { zip64: 0x0001, aes: 0x9901 } as const;
const METHOD_AES = 99;
const FLAG = { encrypted: 1, end_mark: 2, descriptor: 8, strong: 0x40, masked: 0x2000 } as const;

/** What says how the bytes of a member are to be read. */
export interface Reading {
  readonly encrypted: boolean;
  /** Strong encryption of PKWARE. */
  readonly strong: boolean;
  /** Of WinZip's encryption: key length in bytes; null: it is not that. */
  readonly aesKeyBytes: 16 | 24 | 32 | null;
  /** Of compression, also behind WinZip's encryption. */
  readonly method: number;
  /** Bytes in the archive. */
  readonly packed: number;
  /** Bytes of content. */
  readonly size: number;
  /** null: not told (AE-2). */
  readonly crc: number | null;
  /** The last byte of ZipCrypto's header is one of these: of the check sum, or of the time. */
  readonly checkBytes: readonly [number, number];
  /** LZMA: its end is marked in the data. */
  readonly endMark: boolean;
}

interface Header {
  readonly name: Buffer;
  readonly reading: Reading;
  /** Sizes and check sum stand behind the data. */
  readonly descriptor: boolean;
  /** The directory is encrypted, and what stands here is masked. */
  readonly masked: boolean;
}

export interface LocalHeader extends Header {
  /** Of header, name and extra fields. */
  readonly bytes: number;
  /** Neither sizes nor check sum are told. */
  readonly untold: boolean;
  /** Sizes have 8 bytes in the descriptor. */
  readonly wide: boolean;
}

export interface CentralHeader extends Header {
  readonly bytes: number;
  /** Of the local header, counted from wherever the archive begins. */
  readonly offset: number;
  readonly disk: number;
  readonly madeBy: number;
  readonly attributes: number;
}

/** null: the bytes are no local header, or its name is cut off. Takes what there is of the extra fields. */
export function parseLocal(block: Buffer): LocalHeader | null {
  if (block.length < LOCAL_BYTES || block.readUInt32LE(0) !== SIGNATURE.local) return null;
  const nameEnd = LOCAL_BYTES + block.readUInt16LE(26);
  const bytes = nameEnd + block.readUInt16LE(28);
  if (block.length < nameEnd) return null;
  const extra = block.subarray(nameEnd, bytes);
  const flags = block.readUInt16LE(6);
  const packed32 = block.readUInt32LE(18);
  const size32 = block.readUInt32LE(22);
  const crc = block.readUInt32LE(14);
  const zip64 = packed32 === ALL_ONES || size32 === ALL_ONES ? extraField(extra, EXTRA.zip64) : null;
  const wide = new Wide(zip64);
  const size = size32 === ALL_ONES ? wide.next(size32) : size32;
  const packed = packed32 === ALL_ONES ? wide.next(packed32) : packed32;
  return {
    name: Buffer.from(block.subarray(LOCAL_BYTES, nameEnd)),
    bytes,
    untold: crc === 0 && (packed === 0 || packed === ALL_ONES) && (size === 0 || size === ALL_ONES),
    wide: zip64 !== null,
    descriptor: (flags & FLAG.descriptor) !== 0,
    masked: (flags & FLAG.masked) !== 0,
    reading: reading(flags, block.readUInt16LE(8), block.readUInt16LE(10), extra, { crc, packed, size }),
  };
}

/** null: no entry of a directory, or cut off. */
export function parseCentral(block: Buffer): CentralHeader | null {
  const bytes = centralLength(block);
  if (bytes === null || block.length < bytes) return null;
  const nameEnd = CENTRAL_BYTES + block.readUInt16LE(28);
  const extra = block.subarray(nameEnd, nameEnd + block.readUInt16LE(30));
  const flags = block.readUInt16LE(8);
  const wide = new Wide(extra.length < 4 ? null : extraField(extra, EXTRA.zip64));
  const size32 = block.readUInt32LE(24);
  const packed32 = block.readUInt32LE(20);
  const offset32 = block.readUInt32LE(42);
  const size = size32 === ALL_ONES ? wide.next(size32) : size32;
  const packed = packed32 === ALL_ONES ? wide.next(packed32) : packed32;
  const offset = offset32 === ALL_ONES ? wide.next(offset32) : offset32;
  const crc = block.readUInt32LE(16);
  return {
    name: Buffer.from(block.subarray(CENTRAL_BYTES, nameEnd)),
    bytes,
    descriptor: (flags & FLAG.descriptor) !== 0,
    masked: (flags & FLAG.masked) !== 0,
    offset,
    disk: block.readUInt16LE(34),
    madeBy: block.readUInt16LE(4),
    attributes: block.readUInt32LE(38),
    reading: reading(flags, block.readUInt16LE(10), block.readUInt16LE(12), extra, { crc, packed, size }),
  };
}

/** How long the entry of a directory is that begins here; null: none does. */
export function centralLength(block: Buffer): number | null {
  if (block.length < CENTRAL_BYTES || block.readUInt32LE(0) !== SIGNATURE.central) return null;
  return CENTRAL_BYTES + block.readUInt16LE(28) + block.readUInt16LE(30) + block.readUInt16LE(32);
}

function reading(
  flags: number,
  method: number,
  time: number,
  extra: Buffer,
  { crc, packed, size }: { readonly crc: number; readonly packed: number; readonly size: number },
): Reading {
  const encrypted = (flags & FLAG.encrypted) !== 0;
  const aes = method === METHOD_AES ? extraField(extra, EXTRA.aes) : null;
  const known = aes !== null && aes.length >= 7 ? aes : null;
  return {
    encrypted,
    strong: encrypted && (flags & (FLAG.strong | FLAG.masked)) !== 0,
    aesKeyBytes: known === null ? null : (([16, 24, 32] as const)[known.readUInt8(4) - 1] ?? null),
    method: known === null ? method : known.readUInt16LE(5),
    packed,
    size,
    crc: known?.readUInt16LE(0) === 2 ? null : crc,
    checkBytes: [crc >>> 24, time >>> 8],
    endMark: (flags & FLAG.end_mark) !== 0,
  };
}

/** The data of the first extra field with this number. */
function extraField(extra: Buffer, wanted: number): Buffer | null {
  for (let at = 0; at + 4 <= extra.length;) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === wanted) return extra.subarray(at + 4, end);
    at = end;
  }
  return null;
}

/** The values of a zip64 field: only those that did not fit into 32 bits, in their order. */
class Wide {
  readonly #field: Buffer | null;
  #at = 0;

  constructor(field: Buffer | null) {
    this.#field = field;
  }

  next(otherwise: number): number {
    const at = this.#at;
    if (this.#field === null || at + 8 > this.#field.length) return otherwise;
    this.#at += 8;
    return Number(this.#field.readBigUInt64LE(at));
  }
}
