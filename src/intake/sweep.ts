import { createHash, type Hash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { nameFromBytes } from '../bytes/index.ts';
import { inWords, type FolderKind } from '../domain/index.ts';
import { identityBytes, identityOf, type FileIdentity } from './file-identity.ts';
import { FolderListing, kindOf, type Entry, type EntryKind } from './folder-listing.ts';
import { join, joinText } from './join-path.ts';
import type { FileMet, PartSet } from './met.ts';
import { LAST, partName } from './part-name.ts';
import { partSets } from './part-sets.ts';
import { recognisedNow, type Recognise, type Recognised } from './known-sets.ts';
import type { SetKind } from './sets/index.ts';
import { tarVolume } from './tar-volume.ts';

/** A folder that is dealt with as one: a recognised set, or with DISPOSITION_UNIT=folder what was dropped. */
export interface FolderMet {
  readonly type: 'folder';
  readonly path: Buffer;
  readonly display: string;
  /** `dropped`: no recognised set itself. */
  readonly kind: FolderKind;
  /** A recognised set lies somewhere in it, or it is one. */
  readonly holds_set: boolean;
  /** It may be such a set of which more is to come: what it looks like. */
  readonly begun: SetKind | null;
  readonly files: number;
  /** In bytes, of all files together. */
  readonly size: number;
  /** Of the folder itself. */
  readonly dev: bigint;
  readonly ino: bigint;
  /** Something in it is called like what is still being written. */
  readonly delayed: boolean;
  /** Over every name and file identity in it: another one means other content. 32 bytes. */
  readonly print: Buffer;
}

/** Not looked at, by rule or by the world's doing. */
export type Listed =
  | {
      readonly type: 'skipped';
      readonly path: Buffer;
      readonly display: string;
      /** `empty`: a dropped folder without anything in it. */
      readonly reason: Exclude<EntryKind, 'file' | 'folder'> | 'empty';
    }
  | {
      readonly type: 'unreadable';
      readonly path: Buffer;
      readonly display: string;
      readonly message: string;
    };

export type Swept = FileMet | PartSet | FolderMet | Listed;

export interface SweepOptions {
  readonly root: Buffer;
  /** Folders between the watched one and `root`; 0: it is the watched folder. */
  readonly depth?: number;
  /** The root is this unit, whatever stands in it now. */
  readonly as?: FolderKind;
  /** Names of what is still being written. */
  readonly isDelayed?: (name: string) => boolean;
  /** For whoever sweeps again and again, and waits for what has begun; otherwise everything is looked into anew. */
  readonly recognise?: Recognise;
  /** What is one unit where nothing is recognised. */
  readonly unit: 'file' | 'folder';
  /** Folders that are the program's own and stand there for a moment: not looked into. */
  readonly ours: (path: Buffer) => boolean | Promise<boolean>;
  /** Told of every folder that is entered. */
  readonly entered: (path: Buffer) => void;
}

/** Looked at side by side: hides the wait for each answer, which is most of a sweep's time (measured: 62 to 8 µs). */
const STATS_AT_ONCE = 64;

/**
 * Everything below the root, once, in a stable order: folders depth first, entries by the bytes of their names; the parts of
 * an archive come together. Never throws; what cannot be looked at costs nothing else its look.
 */
export function sweep(options: SweepOptions): AsyncGenerator<Swept, void, undefined> {
  return partSets(eachBelow(options), { more: true });
}

interface Place {
  readonly path: Buffer;
  readonly display: string;
  /** 0 is the root. */
  readonly depth: number;
}

interface Looked {
  readonly entry: Entry;
  readonly path: Buffer;
  /** null: it vanished. */
  readonly stats: BigIntStats | null;
  readonly problem: string | null;
}

interface OpenFolder {
  readonly place: Place;
  readonly entries: AsyncGenerator<Looked, void, undefined>;
  /** Set on the folder that is the unit; everything below belongs to it. */
  readonly collector: Collector | null;
}

async function* eachBelow(
  options: SweepOptions,
): AsyncGenerator<FileMet | FolderMet | Listed, void, undefined> {
  const { root, depth = 0 } = options;
  const first = await enter({ path: root, display: nameFromBytes(root), depth }, options, null);
  if ('type' in first) {
    yield first;
    return;
  }
  const open = [first];
  let collecting = first.collector;
  for (let inner = open.at(-1); inner !== undefined; inner = open.at(-1)) {
    const next = await inner.entries.next();
    if (next.done === true) {
      open.pop();
      if (inner.collector !== null) {
        collecting = null;
        const { path, display } = inner.place;
        if (!inner.collector.isEmpty) yield inner.collector.met();
        else yield { type: 'skipped', path, display, reason: 'empty' };
      }
      continue;
    }
    const { entry, path, stats, problem } = next.value;
    const display = joinText(inner.place.display, nameFromBytes(entry.name));
    if (problem !== null) {
      collecting?.odd(path, problem);
      if (collecting === null) yield { type: 'unreadable', path, display, message: problem };
    }
    if (stats === null) continue;
    const kind = kindOf(stats);
    if (kind === 'file') {
      const identity = identityOf(stats);
      if (collecting !== null) collecting.file(path, identity, await standsForVolume(path));
      else yield { type: 'file', path, display, size: Number(stats.size), identity };
    } else if (kind === 'folder') {
      if (await options.ours(path)) continue;
      const entered = await enter({ path, display, depth: inner.place.depth + 1 }, options, collecting);
      if ('type' in entered) {
        collecting?.odd(path, 'unreadable');
        if (collecting === null) yield entered;
        continue;
      }
      collecting ??= entered.collector;
      open.push(entered);
    } else {
      collecting?.odd(path, kind, identityOf(stats));
      if (collecting === null) yield { type: 'skipped', path, display, reason: kind };
    }
  }
}

async function enter(
  place: Place,
  options: SweepOptions,
  collecting: Collector | null,
): Promise<OpenFolder | Listed> {
  const { path, display, depth } = place;
  try {
    const listing = await FolderListing.of(path);
    const { dev, ino } = await lstat(path, { bigint: true });
    options.entered(path);
    // The watched folder itself is never one unit: what is dropped into it would stop all others.
    const isRoot = path === options.root;
    // Nor is what lies in a set looked at for another one.
    const isKnown = (isRoot && (depth === 0 || options.as !== undefined)) || collecting?.isWhole === true;
    const is = isKnown ? null : await (options.recognise ?? recognisedNow)(path, listing);
    if (is !== null) collecting?.holdsSet(is);
    const dropped = options.unit === 'folder' && depth === 1 ? 'dropped' : null;
    const set = is?.begun === false ? is.kind : null;
    const kind = (isRoot ? options.as : null) ?? set ?? dropped ?? (is === null ? null : 'begun');
    const collector =
      collecting === null && kind !== null
        ? new Collector({ ...place, dev, ino }, kind, is, options.isDelayed)
        : null;
    return { place, entries: looked(path, listing), collector };
  } catch (error) {
    return { type: 'unreadable', path, display, message: inWords(error) };
  }
}

async function* looked(folder: Buffer, listing: FolderListing): AsyncGenerator<Looked, void, undefined> {
  let batch: Entry[] = [];
  for (const entry of listing.entries()) {
    batch.push(entry);
    if (batch.length < STATS_AT_ONCE) continue;
    yield* await Promise.all(batch.map(async (one) => look(folder, one)));
    batch = [];
  }
  yield* await Promise.all(batch.map(async (one) => look(folder, one)));
}

async function look(folder: Buffer, entry: Entry): Promise<Looked> {
  const path = join(folder, entry.name);
  try {
    return { entry, path, stats: await lstat(path, { bigint: true }), problem: null };
  } catch (error) {
    const vanished = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { entry, path, stats: null, problem: vanished ? null : inWords(error) };
  }
}

/** What is called like a volume of an archive makes its folder a whole, as a repository in it does: neither is split. */
async function standsForVolume(path: Buffer): Promise<boolean> {
  const part = partName(nameFromBytes(path.subarray(path.lastIndexOf('/') + 1)));
  if (part === null || part.certain) return part !== null;
  if (part.number <= 1 || part.number === LAST) return false;
  return part.naming !== 'tar' || (await tarVolume(path))?.continues === true;
}

/** Adds up what lies in one unit, in constant memory. */
class Collector {
  readonly #place: Place & { readonly dev: bigint; readonly ino: bigint };
  readonly #kind: FolderKind;
  readonly #hash: Hash = createHash('sha256');
  #files = 0;
  #size = 0;
  #odd = 0;
  #holdsSet: boolean;
  #begun: SetKind | null = null;
  #delayed = false;
  readonly #isDelayed: (name: string) => boolean;

  constructor(
    place: Place & { readonly dev: bigint; readonly ino: bigint },
    kind: FolderKind,
    is: Recognised | null,
    isDelayed?: (name: string) => boolean,
  ) {
    this.#isDelayed = isDelayed ?? (() => false);
    this.#place = place;
    this.#kind = kind;
    this.#holdsSet = kind !== 'dropped';
    if (is !== null) this.holdsSet(is);
  }

  get isWhole(): boolean {
    return this.#holdsSet;
  }

  get isEmpty(): boolean {
    return this.#files + this.#odd === 0;
  }

  file(path: Buffer, identity: FileIdentity, isVolume: boolean): void {
    if (isVolume) this.#holdsSet = true;
    if (!this.#delayed && this.#isDelayed(nameFromBytes(path.subarray(path.lastIndexOf('/') + 1)))) {
      this.#delayed = true;
    }
    this.#files++;
    this.#size += Number(identity.size);
    this.#add(path, identityBytes(identity));
  }

  /** What is no file, or cannot be looked at. */
  odd(path: Buffer, what: string, identity?: FileIdentity): void {
    this.#odd++;
    const of = identity === undefined ? [] : [identityBytes(identity)];
    this.#add(path, Buffer.concat([Buffer.from(what), ...of]));
  }

  holdsSet({ kind, begun }: Recognised): void {
    this.#holdsSet = true;
    if (begun) this.#begun ??= kind;
  }

  met(): FolderMet {
    const { path, display, dev, ino } = this.#place;
    return {
      type: 'folder',
      path,
      display,
      kind: this.#kind,
      holds_set: this.#holdsSet,
      begun: this.#begun,
      files: this.#files,
      size: this.#size,
      delayed: this.#delayed,
      dev,
      ino,
      print: this.#hash.digest(),
    };
  }

  #add(path: Buffer, what: Buffer): void {
    const lengths = Buffer.allocUnsafe(8);
    lengths.writeUInt32LE(path.length, 0);
    lengths.writeUInt32LE(what.length, 4);
    this.#hash.update(lengths).update(path).update(what);
  }
}
