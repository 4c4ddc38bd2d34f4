import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { nameFromBytes } from '../bytes/index.ts';
import type { UnitKind } from '../domain/index.ts';
import { identityBytes, identityOf, type FileIdentity } from './file-identity.ts';
import { FolderListing } from './folder-listing.ts';
import { join } from './join-path.ts';
import type { FileMet, PartSet } from './met.ts';
import { partName } from './part-name.ts';
import { partSets } from './part-sets.ts';
import type { SetKind } from './sets/index.ts';
import { volumeByContent } from './volume-content.ts';
import { sweep, type FolderMet, type Listed, type SweepOptions } from './sweep.ts';

/** What is decided as one: a file, the volumes of one archive, a folder that is a set, or a dropped folder. */
export interface Unit {
  /** Of the file, of the first volume, or of the folder. */
  readonly path: Buffer;
  readonly display: string;
  readonly kind: UnitKind;
  /** It must never be split: it is held as a whole, where it is. */
  readonly whole: boolean;
  /** It may be a set of which more is to come, or whose marks are gone: what it looks like. Of a folder that is met by a watch. */
  readonly begun: SetKind | null;
  /**
   * Of a file: its own. Of everything else: inode of the path, size of all together, and a hash over all names and identities in
   * place of the times.
   */
  readonly identity: FileIdentity;
  readonly files: number;
  /** In bytes. */
  readonly size: number;
  /** What it consists of where that is more than one file of one folder; null for folders, which are walked. */
  readonly set: PartSet | null;
  /** Why it cannot be looked into without other files, which are not there. */
  readonly part: string | null;
  /** Something in it is called like what is still being written. */
  readonly delayed: boolean;
}

/** SQLite's integers, and most others, are signed: 62 bits of a hash stand where times in ns do. */
const HASH_BITS = 62;

export function unitOf(met: FileMet | PartSet | FolderMet): Unit {
  switch (met.type) {
    case 'file': {
      const { path, display, size, part = null } = met;
      return {
        path,
        display,
        size,
        part,
        files: 1,
        kind: 'file',
        whole: false,
        begun: null,
        set: null,
        delayed: false,
        identity: known(met),
      };
    }
    case 'set': {
      const [first] = met.parts;
      if (first === undefined) throw new Error('a set without parts');
      const hash = createHash('sha256');
      for (const file of met.parts) {
        hash
          .update(`${file.path.length}:`)
          .update(file.path)
          .update(identityBytes(known(file)));
      }
      const size = met.parts.reduce((sum, part) => sum + part.size, 0);
      const { path, display } = first;
      const files = met.parts.length;
      return {
        path,
        display,
        size,
        files,
        kind: 'volumes',
        whole: true,
        begun: null,
        set: met,
        part: null,
        delayed: false,
        identity: together(known(first), size, hash.digest()),
      };
    }
    case 'folder': {
      const { path, display, kind, holds_set, begun, files, size, print, delayed } = met;
      return {
        path,
        display,
        kind,
        files,
        size,
        delayed,
        begun,
        whole: holds_set,
        set: null,
        part: null,
        identity: together(met, size, print),
      };
    }
    default:
      return met satisfies never;
  }
}

function known({ identity }: FileMet): FileIdentity {
  if (identity === undefined) throw new Error('a file without its identity');
  return identity;
}

function together(
  { dev, ino }: { readonly dev: bigint; readonly ino: bigint },
  size: number,
  print: Buffer,
): FileIdentity {
  return {
    dev,
    ino,
    size: BigInt(size),
    mtime_ns: BigInt.asUintN(HASH_BITS, print.readBigUInt64LE(0)),
    ctime_ns: BigInt.asUintN(HASH_BITS, print.readBigUInt64LE(8)),
  };
}

export interface UnitOptions {
  /** The watched folder. */
  readonly root: Buffer;
  readonly unit: 'file' | 'folder';
  readonly ours: SweepOptions['ours'];
}

/** What stands at a path now, as a unit of that kind or of the one that its files make it; null: nothing that could be scanned. */
export async function unitAt(
  path: Buffer,
  { kind, ours }: { readonly kind: UnitKind; readonly ours: SweepOptions['ours'] },
): Promise<Unit | null> {
  let stats;
  try {
    stats = await lstat(path, { bigint: true });
  } catch {
    return null; // Whatever the reason: it cannot be scanned.
  }
  if (stats.isDirectory()) {
    if (kind === 'file' || kind === 'volumes') return null;
    for await (const met of sweep({ root: path, as: kind, unit: 'file', ours, entered: () => {} })) {
      return met.type === 'folder' && met.path.equals(path) ? unitOf(met) : null;
    }
    return null;
  }
  if (!stats.isFile()) return null;
  const file: FileMet = {
    type: 'file',
    path,
    display: nameFromBytes(path),
    size: Number(stats.size),
    identity: identityOf(stats),
  };
  if (!isNamedAsPart(path)) return unitOf(file);
  for await (const met of partSets(siblings(path), { more: true })) {
    if (met.type === 'set' && met.parts[0]?.path.equals(path) === true) return unitOf(met);
    if (met.type === 'file' && met.path.equals(path)) return withContent(unitOf(met));
  }
  // It belongs to a set that begins with another file.
  return null;
}

/** A name that says nothing of volumes may be that of one all the same. */
export async function withContent(unit: Unit): Promise<Unit> {
  if (unit.kind !== 'file' || unit.part !== null) return unit;
  return { ...unit, part: await volumeByContent(unit.path) };
}

/** The volumes of one archive of which the file at `path` is one; null: it is none of them. */
export async function volumesWith(path: Buffer): Promise<Unit | null> {
  if (!isNamedAsPart(path)) return null;
  for await (const met of partSets(siblings(path))) {
    if (met.type === 'set' && met.parts.some((part) => part.path.equals(path))) return unitOf(met);
  }
  return null;
}

function isNamedAsPart(path: Buffer): boolean {
  return partName(nameFromBytes(path.subarray(path.lastIndexOf('/') + 1))) !== null;
}

/** Everything in a folder, unit by unit: files, volumes, recognised sets; the folder itself where it is one. */
export async function* unitsOf(
  folder: Buffer,
  { ours }: Pick<UnitOptions, 'ours'>,
): AsyncGenerator<Unit | Listed, void, undefined> {
  for await (const met of sweep({ root: folder, depth: 1, unit: 'file', ours, entered: () => {} })) {
    yield met.type === 'skipped' || met.type === 'unreadable' ? met : unitOf(met);
  }
}

/** What a dropped folder consists of: files, and the volumes of archives; and what in it cannot be looked at. */
export async function* filesOf(
  folder: Buffer,
  { ours }: Pick<UnitOptions, 'ours'>,
): AsyncGenerator<FileMet | PartSet | Listed, void, undefined> {
  for await (const met of sweep({ root: folder, depth: 1, unit: 'file', ours, entered: () => {} })) {
    // A set in it has made the folder whole: it is not taken apart.
    if (met.type !== 'folder') yield met;
  }
}

/** What may be parts in the folder of `path`; of those that only their content tells, what is called like it. */
async function* siblings(path: Buffer): AsyncGenerator<FileMet> {
  const folder = path.subarray(0, path.lastIndexOf('/'));
  const run = partName(nameFromBytes(path.subarray(folder.length + 1)))?.run ?? '';
  for (const { name } of (await FolderListing.of(folder)).entries()) {
    const called = nameFromBytes(name);
    if (!called.startsWith(run) || partName(called) === null) continue;
    const sibling = join(folder, name);
    const stats = await lstat(sibling, { bigint: true }).catch(() => null);
    if (stats === null || !stats.isFile()) continue;
    const size = Number(stats.size);
    yield { type: 'file', path: sibling, display: nameFromBytes(sibling), size, identity: identityOf(stats) };
  }
}
