import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import { Damaged, OverBudget, type Trouble } from '../trouble.ts';
import { Chains, type Run } from './chains.ts';
import { Directory, ENTRY_BYTES, type OleStorage, type OleStream } from './directory.ts';
import { readFat } from './fat.ts';
import { HEADER_BYTES, readHeader } from './header.ts';

/** Entries of a directory that are read: 32 MiB of it. Real installers have some thousands. */
const MAX_ENTRIES = 256 * 1024;
/** Mini sectors that are followed: a mini stream of 256 MiB. */
const MAX_MINI_SECTORS = 4 * 1024 * 1024;
/** What the header must say ([MS-CFB] 2.2); some readers believe it, others take this. */
const MINI_CUTOFF = 4096;
const CHUNK_BYTES = 64 * 1024;

interface Parts {
  readonly source: ByteSource;
  readonly ledger: ByteLedger;
  readonly directory: Directory;
  readonly chains: Chains;
  readonly mini: Chains;
  readonly miniCutoff: number;
  readonly troubles: Trouble[];
}

/**
 * A compound file ([MS-CFB]). Keeps 8 bytes for each sector and mini sector and the directory, at most about 130 MB.
 * What its structure and the streams that are read take up is claimed in the ledger.
 */
export class CompoundFile {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Throws Damaged without a header, OverBudget for a file of too many sectors. */
  static async open(source: ByteSource, ledger: ByteLedger, signal: AbortSignal): Promise<CompoundFile> {
    const header = await readHeader(source);
    ledger.claim(0, HEADER_BYTES);
    const { sectorBytes, miniSectorBytes, miniCutoff } = header;
    const troubles: Trouble[] = [];
    const fat = await readFat(source, header, ledger, signal);
    if (miniCutoff !== MINI_CUTOFF) {
      troubles.push(
        new Damaged(`streams below ${miniCutoff} bytes are said to be small, not ${MINI_CUTOFF}`),
      );
    }
    if (fat.trouble !== null) troubles.push(new Damaged(fat.trouble));
    const chains = new Chains(fat.next, sectorBytes, (sector) => {
      const position = (sector + 1) * sectorBytes;
      return position < source.size ? position : null;
    });
    /** The runs of a chain up to `limit` bytes. */
    const structure = (start: number, size: number, what: string, limit: number): Generator<Run> =>
      limited(chains.runs(start, size, what), { what, limit, troubles });
    const entries = await readRuns(
      source,
      structure(header.directoryStart, Infinity, 'the directory', MAX_ENTRIES * ENTRY_BYTES),
      ledger,
      signal,
    );
    const directory = new Directory(entries, sectorBytes !== 512);
    const { start, size } = directory.miniStream();
    const place = placesIn(
      structure(start, size, 'the mini stream', MAX_MINI_SECTORS * miniSectorBytes),
      Math.min(size, source.size),
      sectorBytes,
    );
    const miniSectors = Math.min(MAX_MINI_SECTORS, Math.min(size, source.size) / miniSectorBytes);
    const tableBytes = Math.ceil((4 * miniSectors) / sectorBytes) * sectorBytes;
    const tableSize = size === 0 ? 0 : Infinity;
    const table = await readRuns(
      source,
      structure(header.miniFatStart, tableSize, 'the mini allocation table', tableBytes),
      ledger,
      signal,
    );
    const mini = new Chains(asNumbers(table), miniSectorBytes, (sector) => place(sector * miniSectorBytes));
    return new CompoundFile({ source, ledger, directory, chains, mini, miniCutoff, troubles });
  }

  /** Every storage, one at a time; may be walked once. */
  storages(): Generator<OleStorage, void, undefined> {
    return this.#parts.directory.storages();
  }

  /** What is wrong with the structure, as far as it has been walked. */
  troubles(): readonly Trouble[] {
    const { troubles, directory } = this.#parts;
    if (directory.wrongLinks === 0) return troubles;
    const links = `${directory.wrongLinks} references of the directory lead nowhere or back`;
    return [...troubles, new Damaged(links)];
  }

  /** Sectors that lie in more than one stream, as far as streams were read. */
  get sharedSectors(): number {
    return this.#parts.chains.shared + this.#parts.mini.shared;
  }

  /**
   * A stream's bytes from `from` on, without reading those before; throws Damaged where its chain breaks off, after
   * what came.
   */
  async *content(stream: OleStream, from = 0): AsyncGenerator<Buffer, void, undefined> {
    const { source, ledger, miniCutoff, mini } = this.#parts;
    const chains = stream.size < miniCutoff ? mini : this.#parts.chains;
    const length = Math.min(CHUNK_BYTES, Math.max(1, stream.size));
    // Two take turns, as a file's own chunks do.
    let buffer = Buffer.allocUnsafe(length);
    let other = Buffer.allocUnsafe(length);
    let filled = 0;
    let trouble: Damaged | null = null;
    let skip = from;
    const runs = chains.runs(stream.start, stream.size, `stream ${stream.entry}`);
    for (;;) {
      let run: Run;
      try {
        const step = runs.next();
        if (step.done === true) break;
        run = step.value;
        const skipped = Math.min(skip, run.end - run.start);
        run.start += skipped;
        skip -= skipped;
      } catch (error) {
        if (!(error instanceof Damaged)) throw error;
        trouble = error;
        break;
      }
      ledger.claim(run.start, run.end);
      for (let at = run.start; at < run.end;) {
        const target = buffer.subarray(filled, Math.min(length, filled + run.end - at));
        const got = await source.readAt(target, at);
        if (got === 0) {
          if (filled > 0) yield buffer.subarray(0, filled);
          throw new Damaged('the stream leads out of the file');
        }
        filled += got;
        at += got;
        if (filled < length) continue;
        yield buffer;
        [buffer, other] = [other, buffer];
        filled = 0;
      }
    }
    if (filled > 0) yield buffer.subarray(0, filled);
    if (trouble !== null) throw trouble;
  }

  /** A stream's first bytes, at most `limit`; what is damaged of it is left out. */
  async start(stream: OleStream, limit: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of this.content(stream)) {
        parts.push(Buffer.from(chunk.subarray(0, limit - size)));
        size += chunk.length;
        if (size >= limit) break;
      }
    } catch (error) {
      // Whoever hands the stream on says that it is damaged; here only its beginning is asked for.
      if (!(error instanceof Damaged)) throw error;
    }
    return Buffer.concat(parts);
  }
}

/** The runs of a chain up to `limit` bytes; what is wrong with it goes to `troubles`. */
function* limited(
  runs: Generator<Run, void, undefined>,
  { what, limit, troubles }: { what: string; limit: number; troubles: Trouble[] },
): Generator<Run, void, undefined> {
  let left = limit;
  try {
    for (const run of runs) {
      const end = Math.min(run.end, run.start + left);
      if (end > run.start) yield { start: run.start, end };
      left -= end - run.start;
      if (end < run.end) {
        // The mini table may be longer than the mini stream needs: what is left over is seen as it is.
        if (what !== 'the mini allocation table') {
          troubles.push(
            new OverBudget(`${what} is larger than ${limit} bytes, which is the most that is read`),
          );
        }
        return;
      }
    }
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    troubles.push(new Damaged(`${what}: ${error.message}`));
  }
}

/** All of it: only for what is limited to some MiB. */
async function readRuns(
  source: ByteSource,
  runs: Iterable<Run>,
  ledger: ByteLedger,
  signal: AbortSignal,
): Promise<Buffer> {
  const list = [...runs];
  const bytes = Buffer.alloc(list.reduce((sum, run) => sum + run.end - run.start, 0));
  let filled = 0;
  for (const run of list) {
    signal.throwIfAborted();
    ledger.claim(run.start, run.end);
    filled += await source.readAt(bytes.subarray(filled, filled + run.end - run.start), run.start);
  }
  return bytes.subarray(0, filled);
}

/** Where a byte of a stream of at most `most` bytes lies in the file, by its sectors: 4 bytes for each. */
function placesIn(runs: Iterable<Run>, most: number, sectorBytes: number): (offset: number) => number | null {
  const sectors = new Uint32Array(Math.ceil(most / sectorBytes));
  let count = 0;
  let size = 0;
  for (const run of runs) {
    for (let at = run.start; at < run.end; at += sectorBytes) sectors[count++] = at / sectorBytes;
    size += run.end - run.start;
  }
  return (offset) => {
    if (offset >= size) return null;
    return (sectors[Math.floor(offset / sectorBytes)] ?? 0) * sectorBytes + (offset % sectorBytes);
  };
}

function asNumbers(table: Buffer): Uint32Array {
  return Uint32Array.from({ length: table.length >> 2 }, (_, i) => table.readUInt32LE(i * 4));
}
