import { lstat, realpath, stat } from 'node:fs/promises';
import { lstatSync, type BigIntStats } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { nameFromBytes } from '../bytes/index.ts';
import { inWords, type FolderKind } from '../domain/index.ts';
import { BegunParts } from './begun-parts.ts';
import { identityOf } from './file-identity.ts';
import { FolderListing, kindOf, type Entry } from './folder-listing.ts';
import { join, joinText } from './join-path.ts';
import type { Inode, KnownFiles, KnownFolder } from './known-files.ts';
import type { Met } from './met.ts';
import { partSets } from './part-sets.ts';
import { recognisedNow } from './known-sets.ts';
import { selection, type Selection } from './selection.ts';

export interface WalkOptions {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly one_file_system: boolean;
  /**
   * Recognised sets are met as one, and so are folders of which `isDropped` says so (`given`: the path was given itself). Absent:
   * everything is met file by file.
   */
  readonly units?: { readonly isDropped: (folder: Buffer, given: boolean) => boolean };
  /** Files that need not be met one by one. Absent: all are. */
  readonly known?: KnownFiles;
  /** Files that are not to be scanned whatever they are called: the report that is being written. */
  readonly except: readonly { readonly dev: bigint; readonly ino: bigint }[];
}

const SLASH = 0x2f;

/**
 * Walks every given path. `-` is standard input. Never throws for what it meets. Parts of an archive come together, when
 * their folder is done.
 */
export function walk(
  given: AsyncIterable<Buffer> | Iterable<Buffer>,
  options: WalkOptions,
): AsyncGenerator<Met, void, undefined> {
  return partSets(eachOf(given, options));
}

async function* eachOf(
  given: AsyncIterable<Buffer> | Iterable<Buffer>,
  options: WalkOptions,
): AsyncGenerator<Met, void, undefined> {
  const wanted = selection(options.include, options.exclude);
  for await (const path of given) {
    if (path.toString() === '-') yield { type: 'stream', display: '-' };
    else yield* walkGiven(path, options, wanted);
  }
}

/** A path given explicitly is followed if it is a link; links met on the way are not. */
async function* walkGiven(
  path: Buffer,
  options: WalkOptions,
  wanted: Selection,
): AsyncGenerator<Met, void, undefined> {
  const display = nameFromBytes(path);
  const absolute = path[0] === SLASH ? path : join(Buffer.from(process.cwd()), path);
  let stats: BigIntStats, real: Buffer;
  try {
    stats = await stat(path, { bigint: true });
    real = await realpath(path, { encoding: 'buffer' });
  } catch (error) {
    yield { type: 'missing', display, message: inWords(error) };
    return;
  }
  const kind = kindOf(stats);
  if (kind === 'file' && isExcept(stats, options)) {
    yield { type: 'skipped', path: absolute, display, reason: 'excluded', outward: false };
  } else if (kind === 'file')
    yield { type: 'file', path: real, display, size: Number(stats.size), stats: identityOf(stats) };
  else if (kind === 'folder') {
    const device = options.one_file_system ? stats.dev : null;
    yield { type: 'folder', at: 'start', path: absolute, display };
    const top = { path: absolute, display, relative: '', root: real, inode: stats, device, options };
    yield* walkFolder(top, wanted);
    yield { type: 'folder', at: 'end', path: absolute, display };
  } else yield { type: 'missing', display, message: `is a ${kind}, not a file or folder` };
}

interface Folder {
  readonly path: Buffer;
  readonly display: string;
  /** Below the given path, for include and exclude patterns; empty for the given path itself. */
  readonly relative: string;
  /** Real path of the given path: what leads out of it is outward. */
  readonly root: Buffer;
  readonly inode: Inode;
  /** Stay on this device; null: go anywhere. */
  readonly device: bigint | null;
  readonly options: WalkOptions;
}

/** Depth first with a stack of its own: folders may be nested deeper than calls can be. */
async function* walkFolder(top: Folder, wanted: Selection): AsyncGenerator<Met, void, undefined> {
  const first = await enter(top);
  if ('type' in first) {
    yield first;
    return;
  }
  const open = [first];
  let inStep = 0;
  for (let inner = open.at(-1); inner !== undefined; inner = open.at(-1)) {
    const { folder, known, parts } = inner;
    const next = inner.entries.next();
    const stats = next.done === true || known === null ? null : statsAtOnce(folder, next.value, wanted);
    const passes =
      next.done !== true &&
      stats !== null &&
      !parts.has(next.value.name) &&
      known?.passes(next.value.name, stats) === true;
    if (passes) {
      if (++inStep % IN_STEP !== 0) continue;
      yield* passedOf(inner);
      await turn();
      continue;
    }
    yield* passedOf(inner);
    if (next.done === true) {
      known?.end();
      open.pop();
      continue;
    }
    const met = await meet(folder, next.value, wanted, stats);
    if (!('folder' in met)) {
      const isAlone = met.type === 'file' && known !== null && !parts.meets(next.value.name);
      if (isAlone && met.stats !== undefined) known.meets(next.value.name, met.stats);
      yield met;
      continue;
    }
    const entered = await enter(met.folder);
    if ('type' in entered) yield entered;
    else open.push(entered);
  }
}

interface OpenFolder {
  readonly folder: Folder;
  readonly entries: Generator<Entry, void, undefined>;
  /** Null: its files are met one by one. */
  readonly known: KnownFolder | null;
  readonly parts: BegunParts;
}

/** Files that are looked at in a row before anybody else has a turn. */
const IN_STEP = 1024;

/**
 * Of a file that is wanted, without a way through the thread pool, which costs ten times as much; null: it is none, or cannot be
 * looked at.
 */
function statsAtOnce(
  { path, relative, options }: Folder,
  entry: Entry,
  wanted: Selection,
): BigIntStats | null {
  if (entry.kind !== 'file') return null;
  if (!wanted.everything && !wanted.wanted(below(relative, entry.name), 'file')) return null;
  try {
    const stats = lstatSync(join(path, entry.name), { bigint: true });
    return stats.isFile() && !isExcept(stats, options) ? stats : null;
  } catch {
    return null; // Whoever meets it says why.
  }
}

function* passedOf({ folder, known }: OpenFolder): Generator<Met, void, undefined> {
  const passed = known?.passed() ?? null;
  if (passed === null) return;
  yield { type: 'passed', path: join(folder.path, Buffer.alloc(0)), display: folder.display, ...passed };
}

function below(relative: string, name: Buffer): string {
  return relative === '' ? nameFromBytes(name) : `${relative}/${nameFromBytes(name)}`;
}

async function enter(folder: Folder): Promise<OpenFolder | Met> {
  try {
    const known = (await folder.options.known?.folder(folder.path, folder.inode)) ?? null;
    const listing = known === null ? await FolderListing.of(folder.path) : FolderListing.atOnce(folder.path);
    const kind = await unitKind(folder, listing);
    if (kind !== null) return { type: 'unit', path: folder.path, display: folder.display, kind };
    return { folder, entries: listing.entries(), known, parts: new BegunParts() };
  } catch (error) {
    return { type: 'unreadable', path: folder.path, display: folder.display, message: inWords(error) };
  }
}

async function unitKind(
  { path, relative, options }: Folder,
  listing: FolderListing,
): Promise<FolderKind | null> {
  if (options.units === undefined) return null;
  const is = await recognisedNow(path, listing);
  if (is !== null) return is.begun ? 'begun' : is.kind;
  return options.units.isDropped(path, relative === '') ? 'dropped' : null;
}

/** What an entry is: something that is met, or a folder to be entered. `known`: what was just seen of it. */
async function meet(
  folder: Folder,
  { name, kind: listed }: Entry,
  wanted: Selection,
  known: BigIntStats | null,
): Promise<Met | { readonly folder: Folder }> {
  const path = join(folder.path, name);
  const display = joinText(folder.display, nameFromBytes(name));
  const relative = below(folder.relative, name);
  let stats: BigIntStats;
  try {
    stats = known ?? (await lstat(path, { bigint: true }));
  } catch (error) {
    return { type: 'unreadable', path, display, message: inWords(error) };
  }
  const skipped = (reason: Skipped['reason'], outward = false): Skipped => ({
    type: 'skipped',
    path,
    display,
    reason,
    outward,
  });
  const kind = listed === 'unknown' ? kindOf(stats) : listed;
  if (kind === 'folder') {
    if (!wanted.wanted(relative, 'folder')) return skipped('excluded');
    if (folder.device !== null && stats.dev !== folder.device) return skipped('other_file_system');
    return { folder: { ...folder, path, display, relative, inode: stats } };
  }
  if (kind === 'file') {
    if (!wanted.wanted(relative, 'file') || isExcept(stats, folder.options)) return skipped('excluded');
    return { type: 'file', path, display, size: Number(stats.size), stats: identityOf(stats) };
  }
  return skipped(kind, kind === 'symlink' && (await leadsOut(path, folder.root)));
}

type Skipped = Extract<Met, { type: 'skipped' }>;

function isExcept({ dev, ino }: BigIntStats, { except }: WalkOptions): boolean {
  return except.some((one) => one.dev === dev && one.ino === ino);
}

/** A link that dangles or turns in circles leads nowhere. */
async function leadsOut(link: Buffer, root: Buffer): Promise<boolean> {
  try {
    const target = await realpath(link, { encoding: 'buffer' });
    const inside = join(root, Buffer.alloc(0));
    return !target.equals(root) && !target.subarray(0, inside.length).equals(inside);
  } catch {
    return false;
  }
}
