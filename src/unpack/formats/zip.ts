import { ByteLedger, handOnUnclaimed } from '../byte-ledger.ts';
import type { Unpacker } from '../format.ts';
import { Damaged, NeedsPassword, OverBudget, Unsupported } from '../trouble.ts';
import { Account, Allowance, type Archive } from '../zip/archive.ts';
import { END_BYTES, endRecordAt, type EndRecord } from '../zip/end-record.ts';
import { SIGNATURE } from '../zip/headers.ts';
import { Keyring } from '../zip/keyring.ts';
import { unpackDirectories, type Territory } from '../zip/listed.ts';
import { Ranges } from '../zip/ranges.ts';
import { marksIn } from '../zip/search.ts';
import { unpackUnlisted } from '../zip/unlisted.ts';
import { Window } from '../zip/window.ts';

const MEMBERS_WINDOW_BYTES = 1024 * 1024;
const DIRECTORY_WINDOW_BYTES = 256 * 1024;
/** Longest comment (APPNOTE 4.4.12). */
const COMMENT_BYTES = 0xffff;
/** End records with a directory of their own that one file may have. */
const MAX_RECORDS = 256;

export const unpacker: Unpacker = {
  doc: {
    name: 'Zip',
    description:
      'Stored, deflated, Zstandard, bzip2, LZMA, xz, Deflate64, PPMd, implode and shrink; ZipCrypto and WinZip AES; zip64, data descriptors, joined and self-extracting archives. Every directory is read, then every local header that none lists, and what is left over is examined as it is. Also documents, packages and programs built on it.',
    recognised:
      '`PK\\x03\\x04`, `PK\\x05\\x06` or a split mark at 0; or a directory at the end of anything else',
    limits: [
      '256 archives one after the other',
      '100,000 derivations of AES keys',
      'members of 4 GiB where 7-Zip has to decode them',
    ],
    references: [
      'APPNOTE: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT',
      'WinZip AES: https://www.winzip.com/en/support/aes-encryption/',
    ],
    limitations: [
      'A lone part of a split archive is a gap',
      'Strong encryption of PKWARE is a gap',
      'Reduce, JPEG, MP3 and WavPack compression are a gap for that member',
      'Comments and extra fields are only seen as part of the whole file',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const archive: Archive = {
      source,
      sink,
      context,
      members: new Window(source, MEMBERS_WINDOW_BYTES),
      directory: new Window(source, DIRECTORY_WINDOW_BYTES),
      ledger: new ByteLedger(source.size),
      ranges: new Ranges(),
      keyring: new Keyring(sink, context),
      allowance: new Allowance(source.size),
      searches: new Allowance(2 * source.size),
      account: new Account(sink),
    };
    try {
      await unpackAll(archive);
    } finally {
      archive.account.close();
    }
  },
};

async function unpackAll(archive: Archive): Promise<void> {
  const { ledger, sink, source } = archive;
  const marker = await firstMark(archive);
  if (marker !== null) ledger.claim(0, 4);
  const parts = new Parts(archive, marker === SIGNATURE.descriptor);
  const last = await lastRecord(archive);
  if (last !== null) await parts.add(last);
  for (const record of await otherRecords(archive)) {
    if (isUnclaimed(archive, record.at)) await parts.add(record);
  }
  const unlisted = await unpackUnlisted(archive);
  if (unlisted > 0) sink.measure('unlisted_members', unlisted);
  // As a whole it has been examined already.
  const [rest] = ledger.unclaimed();
  if (rest?.start !== 0 || rest.end !== source.size) await handOnUnclaimed(ledger, source, sink);
  parts.conclude();
}

/** What split archives begin with; null: an ordinary beginning. */
async function firstMark({ members }: Archive): Promise<number | null> {
  if (!(await members.has(SIGNATURE.local, 4))) return null;
  const word = (await members.at(0, 4)).readUInt32LE(0);
  return word === SIGNATURE.descriptor || word === SIGNATURE.unsplit ? word : null;
}

/** The archives that were found in one file. */
class Parts {
  readonly #archive: Archive;
  /** The first part of a split archive stands at the beginning. */
  readonly #begins: boolean;
  readonly #territories: Territory[] = [];
  #locked = false;
  /** Number of the part that came without those before it. */
  #lone = 0;

  constructor(archive: Archive, begins: boolean) {
    this.#archive = archive;
    this.#begins = begins;
  }

  async add(record: EndRecord): Promise<void> {
    const { account, ledger, sink } = this.#archive;
    this.#locked ||= record.encrypted;
    if (record.disk > 0 && !this.#begins) {
      this.#lone = record.disk + 1;
      for (const [start, end] of record.own) ledger.claim(start, end);
      for (const { start, limit } of record.places) ledger.claim(start, limit);
      return;
    }
    const territory = await unpackDirectories(this.#archive, record, record.disk > 0);
    const apart = this.#territories.every(
      ({ start, end }) => territory.end <= start || territory.start >= end,
    );
    if (this.#territories.length > 0) {
      if (apart) sink.measure('joined_archives', 1);
      else if (territory.adds)
        account.unsafe('two-directories', 'two end records describe different directories');
    }
    this.#territories.push(territory);
  }

  /** What is missing of the whole. */
  conclude(): void {
    if (this.#locked) throw new NeedsPassword('even the list of names is encrypted');
    if (this.#lone > 0)
      throw new Unsupported(`part ${this.#lone} of ${this.#lone} of a split archive: the others are missing`);
    if (this.#territories.length > 0) return;
    if (this.#begins) throw new Unsupported('part 1 of a split archive: the others are missing');
    throw new Damaged('no directory of members, or only a part of it');
  }
}

/** The last end record whose directory is there: what most programs go by. */
async function lastRecord({ source, directory, context }: Archive): Promise<EndRecord | null> {
  const from = Math.max(0, source.size - END_BYTES - COMMENT_BYTES);
  const places: number[] = [];
  for await (const { at, signature } of marksIn(source, from, source.size, context.signal)) {
    if (signature === SIGNATURE.end) places.push(at);
  }
  for (const at of places.toReversed()) {
    const record = await endRecordAt(directory, at, source.size);
    if (record !== null && isUsable(record)) return record;
  }
  return null;
}

/** Those in bytes that nobody claims, from the last to the first. */
async function otherRecords({ source, directory, context, ledger }: Archive): Promise<EndRecord[]> {
  const records: EndRecord[] = [];
  for (const { start, end } of ledger.unclaimed()) {
    for await (const { at, signature } of marksIn(source, start, end, context.signal)) {
      if (signature !== SIGNATURE.end) continue;
      const record = await endRecordAt(directory, at, source.size);
      if (record === null || !isUsable(record)) continue;
      if (records.length === MAX_RECORDS)
        throw new OverBudget(`more than ${MAX_RECORDS} archives in one file`);
      records.push(record);
    }
  }
  return records.toReversed();
}

function isUsable({ places, encrypted }: EndRecord): boolean {
  return places.length > 0 || encrypted;
}

function isUnclaimed({ ledger }: Archive, at: number): boolean {
  return ledger.unclaimed().some(({ start, end }) => start <= at && at < end);
}
