import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import {
  BackupLensError,
  inWords,
  type HashSetKind,
  type HashSetsState,
  type RejectedLine,
} from '../../domain/index.ts';
import { Buckets, writeAll } from './buckets.ts';
import { readLine, type Words } from './read-line.ts';
import {
  BAD,
  FLAGS_AT,
  GOOD,
  HASH_BYTES,
  INDEX_BYTES,
  MAX_LABEL_BYTES,
  NAME_AT,
  NAME_PLACE_BYTES,
  NAMES_FILE,
  packLabel,
  PREFIXES,
  RECORD_BYTES,
  RECORDS_FILE,
  type Label,
} from './record.ts';

/** A folder of lists that all say the same of their hashes. */
export interface SetFolder {
  readonly kind: HashSetKind;
  readonly path: string;
}

/** One list, as it was read. */
export interface ReadList {
  readonly file: string;
  readonly kind: HashSetKind;
  /** Lines that say a hash. */
  hashes: number;
}

/** What came of reading lists. */
export interface BuiltTable {
  readonly state: HashSetsState;
  readonly lists: readonly ReadList[];
}

/** Names of lists end so; others are said to be left out. */
const LIST_NAME = /\.(?:txt|csv|sha256)$/i;

const CHUNK_BYTES = 1024 * 1024;
/** Of one line, in bytes; what is longer is no hash with a name. */
const MAX_LINE = 4096;
const MAX_FILES = 1000;
/** Lines, of all files. The table is 40 bytes for each. */
const MAX_HASHES = 100_000_000;
/** Rejected lines that are told with their places; all are counted. */
const MAX_TOLD = 100;
/** Labels whose places are remembered, so that a source that stands on a million lines is written once. */
const MAX_REMEMBERED = 1000;
const NEWLINE = 0x0a;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
/** Of no bytes: a list that has it would call every empty file by its name. */
const OF_NOTHING = createHash('sha256').digest();

/**
 * Reads all lists and writes one sorted table of them into the folder `into`, which is made. Memory does not grow with the
 * lists. A line that says no hash is told and left out. Throws BL_CONFIG for a folder that cannot be read or is beyond bounds.
 */
export async function buildTable(folders: readonly SetFolder[], into: string): Promise<BuiltTable> {
  await mkdir(into, { mode: 0o700 });
  const builder = new Builder(into);
  try {
    for (const folder of folders) await addFolder(folder, builder);
    return await builder.finish();
  } catch (error) {
    if (error instanceof RangeError) throw new BackupLensError('BL_CONFIG', `hash sets: ${error.message}`);
    throw error;
  } finally {
    builder.close();
  }
}

async function addFolder({ kind, path }: SetFolder, builder: Builder): Promise<void> {
  const refused = (name: string, error: unknown): BackupLensError =>
    new BackupLensError('BL_CONFIG', `hash sets ${join(path, name)}: cannot be read: ${inWords(error)}`, {
      cause: error,
    });
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    throw refused('', error);
  });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    if (!LIST_NAME.test(entry.name))
      builder.reject(entry.name, null, 'not read: lists end in .txt, .csv or .sha256');
    else {
      await addFile(join(path, entry.name), entry.name, kind, builder).catch((error: unknown) => {
        throw error instanceof RangeError ? error : refused(entry.name, error);
      });
    }
  }
}

async function addFile(path: string, name: string, kind: HashSetKind, builder: Builder): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) return builder.reject(name, null, 'not read: no regular file');
    const list = builder.list(name, kind);
    const { content } = builder;
    // What is left of the last chunk stands before the next.
    const buffer = Buffer.allocUnsafeSlow(MAX_LINE + CHUNK_BYTES);
    let held = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, held, CHUNK_BYTES, null);
      content.update(buffer.subarray(held, held + bytesRead));
      held = list.take(buffer, held + bytesRead, bytesRead === 0);
      if (bytesRead === 0 || list.refused) return;
      // A service goes on with its work between chunks.
      await breathe();
    }
  } finally {
    await handle.close();
  }
}

class Builder {
  readonly #folder: string;
  readonly #records: number;
  readonly #names: number;
  readonly #spill: number;
  readonly #buckets: Buckets;
  /** Of everything that was read. */
  readonly content = createHash('sha256');
  readonly #rejected: RejectedLine[] = [];
  readonly #places = new Map<string, number>();
  #namesEnd = 0;
  #rejectedLines = 0;
  #files = 0;
  readonly #lists: ReadList[] = [];
  #hashes = 0;
  readonly record = Buffer.alloc(RECORD_BYTES);

  constructor(folder: string) {
    const create = (name: string): number =>
      openSync(join(folder, name), constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600);
    this.#folder = folder;
    this.#records = create(RECORDS_FILE);
    this.#names = create(NAMES_FILE);
    this.#spill = create('unsorted');
    this.#buckets = new Buckets(this.#spill);
  }

  list(name: string, kind: HashSetKind): List {
    this.#files++;
    if (this.#files > MAX_FILES) throw new RangeError(`more than ${MAX_FILES} files`);
    this.content.update(`${kind}:${Buffer.byteLength(name)}:${name}\n`);
    const read: ReadList = { file: name, kind, hashes: 0 };
    this.#lists.push(read);
    return new List(read, this);
  }

  reject(file: string, line: number | null, message: string): void {
    this.#rejectedLines++;
    if (this.#rejected.length < MAX_TOLD) this.#rejected.push({ file, line, message });
  }

  /** What stands in `record`, but for the place of its name. */
  add(words: Words, file: string): void {
    this.#hashes++;
    if (this.#hashes > MAX_HASHES) throw new RangeError(`more than ${MAX_HASHES} hashes`);
    this.record.writeUIntLE(this.#place(words, file), NAME_AT, NAME_PLACE_BYTES);
    this.#buckets.add(this.record);
  }

  #place({ name, source }: Words, file: string): number {
    if (name === '' && source === '' && this.#nameless?.file === file) return this.#nameless.place;
    const key = `${name}\0${source}\0${file}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#namesEnd;
    this.#write({ name, source, file });
    if (this.#places.size === MAX_REMEMBERED) this.#places.clear();
    this.#places.set(key, place);
    if (name === '' && source === '') this.#nameless = { file, place };
    return place;
  }

  /** Lists without names are the longest. */
  #nameless: { readonly file: string; readonly place: number } | null = null;

  readonly #pending = Buffer.allocUnsafeSlow(256 * 1024);
  #pendingBytes = 0;

  #write(label: Label): void {
    if (this.#pendingBytes + MAX_LABEL_BYTES > this.#pending.length) this.#flush();
    const bytes = packLabel(label, this.#pending, this.#pendingBytes);
    this.#pendingBytes += bytes;
    this.#namesEnd += bytes;
  }

  #flush(): void {
    writeAll(this.#names, this.#pending.subarray(0, this.#pendingBytes), this.#namesEnd - this.#pendingBytes);
    this.#pendingBytes = 0;
  }

  async finish(): Promise<BuiltTable> {
    this.#flush();
    const index = new Uint32Array(PREFIXES + 1);
    const counts = { bad: 0, good: 0, in_both: 0 };
    let end = INDEX_BYTES;
    for (const records of this.#buckets.sorted()) {
      for (let at = 0; at < records.length; at += RECORD_BYTES) {
        const after = records.readUInt16BE(at) + 1;
        index[after] = (index[after] ?? 0) + 1;
        const flags = records[at + FLAGS_AT] ?? 0;
        if (flags === GOOD) counts.good++;
        else counts.bad++;
        if (flags === (GOOD | BAD)) counts.in_both++;
      }
      writeAll(this.#records, records, end);
      end += records.length;
      await breathe();
    }
    for (let prefix = 1; prefix <= PREFIXES; prefix++) {
      index[prefix] = (index[prefix] ?? 0) + (index[prefix - 1] ?? 0);
    }
    writeAll(this.#records, Buffer.from(index.buffer), 0);
    const state: HashSetsState = {
      status: 'ok',
      ...counts,
      files: this.#files,
      sha256: this.#files === 0 ? null : this.content.digest('hex'),
      rejected: this.#rejected,
      rejected_lines: this.#rejectedLines,
      detail: null,
    };
    return { state, lists: this.#lists };
  }

  close(): void {
    for (const file of [this.#records, this.#names, this.#spill]) closeSync(file);
    rmSync(join(this.#folder, 'unsorted'), { force: true });
  }
}

/** One file, line by line. */
class List {
  readonly #read: ReadList;
  readonly #name: string;
  readonly #flags: number;
  readonly #builder: Builder;
  #line = 0;
  /** Within a line that is too long. */
  #skipping = false;
  #first = true;
  refused = false;

  constructor(read: ReadList, builder: Builder) {
    this.#read = read;
    this.#name = read.file;
    const { kind } = read;
    this.#flags = kind === 'bad' ? BAD : GOOD;
    this.#builder = builder;
  }

  /** Takes the lines in the first `filled` bytes; resolves to how many bytes of the last, unfinished one stay in front. */
  take(buffer: Buffer, filled: number, isLast: boolean): number {
    let start = 0;
    if (this.#first) {
      this.#first = false;
      if (buffer.subarray(0, Math.min(filled, 1024)).includes(0)) {
        this.refused = true;
        this.#builder.reject(this.#name, null, 'not read: no text (UTF-16 is not read either)');
        return 0;
      }
      if (buffer.subarray(0, 3).equals(BOM)) start = 3;
    }
    for (;;) {
      const at = buffer.indexOf(NEWLINE, start);
      if (at === -1 || at >= filled) break;
      this.#end(buffer, start, at);
      start = at + 1;
    }
    const left = filled - start;
    if (isLast) {
      if (left > 0 || this.#skipping) this.#end(buffer, start, filled);
      return 0;
    }
    if (left > MAX_LINE || this.#skipping) {
      this.#skipping = true;
      return 0;
    }
    buffer.copyWithin(0, start, filled);
    return left;
  }

  #end(buffer: Buffer, start: number, end: number): void {
    this.#line++;
    if (this.#skipping || end - start > MAX_LINE) {
      this.#skipping = false;
      return this.#builder.reject(this.#name, this.#line, `longer than ${MAX_LINE} bytes`);
    }
    const { record } = this.#builder;
    const words = readLine(buffer, start, end, record, 0);
    if (words === null) return;
    if (typeof words === 'string') return this.#builder.reject(this.#name, this.#line, words);
    if (record.compare(OF_NOTHING, 0, HASH_BYTES, 0, HASH_BYTES) === 0) {
      return this.#builder.reject(
        this.#name,
        this.#line,
        'the SHA-256 of nothing: it would name every empty file',
      );
    }
    record[FLAGS_AT] = this.#flags;
    this.#read.hashes++;
    this.#builder.add(words, this.#name);
  }
}
