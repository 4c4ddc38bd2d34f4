import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** The signatures in a DatabaseDirectory. */
export interface DatabaseFolder {
  readonly folder: string;
  /** Null: one of the files could not be counted. */
  readonly signatures: number | null;
  /** When the newest of the official ones was built (RFC 3339 UTC); null where there are none. */
  readonly built: string | null;
  readonly files: readonly DatabaseFile[];
}

export interface DatabaseFile {
  readonly name: string;
  /** Of a signed collection, counted up by who makes it; null: it has none. */
  readonly version: number | null;
  readonly signatures: number | null;
  readonly built: string | null;
}

/** Signed collections; and plain files with a signature a line (clamav-documentation, "File formats"). */
const COLLECTIONS = /\.(cvd|cld|cud)$/;
const LINES =
  /\.(hdb|hsb|hdu|hsu|mdb|msb|mdu|msu|ndb|ndu|ldb|ldu|idb|cdb|sdb|zmd|rmd|db|fp|sfp|imp|crb|pdb|gdb|wdb)$/;
/** What only takes signatures away, or settings, is none. */
const NO_SIGNATURES = /\.(fp|sfp|wdb|crb)$/;
/** `ClamAV-VDB:07 Nov 2026 03-26 -0500:27500:2070000:90:…`, padded with blanks. */
const HEADER_BYTES = 512;
const HEADER =
  /^ClamAV-VDB:(?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<hour>\d\d)-(?<minute>\d\d) (?<zone>[+-]\d{4}):(?<version>\d{1,9}):(?<count>\d{1,9}):/;
const MAX_FILES = 1000;
/** The largest public collections of plain signatures have some 100 MB. */
const MAX_COUNTED_BYTES = 256 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** What was counted, until the file changes: a service asks every few seconds. */
const counted = new Map<string, { readonly stamp: string; readonly file: DatabaseFile }>();

/** Counts what lies there; null when it cannot be read. */
export async function readDatabaseFolder(folder: string): Promise<DatabaseFolder | null> {
  try {
    const names = (await readdir(folder)).filter((name) => COLLECTIONS.test(name) || LINES.test(name));
    const files: DatabaseFile[] = [];
    for (const name of names.toSorted().slice(0, MAX_FILES)) files.push(await fileOf(folder, name));
    const uncounted = names.length > MAX_FILES || files.some(({ signatures }) => signatures === null);
    const built = files.flatMap((file) => file.built ?? []).toSorted();
    return {
      folder,
      files,
      built: built.at(-1) ?? null,
      signatures: uncounted ? null : files.reduce((sum, { signatures }) => sum + (signatures ?? 0), 0),
    };
  } catch {
    return null; // Not there, or not for us: nobody knows then.
  }
}

async function fileOf(folder: string, name: string): Promise<DatabaseFile> {
  const path = join(folder, name);
  const stats = await stat(path);
  if (!stats.isFile()) return { name, version: null, signatures: null, built: null };
  const { size, mtimeMs } = stats;
  const stamp = `${size} ${mtimeMs}`;
  const known = counted.get(path);
  if (known?.stamp === stamp) return known.file;
  const handle = await open(path);
  try {
    const file = COLLECTIONS.test(name) ? await collection(handle, name) : await lines(handle, name, size);
    if (counted.size >= MAX_FILES) counted.clear();
    counted.set(path, { stamp, file });
    return file;
  } finally {
    await handle.close();
  }
}

async function collection(handle: FileHandle, name: string): Promise<DatabaseFile> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
  const found = HEADER.exec(buffer.toString('latin1', 0, bytesRead))?.groups;
  if (found === undefined) return { name, version: null, signatures: null, built: null };
  const { day, month, year, hour, minute, zone, version, count } = found;
  const built = new Date(`${day} ${month} ${year} ${hour}:${minute}:00 ${zone}`);
  return {
    name,
    version: Number(version),
    signatures: Number(count),
    built: Number.isNaN(built.getTime()) ? null : built.toISOString().replace('.000Z', 'Z'),
  };
}

async function lines(handle: FileHandle, name: string, size: number): Promise<DatabaseFile> {
  if (NO_SIGNATURES.test(name)) return { name, version: null, signatures: 0, built: null };
  if (size > MAX_COUNTED_BYTES) return { name, version: null, signatures: null, built: null };
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let signatures = 0;
  let atStart = true;
  for (let read = 0; read <= MAX_COUNTED_BYTES;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) break;
    read += bytesRead;
    for (const byte of chunk.subarray(0, bytesRead)) {
      // Neither empty lines nor comments.
      if (atStart && byte !== 0x0a && byte !== 0x0d && byte !== 0x23) signatures++;
      atStart = byte === 0x0a;
    }
  }
  return { name, version: null, signatures, built: null };
}
