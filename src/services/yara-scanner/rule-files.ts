import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  readdirSync,
  realpathSync,
  statSync,
  type Dirent,
} from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { join, sep } from 'node:path';
import type { RuleFile } from '../../analyze/yara/load-engine.ts';
import { nameFromBytes } from '../../bytes/index.ts';
import { BackupLensError, inWords, type RejectedRule } from '../../domain/index.ts';
import { IncludeResolver, type RuleText } from './includes.ts';

/** Far above the largest public collections (3,421 files; the largest file is under 10 MB). */
const MAX_FILES = 100_000;
const MAX_FILE_BYTES = 10 * 1024 * 1024;
/** The engines are sent all of it, and keep it while they compile. */
const MAX_TOTAL_BYTES = 128 * 1024 * 1024;
const MAX_DEPTH = 32;
/** Of what cannot be read, so many are named. */
const MAX_REJECTED = 5000;
const RULE_FILE = /\.yara?$/i;

export interface RuleSources {
  readonly files: readonly RuleFile[];
  /** What could not be read. */
  readonly rejected: readonly RejectedRule[];
  /** Over the names and contents of all files, in order; null without any. */
  readonly sha256: string | null;
}

/**
 * All rule files below the folders, in order of their names; what several folders have alike, once. Throws BL_RULES for a
 * folder that cannot be read.
 */
export function readRuleFiles(folders: readonly string[]): RuleSources {
  const collected = new Collected();
  for (const folder of folders) {
    let root: string;
    try {
      root = realpathSync(folder);
      if (!statSync(root).isDirectory()) throw new Error('not a folder');
      readdirSync(root);
    } catch (cause) {
      throw new BackupLensError('BL_RULES', `cannot read the rules folder ${folder}: ${inWords(cause)}`, {
        hint: 'give a folder with .yar or .yara files that you may read (--rules, YARA_RULES_DIR)',
        cause,
      });
    }
    walk(root, root, '', 0, new Set(), collected);
    collected.resolveIncludes(root);
  }
  return collected.sources();
}

interface Read extends RuleText {
  /** Its bytes count, and their hash, only once. */
  readonly path: string;
}

class Collected {
  readonly #files: RuleFile[] = [];
  readonly #rejected: RejectedRule[] = [];
  readonly #namespaces = new Set<string>();
  /** Hashes of names and sources. */
  readonly #taken = new Set<string>();
  readonly #hash = createHash('sha256');
  /** Of the present root, in order: what includes may be resolved to is known when all of it was met. */
  #met: Read[] = [];
  #bytes = 0;
  #count = 0;

  /** True when no more files are taken. */
  get full(): boolean {
    return this.#count >= MAX_FILES;
  }

  reject(file: string, message: string, line: number | null = null, column: number | null = null): void {
    if (this.#rejected.length < MAX_REJECTED) this.#rejected.push({ file, line, column, message });
  }

  add(file: string, path: string): void {
    const read = this.#read(file, path);
    if (typeof read === 'string') this.reject(file, read);
    else if (read !== null) this.#met.push(read);
  }

  /** Puts what the files of one root include into them, and takes them as they then are. */
  resolveIncludes(root: string): void {
    const known = new Map(this.#met.map((read) => [read.path, read]));
    const resolver = new IncludeResolver(root, (file, path) => {
      const read = known.get(path) ?? this.#read(file, path);
      if (read !== null && typeof read !== 'string') known.set(path, read);
      return read;
    });
    // It grows: an index brings files that are no rule files by their names.
    const queue = [...this.#met];
    const loaded = new Set(queue.map(({ path }) => path));
    for (const read of queue) {
      const { source, origins, problems, included, isIndex } = resolver.expand(read);
      for (const { file, line, column, message } of problems) this.reject(file, message, line, column);
      if (isIndex) {
        for (const other of included) {
          if (loaded.has(other.path)) continue;
          loaded.add(other.path);
          queue.push({ ...other });
        }
        continue;
      }
      // A bundle may bring what is here already: twice the same would weigh twice.
      const same = createHash('sha256').update(`${read.file}\0${source}`).digest('hex');
      if (this.#taken.has(same)) continue;
      this.#taken.add(same);
      const extra = origins === null ? 0 : source.length;
      if (this.#bytes + extra > MAX_TOTAL_BYTES) {
        this.reject(read.file, `the rules together exceed ${MAX_TOTAL_BYTES} bytes`);
        continue;
      }
      this.#bytes += extra;
      const namespace = this.#namespaceFor(read.file);
      this.#files.push({ file: read.file, namespace, source, ...(origins === null ? {} : { origins }) });
    }
    this.#met = [];
  }

  sources(): RuleSources {
    const sha256 = this.#count === 0 ? null : this.#hash.digest('hex');
    return { files: this.#files, rejected: this.#rejected, sha256 };
  }

  /** What is wrong with it in words; null when that was said already. */
  #read(file: string, path: string): Read | string | null {
    this.#count++;
    let raw: Buffer;
    try {
      raw = readBounded(path);
    } catch (error) {
      return inWords(error);
    }
    if (this.#bytes + raw.length > MAX_TOTAL_BYTES)
      return `the rules together exceed ${MAX_TOTAL_BYTES} bytes`;
    this.#bytes += raw.length;
    this.#hash.update(`${file}\0${raw.length}\0`).update(raw);
    if (!isUtf8(raw)) {
      this.reject(file, 'not valid UTF-8', lineOfBadUtf8(raw));
      return null;
    }
    return { file, path, source: raw.toString('utf8').replace(/^\uFEFF/, '') };
  }

  /** The path without its extension; `#2` where another folder (or `.yar` beside `.yara`) has the same. */
  #namespaceFor(file: string): string {
    const plain = file.replace(RULE_FILE, '');
    let namespace = plain;
    for (let copy = 2; this.#namespaces.has(namespace); copy++) namespace = `${plain}#${copy}`;
    this.#namespaces.add(namespace);
    return namespace;
  }
}

/** Links are followed within the root only; `above` holds the real folders on the way here, against loops. */
function walk(
  root: string,
  folder: string,
  relative: string,
  depth: number,
  above: ReadonlySet<string>,
  collected: Collected,
): void {
  let entries: Dirent<Buffer>[];
  try {
    entries = readdirSync(folder, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    return collected.reject(relative, inWords(error));
  }
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  const inside = new Set(above).add(folder);
  for (const entry of entries) {
    const name = nameFromBytes(entry.name);
    const below = relative === '' ? name : `${relative}/${name}`;
    if (collected.full) return collected.reject(below, `more than ${MAX_FILES} rule files`);
    if (!entry.isDirectory() && !RULE_FILE.test(name) && !entry.isSymbolicLink()) continue;
    let path: string;
    let isFolder: boolean;
    try {
      path = realpathSync(join(folder, entry.name.toString()));
      isFolder = statSync(path).isDirectory();
    } catch (error) {
      if (RULE_FILE.test(name) || entry.isDirectory()) collected.reject(below, inWords(error));
      continue;
    }
    if (!isFolder && !RULE_FILE.test(name)) continue;
    if (!path.startsWith(root + sep)) collected.reject(below, 'a link that leads out of the rules folder');
    else if (!isFolder) collected.add(below, path);
    else if (depth >= MAX_DEPTH) collected.reject(below, `more than ${MAX_DEPTH} folders deep`);
    else if (!inside.has(path)) walk(root, path, below, depth + 1, inside, collected);
  }
}

function readBounded(path: string): Buffer {
  // O_NONBLOCK: a FIFO would wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error('not a regular file');
    if (stat.size > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes`);
    const bytes = Buffer.allocUnsafe(stat.size);
    let filled = 0;
    while (filled < bytes.length) {
      const got = readSync(fd, bytes, filled, bytes.length - filled, filled);
      if (got === 0) break;
      filled += got;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(fd);
  }
}

function lineOfBadUtf8(raw: Buffer): number {
  let line = 1;
  for (let start = 0; start < raw.length; line++) {
    const end = raw.indexOf(0x0a, start);
    const stop = end === -1 ? raw.length : end;
    if (!isUtf8(raw.subarray(start, stop))) return line;
    start = stop + 1;
  }
  return line;
}
