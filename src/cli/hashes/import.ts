import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BackupLensError, inWords, type HashSetKind } from '../../domain/index.ts';
import { formatOf, type Format } from './collection.ts';
import type { KnownHash } from './known-hash.ts';
import { linesOf } from './lines.ts';
import { nsrlDatabase, SQLITE_MAGIC } from './nsrl-database.ts';

export interface Import {
  /** A file, or `-` for standard input. */
  readonly from: string;
  readonly kind: HashSetKind;
  /** Where lists of this kind lie. */
  readonly folder: string;
  /** Of the list that is written, without its ending. */
  readonly name: string;
  /** Written beside every hash. */
  readonly source: string;
  readonly replace: boolean;
}

export interface Imported {
  readonly list: string;
  readonly format: string;
  readonly hashes: number;
  /** Entries that the collection calls malicious, in a list of good ones. */
  readonly left_out: number;
  readonly rejected_lines: number;
  /** The first of them. */
  readonly rejected: readonly { readonly line: number; readonly message: string }[];
}

const MAX_TOLD = 20;
/** Lines before a collection has to have said what it is. */
const MAX_HEAD = 200;
const WRITE_BYTES = 256 * 1024;
const MAX_NAME = 200; // characters
/** What collections are packed in. */
const PACKED: readonly (readonly [Buffer, string])[] = [
  [Buffer.from('PK\x03\x04', 'latin1'), 'unzip -p FILE | backuplens hashes import … -'],
  [Buffer.from([0x1f, 0x8b]), 'gzip -dc FILE | backuplens hashes import … -'],
];

/**
 * Writes a collection as a list of ours, line by line: in whatever size it comes, it is never held. The list is there whole or
 * not at all. Throws BL_USAGE for what cannot be read, and for a list that is there already.
 */
export async function importCollection(wanted: Import): Promise<Imported> {
  const list = join(wanted.folder, `${wanted.name}.csv`);
  await mkdir(wanted.folder, { recursive: true, mode: 0o755 });
  if (!wanted.replace && (await isThere(list))) {
    throw new BackupLensError('BL_USAGE', `${list} is there already`, {
      hint: '--replace puts the new one in its place; --name gives it another name',
    });
  }
  // A leading dot: lists that are being written are not read.
  const draft = join(wanted.folder, `.${wanted.name}.${process.pid}.draft`);
  const handle = await open(draft, 'wx', 0o644);
  try {
    const writer = new ListWriter(handle, wanted);
    const format = await feed(wanted.from, writer);
    await writer.flush();
    if (writer.hashes === 0) {
      throw new BackupLensError('BL_USAGE', 'there is not one SHA-256 in it; nothing was written');
    }
    await handle.sync();
    await handle.close();
    await rename(draft, list);
    const { hashes, left_out, rejected_lines, rejected } = writer;
    return { list, format, hashes, left_out, rejected_lines, rejected };
  } catch (error) {
    await handle.close().catch(() => undefined); // Closed already.
    await rm(draft, { force: true });
    throw error;
  }
}

/** Resolves to the name of the format. */
async function feed(from: string, writer: ListWriter): Promise<string> {
  if (from !== '-' && (await headOf(from)).equals(SQLITE_MAGIC)) {
    for (const entry of nsrlDatabase(from)) await writer.take(entry);
    return 'NSRL RDSv3 (SQLite)';
  }
  const stream: AsyncIterable<Buffer> = from === '-' ? process.stdin : createReadStream(from);
  let format: Format | null = null;
  for await (const line of linesOf(stream)) {
    writer.line++;
    if (writer.line === 1) refusePacked(line ?? '');
    if (line === null) writer.reject('the line is too long');
    else if (format !== null) await writer.take(format.read(line));
    else {
      format = formatOf(line);
      // A line of the list itself, or the names of its columns: what has no hash says so.
      const own = line.startsWith('#') || line.startsWith('%') ? null : (format?.read(line) ?? null);
      if (typeof own !== 'string') await writer.take(own);
      if (format === null && writer.line > MAX_HEAD) break;
    }
  }
  if (format === null) throw new BackupLensError('BL_USAGE', 'there is nothing but comments in it');
  return format.name;
}

function refusePacked(line: string): void {
  const head = Buffer.from(line);
  for (const [magic, how] of PACKED) {
    const isGzip = magic[0] === 0x1f && line.startsWith('\u001f\ufffd');
    if (!isGzip && !head.subarray(0, magic.length).equals(magic)) continue;
    throw new BackupLensError('BL_USAGE', 'this collection is packed', { hint: how });
  }
}

async function headOf(path: string): Promise<Buffer> {
  try {
    const handle = await open(path, 'r');
    try {
      const head = Buffer.alloc(SQLITE_MAGIC.length);
      const { bytesRead } = await handle.read(head, 0, head.length, 0);
      return head.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new BackupLensError('BL_USAGE', `${path}: cannot be read: ${inWords(cause)}`, { cause });
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What to call a list that comes from there. */
export function nameFrom(path: string): string {
  const base = basename(path).replace(/\.(?:csv|txt|db|sqlite|sha256|json|ndjson)$/i, '');
  const safe = base.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '');
  return safe === '' ? 'imported' : safe.slice(0, 100);
}

class ListWriter {
  readonly #handle: FileHandle;
  readonly #kind: HashSetKind;
  readonly #source: string;
  #text = '';
  line = 0;
  hashes = 0;
  left_out = 0;
  rejected_lines = 0;
  readonly rejected: { readonly line: number; readonly message: string }[] = [];

  constructor(handle: FileHandle, { kind, source }: Import) {
    this.#handle = handle;
    this.#kind = kind;
    this.#source = cell(source);
  }

  reject(message: string): void {
    this.rejected_lines++;
    if (this.rejected.length < MAX_TOLD) this.rejected.push({ line: this.line, message });
  }

  async take(entry: KnownHash | string | null): Promise<void> {
    if (entry === null) return;
    if (typeof entry === 'string') return this.reject(entry);
    if (this.#kind === 'good' && entry.malicious === true) {
      this.left_out++;
      return;
    }
    this.hashes++;
    this.#text += `${entry.sha256.toLowerCase()},${cell(entry.name)},${this.#source}\n`;
    if (this.#text.length > WRITE_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    for (let done = 0; done < bytes.length;) done += (await this.#handle.write(bytes, done)).bytesWritten;
  }
}

/** One cell of a CSV line: whatever would end it or the line is quoted or gone. */
function cell(text: string): string {
  const plain = text
    .slice(0, MAX_NAME)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return /[",]|^\s|\s$/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
