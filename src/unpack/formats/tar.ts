import { ByteReader } from '../byte-reader.ts';
import type { Format, FormatSink } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import { BLOCK, isHeader, parseHeader, parsePax, type TarHeader } from '../tar-header.ts';
import { expand, leadingMap, oldGnuMap, paxMap, type SparseMap } from '../tar-sparse.ts';
import { Damaged } from '../trouble.ts';

/** Long names and pax headers are read whole: names have at most 64 KiB in practice. */
const MAX_EXTENSION_BYTES = 1024 * 1024;

// tar-stream reads GNU sparse files as stored bytes, makes one text of different names in bytes, and keeps the chunks
// it is given; the format is small, so it is read here.
export const tar: Format = {
  id: 'tar',
  access: 'stream',
  // Nothing is compressed in it: only the holes of sparse files come out larger.
  sparse: true,
  doc: {
    name: 'tar',
    description: 'v7, ustar, pax and GNU archives with long names and sparse files.',
    references: [
      'POSIX pax: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html',
      'GNU tar internals: https://www.gnu.org/software/tar/manual/html_node/Tar-Internals.html',
    ],
    limitations: ['Multi-volume members are examined part by part'],
  },
  async unpack(container, sink) {
    await new TarReader(new ByteReader(container.stream), sink).run();
  },
};

/** What extension headers say of the next member. */
interface Extension {
  name?: Buffer;
  linkName?: Buffer;
  pax: [string, Buffer][];
}

class TarReader {
  readonly #reader: ByteReader;
  readonly #sink: FormatSink;
  #extension: Extension = { pax: [] };
  /** Bytes that were passed over in search of the next header. */
  #lost = 0;

  constructor(reader: ByteReader, sink: FormatSink) {
    this.#reader = reader;
    this.#sink = sink;
  }

  async run(): Promise<void> {
    const reader = this.#reader;
    for (let first = true; ; first = false) {
      const block = await reader.exactly(BLOCK);
      if (block.length === 0) throw new Damaged('ends without its end mark: cut off between two members');
      if (block.length < BLOCK) throw new Damaged('cut off in a header');
      if (isHeader(block)) await this.#entry(parseHeader(block));
      else if (isZero(block)) break;
      else if (first) throw new Damaged('no tar header');
      else this.#lost += BLOCK;
    }
    if (await reader.skipZeros())
      await this.#sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
    if (this.#lost > 0)
      throw new Damaged(`${this.#lost} bytes stand where a header should be`, { bytes: this.#lost });
  }

  async #entry(header: TarHeader): Promise<void> {
    switch (header.type) {
      case 'L':
        this.#extension.name = withoutNul(await this.#extensionData(header.size));
        return;
      case 'K':
        this.#extension.linkName = withoutNul(await this.#extensionData(header.size));
        return;
      case 'x':
      case 'X':
        this.#extension.pax = parsePax(await this.#extensionData(header.size));
        return;
      case 'g':
        await this.#extensionData(header.size);
        return;
      default:
        await this.#named(header, this.#takeExtension());
    }
  }

  #takeExtension(): Extension {
    const extension = this.#extension;
    this.#extension = { pax: [] };
    return extension;
  }

  async #extensionData(size: number): Promise<Buffer> {
    if (size > MAX_EXTENSION_BYTES) throw new Damaged(`an extension header of ${size} bytes`);
    const data = await this.#reader.exactly(size);
    if (data.length < size) throw new Damaged('cut off in an extension header');
    await this.#pad(size);
    return data;
  }

  async #named(header: TarHeader, { name: longName, linkName, pax }: Extension): Promise<void> {
    const value = (key: string): Buffer | undefined => pax.findLast(([k]) => k === key)?.[1];
    const name = value('GNU.sparse.name') ?? value('path') ?? longName ?? header.name;
    const target = value('linkpath') ?? linkName ?? header.linkName;
    const size = decimal(value('size')) ?? header.size;
    switch (header.type) {
      case '1':
      case '2':
        this.#sink.link(header.type === '1' ? 'hard' : 'symbolic', name, target);
        await this.#unexpectedData(name, size);
        return;
      case '3':
      case '4':
      case '6':
        this.#sink.device(name);
        await this.#unexpectedData(name, size);
        return;
      case '5':
        await this.#unexpectedData(name, size);
        return;
      case 'V':
        return;
      case 'S': {
        const map = await oldGnuMap(header.block, this.#reader);
        await this.#file(name, size, { map, stored: size });
        return;
      }
      default:
        if (header.type === '0' && size === 0 && name.at(-1) === 0x2f) return;
        await this.#file(name, size, await this.#paxSparse(pax, size));
    }
  }

  async #paxSparse(
    pax: [string, Buffer][],
    size: number,
  ): Promise<{ map: SparseMap; stored: number } | null> {
    const value = (key: string): string | undefined => pax.findLast(([k]) => k === key)?.[1].toString();
    if (value('GNU.sparse.major') === '1') {
      const realSize = Number(value('GNU.sparse.realsize') ?? Number.NaN);
      if (!Number.isSafeInteger(realSize)) throw new Damaged('a sparse file without its size');
      const { map, bytes } = await leadingMap(this.#reader, realSize);
      return { map, stored: size - bytes };
    }
    const map = paxMap(pax);
    return map === null ? null : { map, stored: size };
  }

  /** Programs disagree whether links, devices and folders may have content: what does not look like a header is content. */
  async #unexpectedData(name: Buffer, size: number): Promise<void> {
    if (size === 0) return;
    const next = await this.#reader.peek(BLOCK);
    if (next.length === 0 || isHeader(next) || isZero(next)) return;
    await this.#file(name, size, null);
  }

  async #file(name: Buffer, size: number, sparse: { map: SparseMap; stored: number } | null): Promise<void> {
    const stored = sparse?.stored ?? size;
    const end = this.#reader.position + stored;
    const read = (length: number): AsyncGenerator<Buffer, void, undefined> => this.#data(name, length);
    const content = sparse === null ? read(stored) : expand(sparse.map, stored, read);
    await this.#sink.member({ name, size: sparse?.map.size ?? size, content });
    await content.return();
    const left = end - this.#reader.position;
    if ((await this.#reader.skip(left)) < left) throw new Damaged('cut off in a member', { member: name });
    await this.#pad(stored);
  }

  async *#data(name: Buffer, length: number): AsyncGenerator<Buffer, void, undefined> {
    for (let left = length; left > 0;) {
      const part = await this.#reader.next(left);
      if (part === null)
        throw new Damaged(`cut off: ${left} bytes of a member are missing`, { member: name, bytes: left });
      left -= part.length;
      yield part;
    }
  }

  async #pad(size: number): Promise<void> {
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if ((await this.#reader.skip(padding)) < padding) throw new Damaged('cut off after a member');
  }
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function withoutNul(data: Buffer): Buffer {
  const end = data.indexOf(0);
  return end < 0 ? data : data.subarray(0, end);
}

function decimal(value: Buffer | undefined): number | null {
  if (value === undefined) return null;
  const size = Number(value.toString());
  if (!/^[0-9]{1,16}$/.test(value.toString()) || !Number.isSafeInteger(size))
    throw new Damaged('a pax size is malformed');
  return size;
}
