import { deflateSync, zstdCompressSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { tool } from './tool.ts';

/** An entry of the table of contents. */
export interface PgEntry {
  readonly id: number;
  readonly tag: string;
  readonly kind: string;
  readonly schema?: string;
  readonly statement?: string;
  /** What its block holds: table data, or large objects by their number. */
  readonly data?: Buffer | Readonly<Record<number, Buffer>>;
  /** Instead of where its block lies; `unset`: as written to a pipe. */
  readonly position?: number | 'unset';
}

export interface PgDumpOptions {
  /** Of the format, 1.x; 14 is what PostgreSQL 12 to 15 write. */
  readonly minor?: number;
  readonly compression?: 'none' | 'gzip' | 'lz4' | 'zstd';
  /** Bytes in one piece of a block. */
  readonly piece?: number;
  /** Changes one compressed block before it is cut into pieces. */
  readonly spoil?: (block: Buffer, entry: PgEntry) => Buffer;
}

const COMPRESSIONS = ['none', 'gzip', 'lz4', 'zstd'];
const DATA = 1;
const LARGE_OBJECTS = 3;
const POSITION_UNSET = 1;
const POSITION_SET = 2;
const NO_DATA = 3;

/** A dump of the custom format as pg_dump writes it (pg_backup_archiver.c, pg_backup_custom.c), or as no one would. */
export function pgDumpBytes(entries: readonly PgEntry[], options: PgDumpOptions = {}): Buffer {
  const blocks = entries.map((entry) =>
    entry.data === undefined ? Buffer.alloc(0) : blockOf(entry, options),
  );
  // The listing has the same length wherever the blocks lie.
  let at = listing(
    entries,
    entries.map(() => 0),
    options,
  ).length;
  const positions = blocks.map((block) => {
    const start = at;
    at += block.length;
    return start;
  });
  return Buffer.concat([listing(entries, positions, options), ...blocks]);
}

function listing(
  entries: readonly PgEntry[],
  positions: readonly number[],
  { minor = 14, compression = 'gzip' }: PgDumpOptions,
): Buffer {
  const algorithm = COMPRESSIONS.indexOf(compression);
  const head = [
    Buffer.from('PGDMP'),
    Buffer.from([1, minor, 0, 4, 8, 1]),
    minor >= 15 ? Buffer.from([algorithm]) : int(algorithm === 0 ? 0 : -1),
    ...[1, 2, 3, 4, 5, 126, 0].map(int),
    ...['shop', '15.0', '15.0'].map(string),
    int(entries.length),
  ];
  const rows = entries.map((entry, index) => [
    int(entry.id),
    int(entry.data === undefined ? 0 : 1),
    string('0'),
    string('0'),
    string(entry.tag),
    string(entry.kind),
    ...(minor >= 11 ? [int(entry.data === undefined ? 2 : 3)] : []),
    string(entry.statement ?? ''),
    string(''),
    string(entry.kind === 'TABLE DATA' ? `COPY ${entry.schema ?? ''}.${entry.tag} FROM stdin;\n` : null),
    string(entry.schema ?? null),
    string(null),
    ...(minor >= 14 ? [string(null)] : []),
    ...(minor >= 16 ? [int(114)] : []),
    string('postgres'),
    string('false'),
    string(null),
    offset(entry, positions[index] ?? 0),
  ]);
  return Buffer.concat([...head, ...rows.flat()]);
}

function offset({ data, position }: PgEntry, written: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = data === undefined ? NO_DATA : position === 'unset' ? POSITION_UNSET : POSITION_SET;
  if (bytes[0] === POSITION_SET)
    bytes.writeBigUInt64LE(BigInt(typeof position === 'number' ? position : written), 1);
  return bytes;
}

function blockOf(entry: PgEntry, options: PgDumpOptions): Buffer {
  const { id, data = Buffer.alloc(0) } = entry;
  if (Buffer.isBuffer(data))
    return Buffer.concat([Buffer.from([DATA]), int(id), pieces(data, entry, options)]);
  const objects = Object.entries(data).flatMap(([number, content]) => [
    int(Number(number)),
    pieces(content, entry, options),
  ]);
  return Buffer.concat([Buffer.from([LARGE_OBJECTS]), int(id), ...objects, int(0)]);
}

function pieces(content: Buffer, entry: PgEntry, options: PgDumpOptions): Buffer {
  const { compression = 'gzip', piece = 4096, spoil = (block: Buffer) => block } = options;
  const stored = spoil(compressed(content, compression), entry);
  const parts: Buffer[] = [];
  for (let at = 0; at < stored.length; at += piece) {
    const part = stored.subarray(at, at + piece);
    parts.push(int(part.length), part);
  }
  return Buffer.concat([...parts, int(0)]);
}

function compressed(content: Buffer, compression: string): Buffer {
  if (compression === 'gzip') return deflateSync(content);
  if (compression === 'zstd') return zstdCompressSync(content);
  return compression === 'lz4' ? tool(tmpdir(), 'lz4', ['-c'], content) : content;
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = value < 0 ? 1 : 0;
  bytes.writeUInt32LE(Math.abs(value), 1);
  return bytes;
}

function string(text: string | null): Buffer {
  return text === null ? int(-1) : Buffer.concat([int(Buffer.byteLength(text)), Buffer.from(text)]);
}
