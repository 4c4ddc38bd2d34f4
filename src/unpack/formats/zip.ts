import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { fromRandomAccessReaderPromise, type Entry, type ZipFile } from 'yauzl';
import type { ByteSource } from '../../bytes/index.ts';
import { inWords } from '../../domain/index.ts';
import { ByteReader } from '../byte-reader.ts';
import type { Format, FormatSink, UnpackContext } from '../format.ts';
import { unpackArchive } from '../seven-zip/unpack.ts';
import { Damaged, OverBudget } from '../trouble.ts';
import { SourceReader } from '../zip-source-reader.ts';
import { pump } from '../zlib-pump.ts';
import { isZlibError, wordsFor } from './gzip.ts';

const STORED = 0;
const DEFLATED = 8;
const OUTPUT_BYTES = 128 * 1024;
const UNIX = 3;
const KIND_MASK = 0o170000;
const LINK = 0o120000;
const FILE = 0o100000;
const FOLDER = 0o040000;
/** A link's target is a path. */
const TARGET_BYTES = 4096;
const LOCAL_HEADER_BYTES = 30;
const LOCAL_SIGNATURE = 0x04034b50;
/** Extra fields of a local header that are read along; more is rare. */
const LOCAL_EXTRA_BYTES = 512;
/** Members up to this size, stored and unpacked, are read whole. */
const SMALL_BYTES = 256 * 1024;

export const zip: Format = {
  id: 'zip',
  access: 'random',
  doc: {
    name: 'Zip',
    description:
      'Stored and deflated members by yauzl; other methods and encryption (ZipCrypto, AES) by 7-Zip. Also documents, packages and programs built on it.',
    references: ['APPNOTE: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT'],
    limitations: ['Archives split over several files are a gap', 'Strong encryption of PKWARE is a gap'],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const survey = await surveyed(source, context);
    if (survey === 'elsewhere') await unpackArchive(source, 'zip', sink, context);
    else if (survey.overlap !== null) {
      sink.unsafe('overlapping-entries', `${survey.overlap} lies over another one`);
      throw new Damaged('members overlap: none was unpacked');
    } else await eachMember(source, sink, context);
  },
};

interface Survey {
  /** Which member lies over another one; null: none does. */
  readonly overlap: string | null;
}

function openZip(source: ByteSource): Promise<ZipFile> {
  return fromRandomAccessReaderPromise(new SourceReader(source), source.size, {
    autoClose: false,
    lazyEntries: true,
    decodeStrings: false,
    validateEntrySizes: false,
    strictFileNames: false,
  });
}

/** Reads the central directory once, before anything is unpacked. `elsewhere`: 7-Zip must do it. */
async function surveyed(source: ByteSource, context: UnpackContext): Promise<Survey | 'elsewhere'> {
  const ranges = new Ranges();
  const { max_entries } = context.budget.limits;
  let count = 0;
  try {
    const file = await openZip(source);
    for await (const entry of file.eachEntry()) {
      context.signal.throwIfAborted();
      if (++count > max_entries) break;
      if (entry.isEncrypted() || ![STORED, DEFLATED].includes(entry.compressionMethod)) return 'elsewhere';
      ranges.add(entry);
    }
  } catch (error) {
    if (context.signal.aborted) throw error;
    // Junk before the archive, a damaged directory: 7-Zip finds its way through more of them.
    return 'elsewhere';
  }
  if (count > max_entries) throw new OverBudget(`more than ${max_entries} members`);
  return { overlap: ranges.firstOverlap() };
}

/** Where each member lies, in 16 bytes a member. */
class Ranges {
  #starts = new Float64Array(1024);
  #ends = new Float64Array(1024);
  #count = 0;

  add(entry: Entry): void {
    if (this.#count === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#ends = doubled(this.#ends);
    }
    const start = entry.relativeOffsetOfLocalHeader;
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = start + LOCAL_HEADER_BYTES + entry.fileNameLength + entry.compressedSize;
    this.#count++;
  }

  firstOverlap(): string | null {
    const order = Uint32Array.from({ length: this.#count }, (_, index) => index);
    const starts = this.#starts;
    order.sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0));
    let reached = 0;
    for (const index of order) {
      if ((starts[index] ?? 0) < reached) return `member ${index + 1}`;
      reached = Math.max(reached, this.#ends[index] ?? 0);
    }
    return null;
  }
}

function doubled(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}

async function eachMember(source: ByteSource, sink: FormatSink, context: UnpackContext): Promise<void> {
  const file = await openZip(source);
  for await (const entry of file.eachEntry()) {
    context.signal.throwIfAborted();
    try {
      await member(file, entry, source, sink);
    } catch (error) {
      // Every member stands for itself: one that is damaged does not hide the next.
      if (!(error instanceof Damaged)) throw error;
      const bytes = entry.compressedSize;
      sink.gap('corrupt', error.message, { member: Buffer.from(entry.fileNameRaw), bytes });
    }
  }
}

async function member(file: ZipFile, entry: Entry, source: ByteSource, sink: FormatSink): Promise<void> {
  const name = Buffer.from(entry.fileNameRaw);
  const kind = entry.versionMadeBy >> 8 === UNIX ? (entry.externalFileAttributes >>> 16) & KIND_MASK : 0;
  if (entry.uncompressedSize === 0 && entry.compressedSize <= 2 && name.at(-1) === 0x2f) return;
  const content = await contentOf(file, entry, source);
  const target = kind === LINK ? new Target() : null;
  if (![0, FILE, FOLDER, LINK].includes(kind)) sink.device(name);
  // What is a link for some is a file for others: what it holds is examined whatever it calls itself.
  const examined = target === null ? content : target.heard(content);
  await sink.member({ name, size: entry.uncompressedSize, content: examined });
  if (target !== null) sink.link('symbolic', name, target.text);
  await content.return();
}

/** Where a link leads: the first bytes of its content. */
class Target {
  #text: Buffer = Buffer.alloc(0);

  async *heard(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of content) {
      if (this.#text.length < TARGET_BYTES) {
        this.#text = Buffer.concat([this.#text, chunk.subarray(0, TARGET_BYTES - this.#text.length)]);
      }
      yield chunk;
    }
  }

  /** null when it is longer than any path. */
  get text(): Buffer | null {
    return this.#text.length < TARGET_BYTES ? this.#text : null;
  }
}

async function contentOf(
  file: ZipFile,
  entry: Entry,
  source: ByteSource,
): Promise<AsyncGenerator<Buffer, void, undefined>> {
  const small = await smallContent(entry, source);
  if (small !== null) return checked(entry, once(small));
  let start: number;
  try {
    ({ fileDataStart: start } = await file.readLocalFileHeaderPromise(entry, { minimal: true }));
  } catch (error) {
    throw new Damaged(`no local header: ${inWords(error)}`);
  }
  const end = start + entry.compressedSize;
  if (end > source.size) throw new Damaged('the member would go on behind the end of the archive');
  return checked(entry, decoded(entry, source.stream(start, end)));
}

/**
 * The whole of a small member: one read and one call, where a stream of its own costs more than its bytes. null when
 * it is not small, or not what it says it is: then the stream shows how far it goes.
 */
async function smallContent(entry: Entry, source: ByteSource): Promise<Buffer | null> {
  const { compressedSize, uncompressedSize, relativeOffsetOfLocalHeader: at } = entry;
  if (compressedSize > SMALL_BYTES || uncompressedSize > SMALL_BYTES) return null;
  const block = Buffer.allocUnsafe(
    LOCAL_HEADER_BYTES + entry.fileNameLength + LOCAL_EXTRA_BYTES + compressedSize,
  );
  const got = await source.readAt(block, at);
  if (got < LOCAL_HEADER_BYTES || block.readUInt32LE(0) !== LOCAL_SIGNATURE) return null;
  const start = LOCAL_HEADER_BYTES + block.readUInt16LE(26) + block.readUInt16LE(28);
  if (start + compressedSize > got) return null;
  const stored = block.subarray(start, start + compressedSize);
  if (entry.compressionMethod === STORED) return stored;
  try {
    return inflateRawSync(stored, { maxOutputLength: Math.max(1, uncompressedSize) });
  } catch {
    // Damaged, or larger than declared: the stream gives what can be had of it.
    return null;
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  if (bytes.length > 0) yield bytes;
}

async function* decoded(
  entry: Entry,
  stored: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  if (entry.compressionMethod === STORED) yield* stored;
  else yield* pump(createInflateRaw({ chunkSize: outputSize(entry) }), new ByteReader(stored));
}

/** A small member gets a small buffer: an archive of 100,000 would fill and free gigabytes. */
function outputSize(entry: Entry): number {
  return Math.max(1024, Math.min(OUTPUT_BYTES, entry.uncompressedSize + 64));
}

async function* checked(
  entry: Entry,
  content: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  let sum = 0;
  let size = 0;
  try {
    for await (const chunk of content) {
      sum = crc32(chunk, sum);
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw isZlibError(error) ? new Damaged(wordsFor(error, size)) : error;
  }
  if (size !== entry.uncompressedSize)
    throw new Damaged(`${entry.uncompressedSize} bytes declared, ${size} came out`);
  if (sum !== entry.crc32) throw new Damaged('the check sum does not match the content');
}
