import { ByteReader } from '../byte-reader.ts';
import type { Unpacker, FormatSink, UnpackContext } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import { handOn, Pieces } from '../pg-dump/data-block.ts';
import { Fields, intOf } from '../pg-dump/fields.ts';
import { HexValues } from '../pg-dump/hex-values.ts';
import { readEntry, readHead, type Entry, type Head } from '../pg-dump/listing.ts';
import { Damaged, Unsupported } from '../trouble.ts';

/** Blocks of data: pg_backup_custom.c. */
const DATA = 1;
const LARGE_OBJECTS = 3;
/** Entries with data whose names are remembered, at up to 1 KiB each; the data of the others is nameless. */
const MAX_NAMED = 50_000;

export const unpacker: Unpacker = {
  doc: {
    name: 'PostgreSQL dump',
    description:
      'Dumps of pg_dump in the custom format (`-Fc`, versions 1.10 to 1.16, PostgreSQL 8.0 to 18), and the listing (`toc.dat`) of the tar and directory formats: statements, table data and large objects, each a member; uncompressed or compressed with gzip, LZ4 or Zstandard.',
    recognised: '`PGDMP` at 0',
    limits: ['16 MiB a statement', '1,000,000 bytea values'],
    references: [
      'pg_dump: https://www.postgresql.org/docs/current/app-pgdump.html',
      'pg_backup_custom.c, pg_backup_archiver.c: https://git.postgresql.org/gitweb/?p=postgresql.git;a=tree;f=src/bin/pg_dump',
    ],
    limitations: [
      'Table data is handed on as the text that COPY reads; of its values, those of type bytea with 64 bytes and more are members, too, in the output format hex (the default), not in the format escape.',
      'A statement of more than 16 MiB is a gap.',
    ],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const fields = new Fields(reader);
    const head = await readHead(fields);
    const expected = await statements(fields, head, sink, context);
    if (head.holdsData) await dataBlocks(reader, fields.intSize, { head, expected }, sink, context);
    if (await reader.skipZeros())
      await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
  },
};

/** Entries whose data must follow. */
class Expected {
  readonly #named = new Map<number, Entry & { seen: boolean }>();
  /** False when there are more entries than are remembered. */
  complete = true;

  add(entry: Entry): void {
    if (this.#named.size < MAX_NAMED) this.#named.set(entry.id, { ...entry, statements: [], seen: false });
    else this.complete = false;
  }

  /** The entry that a block belongs to; null: none that is remembered. */
  take(id: number): Entry | null {
    const entry = this.#named.get(id);
    if (entry !== undefined) entry.seen = true;
    return entry ?? null;
  }

  missing(): number {
    return [...this.#named.values()].filter(({ seen }) => !seen).length;
  }
}

/** Reads the table of contents; every entry's statements are a member. */
async function statements(
  fields: Fields,
  head: Head,
  sink: FormatSink,
  { signal }: UnpackContext,
): Promise<Expected> {
  const expected = new Expected();
  for (let i = 0; i < head.entries; i++) {
    signal.throwIfAborted();
    const entry = await readEntry(fields, head, signal);
    if (entry.hasData) expected.add(entry);
    if (entry.statements.length === 0) continue;
    const text = Buffer.concat(entry.statements.flatMap((statement) => [statement, Buffer.from('\n')]));
    const name = entry.hasData ? `${entry.name} (statement)` : entry.name;
    await sink.member({ name, size: text.length, content: once(text) });
  }
  return expected;
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}

interface Listing {
  readonly head: Head;
  readonly expected: Expected;
}

async function dataBlocks(
  reader: ByteReader,
  intSize: number,
  { head, expected }: Listing,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  for (;;) {
    context.signal.throwIfAborted();
    const at = reader.position;
    const start = await reader.peek(2 + intSize);
    const kind = start[0] ?? 0;
    if (kind !== DATA && kind !== LARGE_OBJECTS) break;
    if (start.length < 2 + intSize) throw new Damaged('cut off at the start of a block of data');
    const id = intOf(start.subarray(1));
    await reader.skip(start.length);
    const entry = expected.take(id);
    const name = entry?.name ?? `(entry ${id})`;
    if (entry === null && expected.complete) {
      sink.gap('corrupt', 'a block of data that the table of contents does not list', { member: name });
    }
    if (entry !== null && entry.position !== null && entry.position !== at) {
      // A reader that goes where the listing says restores something else than what stands here.
      const evidence = { listed: entry.position, found: at };
      sink.unsafe('offset-mismatch', 'its data lies elsewhere than listed', { member: name, evidence });
    }
    if (kind === DATA) await tableData(new Pieces(reader, intSize), name, head, sink, context);
    else await largeObjects(reader, intSize, head, sink, context);
  }
  const missing = expected.missing();
  if (missing > 0) sink.gap('corrupt', `the data of ${missing} entries of the listing does not follow`);
}

/** Text, and behind it what stands in it as hexadecimal digits. */
async function tableData(
  pieces: Pieces,
  name: string,
  head: Head,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  const values = new HexValues(context.scratch);
  try {
    await block(pieces, name, head, values.tap(sink), context);
    await values.handOn(name, sink);
  } finally {
    await values.close();
  }
}

async function largeObjects(
  reader: ByteReader,
  intSize: number,
  head: Head,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  for (;;) {
    const bytes = await reader.exactly(1 + intSize);
    if (bytes.length < 1 + intSize) throw new Damaged('cut off between large objects');
    // Identifiers have 32 bits and no sign, but are stored as if they had one.
    const magnitude = bytes.readUInt32LE(1);
    const id = bytes[0] === 0 ? magnitude : 2 ** 32 - magnitude;
    if (magnitude === 0) return;
    context.signal.throwIfAborted();
    await block(new Pieces(reader, intSize), `large object ${id}`, head, sink, context);
  }
}

/** Every block stands for itself: one that is damaged does not hide the next. */
async function block(
  pieces: Pieces,
  name: string,
  { compression }: Head,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  try {
    await handOn(pieces, name, compression, sink, context);
  } catch (error) {
    if (pieces.cut || !(error instanceof Damaged || error instanceof Unsupported)) throw error;
    sink.gap(error.reason, error.message, { member: name });
  }
  await pieces.drain();
}
