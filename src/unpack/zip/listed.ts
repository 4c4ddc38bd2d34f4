import { crc32 } from 'node:zlib';
import { OverBudget } from '../trouble.ts';
import type { Archive } from './archive.ts';
import { DirectoryReader, type Place } from './directory.ts';
import { JoinedParts, oneFile, type Places } from './disks.ts';
import type { EndRecord } from './end-record.ts';
import { LOCAL_BYTES, SIGNATURE, type CentralHeader } from './headers.ts';
import { unpackListed } from './member.ts';
import { STANDING } from './ranges.ts';

const COUNT_WRAPS = 65_536;

/** Which bytes of the file an archive in it takes up. */
export interface Territory {
  readonly start: number;
  readonly end: number;
  /** It lists what no directory before it did. */
  readonly adds: boolean;
}

/** Unpacks everything that the directories of one end record list. */
export async function unpackDirectories(
  archive: Archive,
  record: EndRecord,
  joined: boolean,
): Promise<Territory> {
  for (const [start, end] of record.own) archive.ledger.claim(start, end);
  let lowest = record.own[0]?.[0] ?? record.at;
  let adds = record.places.every(({ declared }) => declared === 0);
  for (const place of record.places) {
    const from = archive.ranges.count;
    const news = await unpackDirectory(archive, place, joined);
    adds ||= news;
    lowest = Math.min(lowest, place.start, archive.ranges.lowest(from));
  }
  if (record.places.length > 1) {
    archive.account.unsafe('two-directories', 'programs read different directories by the same end record');
  }
  return { start: lowest, end: record.end, adds };
}

/** Twice over the entries: first where they lie, then what is in them. Returns whether there was anything new. */
async function unpackDirectory(archive: Archive, place: Place, joined: boolean): Promise<boolean> {
  const { account, context, ledger, ranges } = archive;
  const from = ranges.count;
  const base = await settledBase(archive, place);
  const places = (): Places => (joined ? new JoinedParts(archive) : oneFile(base));
  const found = await survey(archive, place, places());
  ledger.claim(place.start, found.end);
  countEntries(archive, place, found.count);
  const overlapping = ranges.judge(from);
  if (overlapping > 0) account.overlap(`${overlapping} members lie over others`);
  const reader = new DirectoryReader(archive.directory, place);
  const where = places();
  let news = false;
  for (let index = from; index < ranges.count; index++) {
    context.signal.throwIfAborted();
    const entry = await reader.next();
    if (entry === null) break;
    const standing = ranges.standing(index);
    news ||= standing !== STANDING.again;
    await unpackListed(archive, entry, await where.placeOf(entry), standing);
  }
  return news;
}

async function survey(
  { context, directory, ranges }: Archive,
  place: Place,
  where: Places,
): Promise<{ readonly count: number; readonly end: number }> {
  const { max_entries } = context.budget.limits;
  const reader = new DirectoryReader(directory, place);
  let count = 0;
  for (let entry = await reader.next(); entry !== null; entry = await reader.next()) {
    context.signal.throwIfAborted();
    count++;
    if (ranges.count >= max_entries) throw new OverBudget(`more than ${max_entries} members`);
    const at = (await where.placeOf(entry)) ?? Infinity;
    ranges.add(at, at + LOCAL_BYTES + entry.name.length + entry.reading.packed, markOf(entry));
  }
  return { count, end: await reader.afterSignature() };
}

/** A program in front of the archive moves all its offsets, or none: the first entry shows which. */
async function settledBase({ directory, members }: Archive, place: Place): Promise<number> {
  const entry = await new DirectoryReader(directory, place).next();
  if (place.base === 0 || entry === null) return place.base;
  if (await members.has(SIGNATURE.local, place.base + entry.offset)) return place.base;
  return (await members.has(SIGNATURE.local, entry.offset)) ? 0 : place.base;
}

function countEntries({ account, sink }: Archive, { declared, wide }: Place, count: number): void {
  if (count === declared || (!wide && count % COUNT_WRAPS === declared)) return;
  const detail = `the end record counts ${declared} members, the directory has ${count}`;
  if (count > declared) account.unsafe('entry-count', detail);
  else sink.gap('corrupt', detail);
}

/** Different readings and names of the same bytes differ here, as far as 32 bits can tell. */
function markOf({ name, reading }: CentralHeader): number {
  const { crc, packed, size, method, encrypted } = reading;
  let mark = crc32(name, crc ?? 0) ^ (method << 1) ^ (encrypted ? 1 : 0);
  for (const value of [packed, size]) mark = Math.imul(mark ^ (value | 0), 0x9e3779b1) ^ (mark >>> 15);
  return mark >>> 0;
}
