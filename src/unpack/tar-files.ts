import { TAR_BLOCK } from '../bytes/index.ts';
import type { ByteReader } from './byte-reader.ts';
import type { FormatSink } from './format.ts';
import { handOnAttributes, type Extension } from './tar-extension.ts';
import type { TarHeader } from './tar-header.ts';
import {
  expand,
  HolesTooLarge,
  leadingMap,
  oldGnuMap,
  paxMap,
  type HoleBudget,
  type SparseMap,
} from './tar-sparse.ts';
import type { TarVolumes } from './tar-volumes.ts';
import { Damaged } from './trouble.ts';

/** Where a stream's length is unknown, a member is believed to store this many bytes before they have come. */
const BELIEVED_BYTES = 16 * 1024 * 1024;

/** The archive ends in the middle: nothing can be read on. */
export class CutOff extends Damaged {}

interface Sparse {
  readonly map: SparseMap;
  /** Of the stored bytes that the map describes. */
  readonly end: number;
}

/** Hands on the files of one tar archive, those with holes too. */
export class TarFiles {
  readonly #reader: ByteReader;
  readonly #sink: FormatSink;
  readonly #holes: HoleBudget;
  readonly #size: number | null;
  readonly #volumes: TarVolumes | null;

  /** `size` of the archive in bytes; null for a stream. */
  constructor(
    reader: ByteReader,
    sink: FormatSink,
    { holes, size, volumes = null }: { holes: HoleBudget; size: number | null; volumes?: TarVolumes | null },
  ) {
    this.#reader = reader;
    this.#sink = sink;
    this.#holes = holes;
    this.#size = size;
    this.#volumes = volumes;
  }

  /** The file at the reader's place, as its header and its records describe it. */
  async file(name: Buffer, size: number, header: TarHeader, extension: Extension): Promise<void> {
    await this.handOn(name, size, async () => {
      if (header.type !== 'S') return this.#paxSparse(name, extension, size);
      const map = await oldGnuMap(header.block, this.#reader);
      return { map, end: this.#reader.position + size };
    });
  }

  /** One file of `size` stored bytes. What is wrong with its map is its own gap; the next member follows. */
  async handOn(name: Buffer, size: number, sparse?: () => Promise<Sparse | null>): Promise<void> {
    let end = this.#reader.position + size;
    const found = await this.#sound(name, async () => (await sparse?.()) ?? null);
    if (found !== null) end = found.end;
    this.#volumes?.enter({ name, realSize: found?.map.size ?? size, end });
    // Without its map, what is stored is examined as it lies there.
    await this.#sound(name, () =>
      this.#content(name, Math.max(0, end - this.#reader.position), found?.map ?? null),
    );
    const left = Math.max(0, end - this.#reader.position);
    if ((await this.#reader.skip(left)) < left) throw new CutOff('cut off in a member', { member: name });
    await this.pad(size);
    if (this.#volumes !== null) await handOnAttributes(this.#volumes.leave(), name, this.#sink);
  }

  async #paxSparse(name: Buffer, extension: Extension, size: number): Promise<Sparse | null> {
    const end = this.#reader.position + size;
    if (extension.value('GNU.sparse.major')?.toString() === '1') {
      const realSize = extension.number('GNU.sparse.realsize');
      if (realSize === null) throw new Damaged('a sparse file without its size');
      this.#volumes?.enter({ name, realSize: null, end });
      return { map: await leadingMap(this.#reader, realSize, size), end };
    }
    const map = paxMap(extension.own);
    return map === null ? null : { map, end };
  }

  /** What is wrong with one file is its own gap; only what ends the archive is thrown. */
  async #sound<Result>(name: Buffer, work: () => Promise<Result>): Promise<Result | null> {
    try {
      return await work();
    } catch (error) {
      const ownGap =
        (error instanceof Damaged && !(error instanceof CutOff)) || error instanceof HolesTooLarge;
      if (!ownGap) throw error;
      this.#sink.gap(error.reason, error.message, { member: name, bytes: error.bytes });
      return null;
    }
  }

  async #content(name: Buffer, stored: number, map: SparseMap | null): Promise<void> {
    const { position } = this.#reader;
    const there = Math.min(stored, this.#size === null ? BELIEVED_BYTES : this.#size - position);
    const holes = { budget: this.#holes, stored: position + there };
    const read = (length: number): AsyncGenerator<Buffer, void, undefined> => this.#data(name, length);
    const content = map === null ? read(stored) : expand(map, stored, holes, read);
    await this.#sink.member({ name, size: map?.size ?? stored, content });
    await content.return();
  }

  async *#data(name: Buffer, length: number): AsyncGenerator<Buffer, void, undefined> {
    for (let left = length; left > 0;) {
      const part = await this.#reader.next(left);
      if (part === null)
        throw new CutOff(`cut off: ${left} bytes of a member are missing`, { member: name, bytes: left });
      left -= part.length;
      yield part;
    }
  }

  /** Passes over what fills the last block of `size` bytes. */
  async pad(size: number): Promise<void> {
    const padding = (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
    if ((await this.#reader.skip(padding)) < padding) throw new CutOff('cut off after a member');
  }
}
