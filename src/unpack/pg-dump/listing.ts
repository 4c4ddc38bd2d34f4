import { Damaged, Unsupported } from '../trouble.ts';
import type { Fields } from './fields.ts';

export type Compression = 'none' | 'gzip' | 'lz4' | 'zstd';

/** What an archive says of itself: pg_backup_archiver.c, ReadHead. */
export interface Head {
  /** The minor number of version 1.x. */
  readonly minor: number;
  /** False for the `toc.dat` of a tar or directory dump, whose data are files of their own. */
  readonly holdsData: boolean;
  readonly compression: Compression;
  readonly entries: number;
}

/** One entry of the table of contents: pg_backup_archiver.c, ReadToc. */
export interface Entry {
  readonly id: number;
  readonly name: string;
  /** What is run to make it again, as stored. Empty for what only has data. */
  readonly statements: readonly Buffer[];
  /** Whether a block of data belongs to it. */
  readonly hasData: boolean;
  /** Where that is said to lie; null: not known when the listing was written. */
  readonly position: number | null;
}

const MAGIC = 'PGDMP';
/** PostgreSQL 8.0 (1.10) to 18 (1.16). */
const OLDEST = 10;
const NEWEST = 16;
const CUSTOM = 1;
const TAR = 3;
const DIRECTORY = 5;
const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'lz4', 'zstd'];
const POSITION_SET = 2;
const NO_DATA = 3;
const NAME_CHARACTERS = 200;
/** Second, minute, hour, day, month, year, summer time. */
const DATE_INTS = 7;

/** Throws Damaged, Unsupported, OverBudget. */
export async function readHead(fields: Fields): Promise<Head> {
  const start = await fields.bytes(11);
  if (start.toString('latin1', 0, 5) !== MAGIC) throw new Damaged('no PostgreSQL dump');
  const major = start.readUInt8(5);
  const minor = start.readUInt8(6);
  if (major !== 1 || minor < OLDEST || minor > NEWEST) {
    throw new Unsupported(
      `version ${major}.${minor} of the dump format; read are 1.${OLDEST} to 1.${NEWEST}`,
    );
  }
  fields.intSize = start.readUInt8(8);
  fields.offsetSize = start.readUInt8(9);
  if (![4, 8].includes(fields.intSize) || ![4, 8].includes(fields.offsetSize)) {
    throw new Unsupported(`numbers of ${fields.intSize} and offsets of ${fields.offsetSize} bytes`);
  }
  const format = start.readUInt8(10);
  if (![CUSTOM, TAR, DIRECTORY].includes(format)) throw new Unsupported(`a dump of kind ${format}`);
  const compression = await readCompression(fields, minor);
  for (let i = 0; i < DATE_INTS; i++) await fields.int();
  await fields.skipStrings(3); // The database's name, the server's version and that of pg_dump.
  return { minor, holdsData: format === CUSTOM, compression, entries: await fields.int() };
}

async function readCompression(fields: Fields, minor: number): Promise<Compression> {
  // Before 1.15 a level of zlib: 0 is none, -1 its default.
  if (minor < 15) return (await fields.int()) === 0 ? 'none' : 'gzip';
  const algorithm = await fields.byte();
  const compression = COMPRESSIONS[algorithm];
  if (compression === undefined) throw new Unsupported(`compression method ${algorithm}`);
  return compression;
}

/** Throws Damaged, OverBudget. `signal` is looked at between dependencies. */
export async function readEntry(fields: Fields, head: Head, signal: AbortSignal): Promise<Entry> {
  const id = await fields.int();
  const hadDumper = await fields.int();
  await fields.skipStrings(2); // Object identifiers of the catalogue.
  const tag = await fields.string();
  const kind = await fields.string();
  if (head.minor >= 11) await fields.int(); // Section.
  const definition = await fields.string();
  const drop = await fields.string();
  const copy = await fields.string();
  const schema = await fields.string();
  await fields.skipStrings(head.minor >= 14 ? 2 : 1); // Tablespace, access method.
  if (head.minor >= 16) await fields.int(); // Kind of relation.
  await fields.skipStrings(2); // Owner, and whether the table has OIDs.
  // A list of what it depends on, ended by no text.
  while ((await fields.string()) !== null) signal.throwIfAborted();
  const { state, position } = await readPlace(fields, head);
  const statements = [drop, definition, copy].filter((text) => text !== null && text.length > 0);
  return {
    id,
    name: nameOf(tag, kind, schema),
    statements: statements.filter((text) => text !== null),
    hasData: hadDumper !== 0 && state !== NO_DATA,
    position: state === POSITION_SET ? position : null,
  };
}

async function readPlace(fields: Fields, head: Head): Promise<{ state: number; position: number }> {
  if (head.holdsData) return fields.offset();
  await fields.string(); // The file beside this one.
  return { state: NO_DATA, position: 0 };
}

/** `public.users (TABLE)`. It is no path, so it must not look like one. */
function nameOf(tag: Buffer | null, kind: Buffer | null, schema: Buffer | null): string {
  const of = words(schema);
  return `${of === '' ? '' : `${of}.`}${words(tag)} (${words(kind)})`;
}

function words(text: Buffer | null): string {
  return (text ?? Buffer.alloc(0))
    .toString('utf8', 0, 4 * NAME_CHARACTERS)
    .slice(0, NAME_CHARACTERS)
    .replaceAll(/[/\\]/g, '_');
}
