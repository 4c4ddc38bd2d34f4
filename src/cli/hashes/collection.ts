import { fields } from '../../analyze/hash-sets/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { isSha256, type KnownHash } from './known-hash.ts';

/** Reads one line of a collection: an entry, null for a line that has none to give, or what is wrong with it. */
type Reader = (line: string) => KnownHash | string | null;

/** A collection in one of the formats in which they are published, told by what it says itself. */
export interface Format {
  readonly name: string;
  readonly read: Reader;
}

/** Columns that hold the hash, by the names that the publishers give them. */
const SHA256_COLUMNS = ['sha256_hash', 'sha256', 'sha-256', 'sha_256', 'hash_sha256'];
const OTHER_COLUMNS = ['md5', 'sha-1', 'sha1', 'md5_hash', 'sha1_hash'];
/** Columns that say what it is, the best first. */
const NAME_COLUMNS = ['signature', 'malware', 'family', 'name', 'file_name', 'filename', 'productname'];
/** MalwareBazaar writes this where it knows nothing. */
const NOTHING = new Set(['', 'n/a', 'none', 'null']);

const SHA256SUM = /^\\?([0-9a-f]{64}) [ *](.+)$/i;
const BSD_SUM = /^SHA256 \((.*)\) = ([0-9a-f]{64})$/i;
const BARE_OTHER = /^"?([0-9a-f]{32}|[0-9a-f]{40})"?(?:[\s,]|$)/i;
const HASHDEEP = /^%%%% (?:HASHDEEP-|size,)/;

/**
 * The format of a collection, from its first lines. null: none of them says anything yet (comments). Throws BL_USAGE for one that
 * has no SHA-256, and for what is no such collection.
 */
export function formatOf(line: string): Format | null {
  if (line.startsWith('%%%% size,')) return hashdeep(line.slice('%%%% '.length));
  if (HASHDEEP.test(line) || line.trim() === '') return null;
  if (line.startsWith('#')) {
    // MalwareBazaar's columns stand in the last line of its comment.
    const columns = namesIn(line.replace(/^#\s*/, ''));
    return columns.some((column) => SHA256_COLUMNS.includes(column)) ? table(columns, 'CSV') : null;
  }
  if (line.startsWith('{')) return { name: 'hashlookup (JSON, one object a line)', read: readJson };
  if (SHA256SUM.test(line) || BSD_SUM.test(line)) return { name: 'sha256sum', read: readSum };
  const columns = namesIn(line);
  if (isSha256(columns[0] ?? '')) return { name: 'SHA-256,name,source', read: readPlain };
  if (columns.some((column) => SHA256_COLUMNS.includes(column))) return table(columns, 'CSV');
  if (BARE_OTHER.test(line) || columns.some((column) => OTHER_COLUMNS.includes(column))) throw noSha256();
  throw new BackupLensError('BL_USAGE', 'this is none of the formats that are read', {
    hint: 'backuplens hashes import --help names them',
  });
}

function noSha256(): BackupLensError {
  return new BackupLensError(
    'BL_USAGE',
    'this collection has MD5 or SHA-1 only (as VirusShare and the NSRL before RDSv3 have), which others can be made to share',
    {
      hint: 'take a collection with SHA-256: two files with one MD5 are made in seconds, so it proves nothing',
    },
  );
}

function namesIn(line: string): string[] {
  return fields(line).map((name) => name.trim().toLowerCase());
}

function table(columns: readonly string[], name: string): Format {
  const hashAt = columns.findIndex((column) => SHA256_COLUMNS.includes(column));
  const namesAt = NAME_COLUMNS.map((column) => columns.indexOf(column)).filter((at) => at !== -1);
  return {
    name,
    read: (line) => {
      if (line.startsWith('#') || line.trim() === '') return null;
      const cells = fields(line);
      const sha256 = cells[hashAt]?.trim() ?? '';
      // A collection may know some of its files by other sums only; and its header may stand there twice.
      if (sha256 === '' || SHA256_COLUMNS.includes(sha256.toLowerCase())) return null;
      if (!isSha256(sha256)) return `no SHA-256 in column ${hashAt + 1}`;
      const said = namesAt.map((at) => cells[at] ?? '').find((cell) => !NOTHING.has(cell.toLowerCase()));
      return { sha256, name: said ?? '', malicious: null };
    },
  };
}

function hashdeep(header: string): Format {
  const columns = namesIn(header);
  if (!columns.includes('sha256')) throw noSha256();
  // The name is last, may hold commas, and is not quoted.
  const at = columns.indexOf('sha256');
  const before = columns.length - 1;
  return {
    name: 'hashdeep',
    read: (line) => {
      if (line.startsWith('%') || line.startsWith('#') || line === '') return null;
      const cells = line.split(',');
      const sha256 = cells[at] ?? '';
      if (!isSha256(sha256)) return `no SHA-256 in column ${at + 1}`;
      return { sha256, name: cells.slice(before).join(','), malicious: null };
    },
  };
}

function readSum(line: string): KnownHash | string | null {
  if (line.trim() === '' || line.startsWith('#')) return null;
  const sum = SHA256SUM.exec(line);
  const bsd = sum === null ? BSD_SUM.exec(line) : null;
  const [sha256, name] = sum === null ? [bsd?.[2], bsd?.[1]] : [sum[1], sum[2]];
  if (sha256 === undefined) return 'no line of sha256sum';
  return { sha256, name: name ?? '', malicious: null };
}

function readPlain(line: string): KnownHash | string | null {
  if (line.trim() === '' || line.startsWith('#')) return null;
  const [sha256 = '', name = ''] = fields(line);
  return isSha256(sha256) ? { sha256, name, malicious: null } : 'no SHA-256';
}

/** draft-dulaunoy-hashlookup-format: keys as in the NSRL, `KnownMalicious`, and a trust from 0 to 100, 50 being no opinion. */
function readJson(line: string): KnownHash | string | null {
  if (line.trim() === '') return null;
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return 'no JSON';
  }
  if (!isFields(said)) return 'no JSON object';
  const sha256 = said['SHA-256'];
  if (sha256 === undefined) return null;
  if (typeof sha256 !== 'string' || !isSha256(sha256)) return 'no SHA-256';
  const name = said['FileName'];
  const trust = Number(said['hashlookup:trust'] ?? 50);
  const malicious = said['KnownMalicious'] !== undefined || trust < 50 ? true : null;
  return { sha256, name: typeof name === 'string' ? name : '', malicious };
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
