import { isTarHeader, JoinedSource, nameFromBytes, TAR_BLOCK, type ByteSource } from '../../bytes/index.ts';
import { ByteReader } from '../byte-reader.ts';
import type { Unpacker, FormatSink } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import { Extensions, handOnAttributes, parsePax, type Extension, type PaxRecord } from '../tar-extension.ts';
import { number, parseHeader, type TarHeader } from '../tar-header.ts';
import { CutOff, TarFiles } from '../tar-files.ts';
import { HoleBudget } from '../tar-sparse.ts';
import { volumeHead } from '../tar-volume-head.ts';
import { TarVolumes } from '../tar-volumes.ts';
import { Damaged } from '../trouble.ts';

/** Long names and pax headers are read whole: names have at most 64 KiB in practice, attributes as much each. */
const MAX_EXTENSION_BYTES = 1024 * 1024;
/** What records are shown under that belong to no single member. */
const NO_MEMBER = Buffer.from('(no member)');
const WHOLE_ARCHIVE = Buffer.from('(the whole archive)');
/** The largest size in an octal field: for larger ones the header says something else than the pax record. */
const MAX_OCTAL_SIZE = 0o77777777777;

// tar-stream reads GNU sparse files as stored bytes, makes one text of different names in bytes, and keeps the chunks
// it is given; the format is small, so it is read here.
export const unpacker: Unpacker = {
  doc: {
    name: 'tar',
    description:
      'v7, ustar, pax and GNU archives with long names, sparse files, extended attributes and several archives one after another; also the volumes of GNU tar (`-M`) that lie together.',
    recognised: '`ustar` at 257, or the check sum of the first header.',
    limits: [
      'Holes of sparse files: at most 1 GiB, or `--max-ratio` times the bytes stored, in one archive; larger ones are shortened, which is a gap.',
      'Extension headers of up to 1 MiB.',
    ],
    references: [
      'POSIX pax: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html',
      'GNU tar internals: https://www.gnu.org/software/tar/manual/html_node/Tar-Internals.html',
    ],
    limitations: [
      'A volume without the others is a gap; what is of a file in it is examined',
      'Volumes whose names are not counted (`monday.tar`, `tuesday.tar`), or that were compressed one by one, are not put together: each is a gap',
    ],
  },
  async unpack(container, sink, { budget }) {
    const holes = new HoleBudget(budget.limits.max_ratio);
    const { source, size, stream } = container;
    if (source instanceof JoinedSource && (await areVolumes(source))) {
      await unpackVolumes(source, sink, holes);
      return;
    }
    const reader = new ByteReader(stream);
    await new TarReader(reader, sink, new TarFiles(reader, sink, { holes, size })).run();
  },
};

/** Otherwise they are pieces of one that was split. */
async function areVolumes({ parts }: JoinedSource): Promise<boolean> {
  for (const part of parts.slice(1)) {
    if ((await volumeHead(part)).continued !== null) return true;
  }
  return false;
}

/** One archive in volumes. Where one does not go on with what the one before ends in, that is a gap, and it is read by itself. */
async function unpackVolumes(whole: JoinedSource, sink: FormatSink, holes: HoleBudget): Promise<void> {
  const { parts, size } = whole;
  for (let from = 0; from < parts.length;) {
    const part = parts[from];
    if (part !== undefined && from > 0 && !(await volumeHead(part)).isTar) {
      await handOnVolume(part, ++from, sink);
      continue;
    }
    const volumes = new TarVolumes(parts, from);
    const reader = new ByteReader(volumes.chunks());
    try {
      await new TarReader(reader, sink, new TarFiles(reader, sink, { holes, size, volumes })).run();
      return;
    } catch (error) {
      const { broken } = volumes;
      if (broken === null || !(error instanceof CutOff)) throw error;
      sink.gap('corrupt', broken.detail, { bytes: error.bytes });
      from = broken.volume;
    }
  }
}

async function handOnVolume(volume: ByteSource, place: number, sink: FormatSink): Promise<void> {
  await sink.member({
    name: `(volume ${place})`,
    size: volume.size,
    content: volume.stream(),
    source: volume,
  });
}

class TarReader {
  readonly #reader: ByteReader;
  readonly #sink: FormatSink;
  readonly #files: TarFiles;
  readonly #extensions = new Extensions();
  /** Bytes that stood where a header should be. */
  #lost = 0;

  constructor(reader: ByteReader, sink: FormatSink, files: TarFiles) {
    this.#reader = reader;
    this.#sink = sink;
    this.#files = files;
  }

  async run(): Promise<void> {
    const reader = this.#reader;
    for (let first = true; ; first = false) {
      const block = await reader.peek(TAR_BLOCK);
      if (block.length === 0) {
        if (this.#lost > 0) break;
        throw new CutOff('ends without its end mark: cut off between two members');
      }
      if (block.length === TAR_BLOCK && isZero(block)) {
        if (!(await this.#nextArchive())) break;
      } else if (isTarHeader(block)) await this.#entry(await reader.exactly(TAR_BLOCK));
      else if (first) throw new Damaged('no tar header');
      else await this.#lostBytes();
    }
    if (this.#lost === 0) return;
    throw new Damaged(`${this.#lost} bytes stand where a header should be`, { bytes: this.#lost });
  }

  /** Past the end mark: archives that were joined (`tar -A`, `cat`) go on; anything else is one member. */
  async #nextArchive(): Promise<boolean> {
    const reader = this.#reader;
    await handOnAttributes(this.#extensions.take().own, NO_MEMBER, this.#sink);
    if (!(await reader.skipZeros())) return false;
    if (reader.position % TAR_BLOCK === 0 && isTarHeader(await reader.peek(TAR_BLOCK))) {
      this.#sink.measure('archives_joined', 1);
      return true;
    }
    await this.#sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
    return false;
  }

  /** What is no header is examined like a member, up to the next header. */
  async #lostBytes(): Promise<void> {
    const reader = this.#reader;
    const from = reader.position;
    const content = this.#untilHeader();
    await this.#sink.member({ name: `(bytes from ${from}, where a header should be)`, size: null, content });
    for await (const _ of content);
    this.#lost += reader.position - from;
  }

  async *#untilHeader(): AsyncGenerator<Buffer, void, undefined> {
    do {
      const part = await this.#reader.exactly(TAR_BLOCK);
      if (part.length > 0) yield part;
      // Zero blocks are no end here: they may be the content of a member whose header is lost.
      if (part.length < TAR_BLOCK) return;
    } while (!isTarHeader(await this.#reader.peek(TAR_BLOCK)));
  }

  async #entry(block: Buffer): Promise<void> {
    const header = this.#sound(() => parseHeader(block), 'a header');
    if (header === null) {
      this.#lost += TAR_BLOCK;
      return;
    }
    switch (header.type) {
      case 'L':
        await this.#extension(header, (data) => this.#extensions.longName(data));
        return;
      case 'K':
        await this.#extension(header, (data) => this.#extensions.longLink(data));
        return;
      case 'x':
      case 'X':
        await this.#extension(header, (data) => this.#own(parsePax(data)));
        return;
      case 'g':
        await this.#extension(header, (data) => this.#global(parsePax(data)));
        return;
      default:
        await this.#named(header, this.#extensions.take());
    }
  }

  async #own(records: readonly PaxRecord[]): Promise<void> {
    if (this.#extensions.own(records)) return;
    this.#sink.gap('budget_exceeded', 'more than 1 MiB of records before one member: the rest is ignored');
    await handOnAttributes(records, NO_MEMBER, this.#sink);
  }

  async #global(records: readonly PaxRecord[]): Promise<void> {
    await handOnAttributes(records, WHOLE_ARCHIVE, this.#sink);
    if (this.#extensions.global(records)) return;
    const detail = 'more than 1 MiB of records for the whole archive: those that follow are ignored';
    this.#sink.gap('budget_exceeded', detail);
  }

  /** Data of an extension header; what is wrong with it ends nothing, as the member after it has a header of its own. */
  async #extension({ size, name }: TarHeader, use: (data: Buffer) => Promise<void> | void): Promise<void> {
    if (size > MAX_EXTENSION_BYTES) {
      const detail = `an extension header of ${size} bytes; at most ${MAX_EXTENSION_BYTES} are read`;
      this.#sink.gap('budget_exceeded', detail, { member: name, bytes: size });
      await this.#files.handOn(name, size);
      return;
    }
    const data = await this.#reader.exactly(size);
    if (data.length < size) throw new CutOff('cut off in an extension header');
    await this.#files.pad(size);
    await this.#sound(() => use(data), 'an extension header');
  }

  /** What `read` gives; null and a gap when it says that something is damaged. */
  #sound<Result>(read: () => Result, member: string): Result | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      this.#sink.gap(error.reason, error.message, { member: `(${member} at ${this.#reader.position})` });
      return null;
    }
  }

  async #named(header: TarHeader, extension: Extension): Promise<void> {
    const name =
      extension.value('GNU.sparse.name') ?? extension.value('path') ?? extension.longName ?? header.name;
    const size = this.#sizeOf(name, header, extension);
    await handOnAttributes(extension.own, name, this.#sink);
    this.#sayWhatIsElsewhere(name, header, extension, size);
    switch (header.type) {
      case '1':
      case '2': {
        const target = extension.value('linkpath') ?? extension.longLink ?? header.linkName;
        this.#sink.link(header.type === '1' ? 'hard' : 'symbolic', name, target);
        await this.#unexpectedData(name, size);
        return;
      }
      case '3':
      case '4':
      case '6':
        this.#sink.device(name);
        await this.#unexpectedData(name, size);
        return;
      case '5':
      case 'V':
        await this.#unexpectedData(name, size);
        return;
      default:
        if (header.type === '0' && size === 0 && name.at(-1) === 0x2f) return;
        await this.#files.file(name, size, header, extension);
    }
  }

  /** The pax record wins, as in every program that knows it; one that does not sees other members here. */
  #sizeOf(name: Buffer, header: TarHeader, extension: Extension): number {
    const size = this.#sound(() => extension.number('size'), 'a pax size') ?? header.size;
    if (size !== header.size && size <= MAX_OCTAL_SIZE && header.type !== 'S') {
      const detail = `its header says ${header.size} bytes, its pax record ${size}: programs disagree what follows`;
      this.#sink.unsafe('disagreeing-sizes', detail, {
        member: name,
        evidence: { header_bytes: header.size, pax_bytes: size },
      });
    }
    return size;
  }

  /**
   * A file that begins in another volume: the archive is not whole, whatever else is in it. One that goes on in another is cut off at
   * the end of this one.
   */
  #sayWhatIsElsewhere(name: Buffer, header: TarHeader, extension: Extension, size: number): void {
    const before = this.#sound(() => bytesBefore(header, extension), 'a multi-volume header');
    if (before === null) return;
    const what = JSON.stringify(nameFromBytes(name).slice(0, 200));
    const detail = `a later volume: of ${what} ${size} bytes are here, the ${before} before them are not`;
    this.#sink.gap('unsupported_format', detail, { bytes: before });
  }

  /** Programs disagree whether links, devices and folders may have content: what does not look like a header is content. */
  async #unexpectedData(name: Buffer, size: number): Promise<void> {
    if (size === 0) return;
    const next = await this.#reader.peek(TAR_BLOCK);
    if (next.length === 0 || isTarHeader(next) || isZero(next)) return;
    await this.#files.handOn(name, size);
  }
}

/** Bytes of the file that stand in earlier volumes: GNU's type M, or records of a global header; null: it begins here. Throws Damaged. */
function bytesBefore({ type, block }: TarHeader, extension: Extension): number | null {
  return type === 'M' ? number(block.subarray(369, 381)) : extension.number('GNU.volume.offset');
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}
