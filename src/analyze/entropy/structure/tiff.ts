import { inflateSync } from 'node:zlib';
import type { ByteSource } from '../../../bytes/index.ts';
import { jpeg } from './jpeg.ts';
import { tiffLength } from './lzw.ts';
import { Walker, type Shape } from './walk.ts';

/** Pictures of one file that are looked at; a book has hundreds. */
const MOST_DIRECTORIES = 64;
/** TIFF 6.0 has 80 tags, other lists name some hundred more. */
const MOST_ENTRIES = 1024;
/** In bytes: strips of the whole file that are decoded; of more, every second, third … one. */
const MOST_DECODED = 32 * 1024 * 1024;
/** In bytes, of one strip, packed and plain. A larger one is a bomb, or a format for machines. */
const MOST_STRIP = 16 * 1024 * 1024;
const MOST_OUT = 64 * 1024 * 1024;

/** TIFF 6.0, section 8, and Technical Note 2 (7, 8). */
const NONE = 1;
const LZW = 5;
const JPEG = 7;
const PACKBITS = 32_773;
const DEFLATE: ReadonlySet<number> = new Set([8, 32_946]);
const YCBCR = 6;

/** Bytes of a value by its type (section 2, and 16 to 18 of BigTIFF). */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];

/** Says what is wrong by its shape; caught in `tiff`. */
class Broken extends Error {}

/**
 * Whether the strips and tiles of a TIFF file decode to as many bytes as its directory says. `bare`: they are not compressed.
 * null: by means that nobody here decodes (fax, JPEG of old), or BigTIFF.
 */
export async function tiff(source: ByteSource): Promise<Shape | null> {
  const file = new TiffFile(source);
  try {
    const directories = await file.directories();
    if (directories === null) return null;
    return await allOf(file, directories);
  } catch (error) {
    if (error instanceof Broken) return 'broken';
    throw error;
  }
}

type Directory = ReadonlyMap<number, readonly number[]>;

class TiffFile {
  readonly #source: ByteSource;
  #little = true;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#source.size;
  }

  async read(at: number, length: number): Promise<Buffer> {
    if (at + length > this.size) throw new Broken();
    const bytes = Buffer.alloc(length);
    if ((await this.#source.readAt(bytes, at)) < length) throw new Broken();
    return bytes;
  }

  number(bytes: Buffer, at: number, size: number): number {
    return this.#little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  }

  /** null: BigTIFF. */
  async directories(): Promise<readonly Directory[] | null> {
    const head = await this.read(0, 8);
    this.#little = head[0] === 0x49;
    if (this.number(head, 2, 2) !== 42) return null;
    const found: Directory[] = [];
    const seen = new Set<number>();
    for (let at = this.number(head, 4, 4); at !== 0 && found.length < MOST_DIRECTORIES;) {
      if (seen.has(at)) throw new Broken();
      seen.add(at);
      const count = this.number(await this.read(at, 2), 0, 2);
      if (count === 0 || count > MOST_ENTRIES) throw new Broken();
      const entries = await this.read(at + 2, 12 * count + 4);
      found.push(await this.#directory(entries, count));
      at = this.number(entries, 12 * count, 4);
    }
    if (found.length === 0) throw new Broken();
    return found;
  }

  async #directory(entries: Buffer, count: number): Promise<Directory> {
    const values = new Map<number, readonly number[]>();
    for (let entry = 0; entry < count; entry++) {
      const at = 12 * entry;
      const tag = this.number(entries, at, 2);
      const type = this.number(entries, at + 2, 2);
      const length = this.number(entries, at + 4, 4);
      if (type === 0 || type > 18) throw new Broken();
      if (!WANTED.has(tag)) continue;
      const size = TYPE_BYTES[type] ?? 0;
      if (size === 0 || size > 4 || length * size > MOST_STRIP) throw new Broken();
      const bytes =
        length * size <= 4
          ? entries.subarray(at + 8, at + 12)
          : await this.read(this.number(entries, at + 8, 4), length * size);
      values.set(
        tag,
        Array.from({ length }, (_, index) => this.number(bytes, index * size, size)),
      );
    }
    return values;
  }
}

const WIDTH = 256;
const HEIGHT = 257;
const SAMPLE_BITS = 258;
const COMPRESSION = 259;
const COLOURS = 262;
const STRIPS = 273;
const SAMPLES = 277;
const STRIP_ROWS = 278;
const STRIP_LENGTHS = 279;
const PLANES = 284;
const TILE_WIDTH = 322;
const TILE_HEIGHT = 323;
const TILES = 324;
const TILE_LENGTHS = 325;
const SUBSAMPLING = 530;
const WANTED: ReadonlySet<number> = new Set([
  WIDTH,
  HEIGHT,
  SAMPLE_BITS,
  COMPRESSION,
  COLOURS,
  STRIPS,
  SAMPLES,
  STRIP_ROWS,
  STRIP_LENGTHS,
  PLANES,
  TILE_WIDTH,
  TILE_HEIGHT,
  TILES,
  TILE_LENGTHS,
  SUBSAMPLING,
]);

/** A strip or a tile. */
interface Piece {
  readonly at: number;
  readonly length: number;
  readonly compression: number;
  /** Bytes that it stands for. */
  readonly plain: number;
}

async function allOf(file: TiffFile, directories: readonly Directory[]): Promise<Shape | null> {
  const pieces = directories.flatMap(piecesOf);
  if (pieces.length === 0) return null;
  if (pieces.some(({ at, length }) => at + length > file.size)) return 'cut';
  if (pieces.every(({ compression }) => compression === NONE)) return 'bare';
  const packed = pieces.reduce((sum, { length }) => sum + length, 0);
  const step = Math.max(1, Math.ceil(packed / MOST_DECODED));
  let all = true;
  for (let index = 0; index < pieces.length; index += step) {
    const piece = pieces[index];
    if (piece === undefined) break;
    const holds = piece.length > MOST_STRIP ? null : decodes(await file.read(piece.at, piece.length), piece);
    if (holds === false) return 'broken';
    all &&= holds === true;
  }
  return all ? 'holds' : null;
}

function piecesOf(directory: Directory): Piece[] {
  const one = (tag: number, otherwise: number): number => directory.get(tag)?.[0] ?? otherwise;
  const isTiled = directory.has(TILES);
  const offsets = directory.get(isTiled ? TILES : STRIPS) ?? [];
  const lengths = directory.get(isTiled ? TILE_LENGTHS : STRIP_LENGTHS) ?? [];
  if (lengths.length < offsets.length) throw new Broken();
  const height = one(HEIGHT, 0);
  const width = isTiled ? one(TILE_WIDTH, 0) : one(WIDTH, 0);
  const rows = isTiled ? one(TILE_HEIGHT, 0) : Math.min(one(STRIP_ROWS, height), height);
  const apart = one(PLANES, 1) === 2;
  const samples = one(SAMPLES, 1);
  const bits = one(SAMPLE_BITS, 1) * (apart ? 1 : samples);
  const perPlane = apart ? Math.max(1, offsets.length / samples) : offsets.length;
  const [across = 2, down = 2] = directory.get(SUBSAMPLING) ?? [];
  // Section 21: one pair of colours for so many points of brightness.
  const isShared = one(COLOURS, 0) === YCBCR && samples === 3 && !apart;
  const plain = (lines: number): number =>
    isShared
      ? Math.ceil(lines / down) * Math.ceil(width / across) * (across * down + 2)
      : lines * Math.ceil((width * bits) / 8);
  return offsets.map((at, index) => {
    const last = !isTiled && index % perPlane === perPlane - 1;
    const here = last ? height - rows * (perPlane - 1) : rows;
    return {
      at,
      length: lengths[index] ?? 0,
      compression: one(COMPRESSION, NONE),
      plain: plain(here),
    };
  });
}

/** null: nobody here decodes that. */
function decodes(bytes: Buffer, { compression, plain }: Piece): boolean | null {
  if (compression === JPEG) {
    const walker = new Walker(jpeg());
    walker.add(bytes);
    return walker.close() === 'holds';
  }
  if (plain > MOST_OUT) return null;
  if (compression === LZW) {
    // LZW of old, the lowest bits first.
    if (bytes[0] === 0 && ((bytes[1] ?? 0) & 1) === 1) return null;
    return tiffLength(bytes, plain) >= plain;
  }
  if (compression === PACKBITS) return packBitsLength(bytes) === plain;
  if (DEFLATE.has(compression)) return inflatedLength(bytes, plain) >= plain;
  return null;
}

function inflatedLength(bytes: Buffer, most: number): number {
  try {
    return inflateSync(bytes, { maxOutputLength: most + 1 }).length;
  } catch {
    // No stream, or another length: nothing is lost but the proof.
    return -1;
  }
}

/** Section 9. */
function packBitsLength(bytes: Buffer): number {
  let out = 0;
  for (let at = 0; at < bytes.length;) {
    const count = bytes.readInt8(at);
    if (count >= 0) {
      at += count + 2;
      if (at > bytes.length) return -1;
      out += count + 1;
    } else {
      at += count === -128 ? 1 : 2;
      if (count !== -128) out += 1 - count;
    }
  }
  return out;
}
