import { ByteReader } from '../byte-reader.ts';
import type { FormatSink } from '../format.ts';
import type { CompoundFile } from '../ole/compound-file.ts';
import { pathOf, type OleStorage, type OleStream } from '../ole/directory.ts';
import { Damaged } from '../trouble.ts';
import { handOn } from './hand-on.ts';
import { decompressVba } from './vba.ts';
import { moduleOffsets, type ModuleOffsets } from './vba-project.ts';
import { searchVba } from './vba-search.ts';

/** Of the decompressed dir stream; a large project has some 100 kB. */
const DIR_BYTES = 16 * 1024 * 1024;
/** What a VBA storage always holds, by either name ([MS-OVBA] 2.2.2). */
const MARKS: ReadonlySet<string> = new Set(['dir', '_vba_project']);

export interface VbaStorage {
  /** Hands on the sources that a stream holds. */
  open(stream: OleStream, sink: FormatSink, signal: AbortSignal): Promise<void>;
}

/** Null for a storage without VBA. */
export async function readVbaStorage(file: CompoundFile, storage: OleStorage): Promise<VbaStorage | null> {
  if (!storage.streams.some(({ name }) => MARKS.has(name.toLowerCase()))) return null;
  const dir = storage.streams.find(({ name }) => name.toLowerCase() === 'dir');
  const offsets: ModuleOffsets = dir === undefined ? new Map() : moduleOffsets(await unpackedDir(file, dir));
  return {
    async open(stream, sink, signal) {
      const sources = new Sources(file, stream, sink, signal);
      const offset = stream === dir ? 0 : offsets.get(stream.name.toLowerCase());
      if (offset !== undefined && (await sources.at(offset))) return;
      await sources.search();
    },
  };
}

async function unpackedDir(file: CompoundFile, dir: OleStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of decompressVba(new ByteReader(file.content(dir)))) {
      parts.push(part);
      size += part.length;
      if (size > DIR_BYTES) break;
    }
  } catch (error) {
    // What came still names modules; the others are searched for.
    if (!(error instanceof Damaged)) throw error;
  }
  return Buffer.concat(parts);
}

class Sources {
  readonly #file: CompoundFile;
  readonly #stream: OleStream;
  readonly #sink: FormatSink;
  readonly #signal: AbortSignal;

  constructor(file: CompoundFile, stream: OleStream, sink: FormatSink, signal: AbortSignal) {
    this.#file = file;
    this.#stream = stream;
    this.#sink = sink;
    this.#signal = signal;
  }

  /** Hands on the source that begins there; false when none does. */
  async at(offset: number): Promise<boolean> {
    const reader = new ByteReader(this.#file.content(this.#stream));
    try {
      if ((await reader.skip(offset)) < offset) return false;
      const content = decompressVba(reader);
      const first = await content.next();
      if (first.done === true) return false;
      const name = `${pathOf(this.#stream)}/(VBA source)`;
      await handOn(this.#sink, { name, size: null, content: startingWith(first.value, content) });
      return true;
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      return false;
    }
  }

  /** Hands on whatever looks like a source, wherever it is. */
  async search(): Promise<void> {
    const found = searchVba(new ByteReader(this.#file.content(this.#stream)), this.#stream.size);
    try {
      for (;;) {
        this.#signal.throwIfAborted();
        const step = await found.next();
        if (step.done === true) {
          if (!step.value) this.#givenUp();
          return;
        }
        const { offset, content } = step.value;
        const name = `${pathOf(this.#stream)}/(VBA source at ${offset})`;
        const left = { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) };
        await handOn(this.#sink, { name, size: null, content: left });
        await drained(content);
      }
    } catch (error) {
      // The stream's own damage was said when it was handed on.
      if (!(error instanceof Damaged)) throw error;
    }
  }

  #givenUp(): void {
    const detail = 'looks like the beginning of VBA source in too many places to try them all';
    this.#sink.gap('budget_exceeded', detail, { member: pathOf(this.#stream), bytes: this.#stream.size });
  }
}

/** What the examiner left: only so is known where the search goes on. */
async function drained(content: AsyncGenerator<Buffer, void, undefined>): Promise<void> {
  try {
    for await (const _ of content);
  } catch (error) {
    // Nobody asked for these bytes, so nobody misses them.
    if (!(error instanceof Damaged)) throw error;
  }
}

async function* startingWith(
  first: Buffer,
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  yield first;
  yield* rest;
}
