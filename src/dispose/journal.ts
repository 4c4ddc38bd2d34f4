import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { FileSource } from '../bytes/index.ts';
import { asciiJson } from './ascii-json.ts';
import { unlessMissing, type Folder } from './folder.ts';
import { writeAll } from './write-file.ts';

const JOURNAL_NAME = 'journal.ndjson';
/** Ours are far shorter: a path of PATH_MAX bytes in base64, and the same for people. */
const MAX_LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
/** `prev` of the first line. */
const BEGINNING = '0'.repeat(64);

export interface JournalEntry {
  readonly action: 'quarantined' | 'held' | 'restored' | 'deleted' | 'put_back';
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** The place that the action took the file from, or brought it back to; null where it is not known. */
  readonly path: string | null;
  readonly path_base64: string | null;
  readonly sha256: string | null;
  readonly detail: string | null;
}

/**
 * Appends a line, durable once this resolves: each names the SHA-256 of the one before it, so that a line that is
 * altered or taken out shows. Only under the folder's lock.
 */
export async function appendToJournal(quarantine: Folder, entry: JournalEntry): Promise<void> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const handle = await open(quarantine.at(JOURNAL_NAME), flags, 0o600);
  try {
    const { end, last } = await tail(handle);
    // A line without its end was never committed: a crash or a full disk cut it short.
    await handle.truncate(end);
    const prev = last === null ? BEGINNING : sha256(last);
    const line = Buffer.from(`${asciiJson({ prev, who: operatingSystemUser(), ...entry })}\n`, 'ascii');
    try {
      await writeAll(handle, line, end);
      await handle.sync();
    } catch (error) {
      await handle.truncate(end);
      throw error;
    }
  } finally {
    await handle.close();
  }
  await quarantine.sync();
}

/** True when the journal has that action, at that time, for that item. */
async function isJournalled(
  quarantine: Folder,
  { id, action, time }: Pick<JournalEntry, 'id' | 'action' | 'time'>,
): Promise<boolean> {
  for await (const line of journalLines(quarantine)) {
    if (!line.includes(id)) continue;
    const { entry } = understood(line);
    if (entry?.['id'] === id && entry['action'] === action && entry['time'] === time) return true;
  }
  return false;
}

/** Appends what a crash may have left out: the line is not written twice. */
export async function ensureJournalled(quarantine: Folder, entry: JournalEntry): Promise<void> {
  if (!(await isJournalled(quarantine, entry))) await appendToJournal(quarantine, entry);
}

export interface JournalCheck {
  readonly lines: number;
  /** SHA-256 of the last line: kept elsewhere, it shows that lines were cut off. */
  readonly head: string;
  /** The first line that does not continue the one before it, from 1; null when all do. */
  readonly broken: { readonly line: number; readonly reason: string } | null;
}

/** Follows the chain from the first line to the last. An empty or missing journal is in order. */
export async function checkJournal(quarantine: Folder): Promise<JournalCheck> {
  let lines = 0;
  let head = BEGINNING;
  for await (const line of journalLines(quarantine)) {
    lines++;
    const { entry, reason } = understood(line);
    if (entry === null) return { lines, head, broken: { line: lines, reason } };
    if (entry['prev'] !== head) {
      return { lines, head, broken: { line: lines, reason: 'it does not continue the line before it' } };
    }
    head = sha256(line);
  }
  return { lines, head, broken: null };
}

function understood(
  line: Buffer,
):
  | { readonly entry: Readonly<Record<string, unknown>>; readonly reason: '' }
  | { readonly entry: null; readonly reason: string } {
  if (line.length > MAX_LINE_BYTES) return { entry: null, reason: 'it is too long' };
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    if (typeof value === 'object' && value !== null) return { entry: { ...value }, reason: '' };
  } catch {
    // The reason below says all there is to say.
  }
  return { entry: null, reason: 'it is not a JSON object' };
}

/** Complete lines without their newline; of one that is too long, just enough to show that it is. */
async function* journalLines(quarantine: Folder): AsyncGenerator<Buffer, void, undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
  const handle = await unlessMissing(open(quarantine.at(JOURNAL_NAME), flags));
  if (handle === null) return;
  try {
    const { size } = await handle.stat();
    let rest = Buffer.alloc(0);
    for await (const chunk of new FileSource(handle, size).stream()) {
      let bytes = Buffer.concat([rest, chunk]);
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
        yield bytes.subarray(0, end);
        bytes = bytes.subarray(end + 1);
      }
      rest = Buffer.from(bytes.subarray(0, MAX_LINE_BYTES + 1));
    }
  } finally {
    await handle.close();
  }
}

/** Where the last complete line ends, and what it says. */
async function tail(handle: FileHandle): Promise<{ readonly end: number; readonly last: Buffer | null }> {
  const { size } = await handle.stat();
  const start = Math.max(0, size - 2 * MAX_LINE_BYTES);
  const bytes = Buffer.alloc(size - start);
  await new FileSource(handle, size).readAt(bytes, start);
  const end = bytes.lastIndexOf(NEWLINE);
  if (end < 0 && start > 0) throw new Error('the end of journal.ndjson is no journal');
  if (end < 0) return { end: 0, last: null };
  const before = end === 0 ? -1 : bytes.lastIndexOf(NEWLINE, end - 1);
  return { end: start + end + 1, last: Buffer.from(bytes.subarray(before + 1, end)) };
}

function sha256(line: Buffer): string {
  return createHash('sha256').update(line).digest('hex');
}

function operatingSystemUser(): string {
  try {
    const { username, uid } = userInfo();
    return `${username} (${uid})`;
  } catch {
    // A user id without an account, as in containers: its number is all there is.
    return `(${process.getuid?.() ?? 'unknown'})`;
  }
}
