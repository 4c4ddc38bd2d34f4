import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readSync, readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BackupLensError, inWords, type ErrorCode } from '../domain/index.ts';
import { hashSetFolders } from './hash-sets.ts';
import type { EffectiveConfig } from './load.ts';
import { Trust, type Doubt } from './trust.ts';

export type TrustedWhat = 'policy' | 'rules' | 'names' | 'hashes' | 'keys' | 'baseline' | 'data' | 'cache';

/** Something that decides what is found or approved, and so must be nobody's but ours. */
export interface ToTrust {
  readonly what: TrustedWhat;
  readonly path: string;
}

/** What was used, for the report. */
export interface UsedFile {
  /** Absolute, every link followed. */
  readonly path: string;
  /** Of a file: its bytes. Of a folder of rules: names and contents of all files. null: not a matter of content. */
  readonly sha256: string | null;
}

/** What decides under these settings. `baseline`: named by a flag. */
export function decidingFiles(
  config: Pick<
    EffectiveConfig,
    | 'scoringFile'
    | 'ransomwareNamesFile'
    | 'rulesDirs'
    | 'yara'
    | 'knownBadDir'
    | 'knownGoodDir'
    | 'bundledHashSets'
  >,
  baseline?: string,
): ToTrust[] {
  const { scoringFile, ransomwareNamesFile, rulesDirs, yara } = config;
  const embedded = yara.value.mode === 'embedded';
  return [
    { what: 'policy', path: scoringFile.value },
    { what: 'names', path: ransomwareNamesFile.value },
    ...hashSetFolders(config).map(({ path }): ToTrust => ({ what: 'hashes', path })),
    ...(embedded ? rulesDirs.value.map((path): ToTrust => ({ what: 'rules', path })) : []),
    ...(baseline === undefined ? [] : [{ what: 'baseline' as const, path: resolve(baseline) }]),
  ];
}

interface Treatment {
  /** When it cannot be read. */
  readonly code: ErrorCode;
  /** It must exist, and what it holds decides. Otherwise only its place matters. */
  readonly read: boolean;
  readonly elsewhere: string;
}

const TREATMENT: Readonly<Record<TrustedWhat, Treatment>> = {
  policy: { code: 'BL_POLICY', read: true, elsewhere: '--scoring /etc/backuplens/scoring.yaml' },
  rules: { code: 'BL_RULES', read: true, elsewhere: '--rules /etc/backuplens/yara-rules' },
  names: { code: 'BL_CONFIG', read: true, elsewhere: '/config/ransomware-names.txt' },
  hashes: { code: 'BL_CONFIG', read: true, elsewhere: 'KNOWN_BAD_DIR=/etc/backuplens/hash-sets/bad' },
  keys: { code: 'BL_CONFIG', read: true, elsewhere: 'KEYS_DIR=/etc/backuplens/keys' },
  baseline: { code: 'BL_CONFIG', read: true, elsewhere: '--baseline /etc/backuplens/baseline.json' },
  data: { code: 'BL_CONFIG', read: false, elsewhere: 'DATA_DIR=/var/lib/backuplens' },
  cache: { code: 'BL_CONFIG', read: false, elsewhere: '--cache /var/cache/backuplens/verdicts.sqlite' },
};

/** A set of rules is megabytes; what is beyond was not meant. */
const MAX_FILES = 200_000;
const MAX_BYTES = 2 * 1024 ** 3;
const MAX_DEPTH = 32;
const CHUNK_BYTES = 256 * 1024;

/**
 * Path and hash of each of `paths`, or BL_UNTRUSTED_CONFIG when one of them lies inside a scanned path or could be
 * changed by another user: the file, any folder above it, any link on the way, any file within a rules folder.
 * There are no exceptions, the delivered policy and rules included. Throws BL_POLICY, BL_RULES or BL_CONFIG for
 * what cannot be read.
 */
export function assertTrusted(
  paths: readonly ToTrust[],
  scannedRoots: readonly string[],
): readonly UsedFile[] {
  const trust = new Trust(new Set(scannedRoots.map(real)));
  const doubts: { readonly from: ToTrust; readonly doubt: Doubt }[] = [];
  const used = paths.map((from): UsedFile => {
    const { path, doubt, sha256 } = examine(from, trust);
    if (doubt !== null) doubts.push({ from, doubt });
    return { path, sha256 };
  });
  if (doubts.length === 0) return used;
  throw new BackupLensError(
    'BL_UNTRUSTED_CONFIG',
    doubts.map(({ from, doubt }) => `${from.what} ${from.path}: ${doubt.because}`).join('\n'),
    { hint: [...new Set(doubts.map(({ from, doubt }) => nextStep(from, doubt)))].join('; ') },
  );
}

function nextStep({ what }: ToTrust, doubt: Doubt): string {
  return doubt.hint ?? `name one elsewhere (${TREATMENT[what].elsewhere}), or start from another folder`;
}

/** A scanned path that does not exist holds nothing; intake says so. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // What cannot be resolved can still be compared by name.
    return resolve(path);
  }
}

interface Examined extends UsedFile {
  readonly doubt: Doubt | null;
}

function examine({ what, path }: ToTrust, trust: Trust): Examined {
  const { code, read } = TREATMENT[what];
  try {
    const reached = trust.follow(path);
    if (reached.doubt !== null || !read) return { path: reached.path, sha256: null, doubt: reached.doubt };
    if (reached.stats === null)
      throw new BackupLensError(code, `${what} ${path}: no such file or folder`, {
        hint: `name one that exists (${TREATMENT[what].elsewhere})`,
      });
    if (!reached.stats.isDirectory()) {
      return { path: reached.path, sha256: hashFile(reached.path).sha256, doubt: null };
    }
    const contents = new FolderHash(trust);
    contents.add(reached.path, '', 0);
    return { path: reached.path, sha256: contents.digest(), doubt: contents.doubt };
  } catch (error) {
    if (error instanceof BackupLensError) throw error;
    throw new BackupLensError(code, `${what} ${path}: cannot be read: ${inWords(error)}`, { cause: error });
  }
}

/** Names and contents of all files below a folder, links followed, each looked at for trust. */
class FolderHash {
  readonly #trust: Trust;
  readonly #hash = createHash('sha256');
  readonly #folders = new Set<string>();
  #files = 0;
  #bytes = 0;
  doubt: Doubt | null = null;

  constructor(trust: Trust) {
    this.#trust = trust;
  }

  digest(): string | null {
    return this.doubt === null ? this.#hash.digest('hex') : null;
  }

  /** `name` is relative to the folder, with `/`. Stops at the first doubt. */
  add(folder: string, name: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new RangeError(`folders are nested deeper than ${MAX_DEPTH}`);
    // A link back to a folder that was seen adds nothing.
    if (this.#folders.has(folder)) return;
    this.#folders.add(folder);
    for (const entry of readdirSync(folder).toSorted()) {
      this.#addEntry(join(folder, entry), name === '' ? entry : `${name}/${entry}`, depth);
      if (this.doubt !== null) return;
    }
  }

  #addEntry(path: string, name: string, depth: number): void {
    let at = path;
    let stats = lstatSync(path);
    this.doubt = this.#trust.doubtOf(path, stats);
    if (stats.isSymbolicLink() && this.doubt === null) {
      const reached = this.#trust.follow(path);
      this.doubt = reached.doubt;
      // A link to nowhere holds no rules.
      if (reached.stats === null) return;
      at = reached.path;
      stats = reached.stats;
    }
    if (this.doubt !== null) return;
    if (stats.isDirectory()) this.add(at, name, depth + 1);
    else if (stats.isFile()) this.#addFile(at, name);
  }

  #addFile(path: string, name: string): void {
    const { sha256, bytes } = hashFile(path);
    this.#files += 1;
    this.#bytes += bytes;
    if (this.#files > MAX_FILES) throw new RangeError(`more than ${MAX_FILES} files`);
    if (this.#bytes > MAX_BYTES) throw new RangeError(`more than ${MAX_BYTES} bytes`);
    // The length keeps a name from running into what follows.
    this.#hash.update(`${Buffer.byteLength(name)}:${name}:${sha256}\n`);
  }
}

function hashFile(path: string): { readonly sha256: string; readonly bytes: number } {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let bytes = 0;
    for (;;) {
      const got = readSync(descriptor, chunk, 0, chunk.length, null);
      if (got === 0) return { sha256: hash.digest('hex'), bytes };
      bytes += got;
      if (bytes > MAX_BYTES) throw new RangeError(`more than ${MAX_BYTES} bytes`);
      hash.update(chunk.subarray(0, got));
    }
  } finally {
    closeSync(descriptor);
  }
}
