import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import { firstEntries, type Entry, type FolderListing } from './folder-listing.ts';
import { join } from './join-path.ts';
import { SET_KINDS, type SetKind } from './recognised-set.ts';
import { MAX_SMALL_BYTES, sample } from './set-samples.ts';

/** So many entries of a folder are looked at: the names of a set show at once, and a folder may be very large. */
const FIRST = 256;
/** 64 hex digits, also while a copying tool still writes it (rsync's `.name.XXXXXX`, restic's `name-tmp-N`). */
const HASHED = /^\.?[0-9a-f]{64}/;
const TWO_DIGITS = /^[0-9a-f]{2}$/;
const NUMBER = /^\d+$/;
/** What PostgreSQL's manual has in "Database File Layout". */
const OF_CLUSTER =
  /^(?:PG_VERSION|backup_label|backup_manifest|tablespace_map|pg_(?:hba|ident)\.conf|postgresql(?:\.auto)?\.conf)$/;
const RELATION = /^(?:pg_.*|\d+(?:_(?:fsm|vm|init))?)$/;
const BASE_TAR = /^(?:base|pg_wal|\d+)\.tar(?:\.(?:gz|lz4|zst))?$/;

/** Names at the top of each kind of set; a folder with others in it is something else that is called alike. */
const OWN: Readonly<Record<SetKind, RegExp>> = {
  restic: /^(?:config|data|index|keys|locks|snapshots|[0-9a-f]{2})$/,
  borg: /^(?:README|config|data|nonce|lock\..*|(?:hints|index|integrity)\.\d+|space-reserve.*)$/,
  git: /^(?:[A-Z_]*HEAD|config(?:\.worktree)?|description|hooks|info|objects|refs|packed-refs|branches|logs|index|.*\.lock|COMMIT_EDITMSG|MERGE_[A-Z]+|shallow|worktrees|modules|lfs|annex|gc\.(?:log|pid)|pack|[0-9a-f]{2})$/,
  pg_basebackup:
    /^(?:PG_VERSION|base|global|pg_.*|postgresql.*|backup_(?:label|manifest)(?:\.old)?|tablespace_map|current_logfiles|log|.*\.conf|(?:standby|recovery)\.signal|(?:base|pg_wal|\d+)\.tar.*)$/,
};

/**
 * Which set may be arriving in a folder that is none yet, by names alone: whoever copies one writes its files in any order, and the
 * marks that it is recognised by may come last. null: nothing in it looks like that.
 */
export async function beginningOf(folder: Buffer, listing: FolderListing): Promise<SetKind | null> {
  const there = new Look(folder, listing);
  // A working tree holds whatever its owner likes; its `.git` says what it is.
  if (there.is('.git', 'folder') && (await there.within('.git')).length > 0) return 'git';
  const [first] = listing.first(1);
  if (first === undefined) return null;
  const name = basename(folder.toString('latin1'));
  if (name === '.git') return 'git';
  // Of nearly every folder the first name tells that it is none.
  const kinds = SET_KINDS.filter((kind) => isOwn(kind, first));
  const entries = kinds.length === 0 ? [] : listing.first(FIRST);
  for (const kind of kinds) {
    if (!entries.every((entry) => isOwn(kind, entry))) continue;
    if (await MARKS[kind](there, entries, name)) return kind;
  }
  return null;
}

/** Hidden ones are what copying tools are just writing. */
function isOwn(kind: SetKind, { name }: Entry): boolean {
  return name[0] === 0x2e || OWN[kind].test(name.toString('latin1'));
}

/** What stands in the folders of git's own. */
const WITHIN_GIT: Readonly<Record<string, RegExp>> = {
  refs: /^(?:heads|tags|remotes)$/,
  logs: /^(?:HEAD|refs)$/,
  info: /^(?:exclude|refs|attributes|grafts|sparse-checkout)$/,
  hooks: /\.sample$/,
  objects: /^info$/,
};

const MARKS: Readonly<
  Record<SetKind, (there: Look, entries: readonly Entry[], name: string) => Promise<boolean>>
> = {
  restic: async (there, entries) => {
    if (await there.hashedBelow('.', entries)) return true;
    if (there.is('data', 'folder') && (await there.hashedBelow('data', await there.within('data'))))
      return true;
    for (const one of ['keys', 'index', 'snapshots', 'locks']) {
      if ((await there.within(one)).some((entry) => isCalled(entry, 'file', HASHED))) return true;
    }
    // Encrypted, and alone it says nothing: but nothing else than a set is made of it and such folders.
    return there.is('config', 'file') && !(await there.begins('config', /^\[/));
  },
  borg: async (there, entries) => {
    if (await there.begins('config', /^\[repository\]/)) return true;
    if (await there.begins('README', /^This is a Borg/)) return true;
    if (entries.some((entry) => isCalled(entry, 'file', /^(?:hints|index|integrity)\.\d+$/))) return true;
    if (await there.begins('nonce', /^[0-9a-f]{16}$/)) return true;
    const segments = await there.within('data');
    for (const { name } of segments.filter((entry) => isCalled(entry, 'folder', NUMBER)).slice(0, 3)) {
      const files = await there.within(`data/${name.toString('latin1')}`);
      if (files.some((entry) => isCalled(entry, 'file', NUMBER))) return true;
    }
    return false;
  },
  git: async (there, entries, name) => {
    if (name.endsWith('.git')) return true;
    if (await there.begins('HEAD', /^(?:ref: refs\/|[0-9a-f]{40})/)) return true;
    if (await there.begins('config', /^\[core\]/)) return true;
    if (await there.begins('description', /^Unnamed repository/)) return true;
    if (await there.begins('index', /^DIRC/)) return true;
    if (['packed-refs', 'COMMIT_EDITMSG'].some((one) => there.is(one, 'file'))) return true;
    const objects = there.is('objects', 'folder') ? await there.within('objects') : entries;
    if (objects.some((entry) => isCalled(entry, 'folder', /^(?:pack|[0-9a-f]{2})$/))) return true;
    for (const [below, holds] of Object.entries(WITHIN_GIT)) {
      if ((await there.within(below)).some(({ name: one }) => holds.test(one.toString('latin1'))))
        return true;
    }
    return false;
  },
  pg_basebackup: async (there, entries) => {
    if (entries.some((entry) => isCalled(entry, 'file', BASE_TAR))) return true;
    if (entries.some((entry) => isCalled(entry, 'file', OF_CLUSTER))) return true;
    if (entries.some((entry) => isCalled(entry, 'folder', /^pg_/))) return true;
    if ((await there.within('global')).some((entry) => isCalled(entry, 'file', RELATION))) return true;
    const databases = await there.within('base');
    return databases.length > 0 && databases.every((entry) => isCalled(entry, 'folder', NUMBER));
  },
};

function isCalled({ name, kind }: Entry, wanted: Entry['kind'], pattern: RegExp): boolean {
  return kind === wanted && pattern.test(name.toString('latin1'));
}

/** A folder, as far as its first names and the first bytes of small files tell. */
class Look {
  readonly #folder: Buffer;
  readonly #listing: FolderListing;

  constructor(folder: Buffer, listing: FolderListing) {
    this.#folder = folder;
    this.#listing = listing;
  }

  is(name: string, kind: Entry['kind']): boolean {
    return this.#listing.kindOf(name) === kind;
  }

  /** Of a folder in it; none where it is none, or cannot be read. */
  async within(name: string): Promise<readonly Entry[]> {
    const path = join(this.#folder, Buffer.from(name));
    try {
      // A link would lead elsewhere.
      return (await lstat(path)).isDirectory() ? await firstEntries(path, FIRST) : [];
    } catch {
      return []; // It vanished, or is closed to us: it says nothing.
    }
  }

  async begins(name: string, pattern: RegExp): Promise<boolean> {
    if (!this.is(name, 'file')) return false;
    const begin = await sample(this.#folder, name, MAX_SMALL_BYTES);
    return pattern.test(begin?.bytes.toString('latin1') ?? '');
  }

  /** Folders of two hex digits, and in one of the first of them files that are called by a hash with that beginning. */
  async hashedBelow(below: string, entries: readonly Entry[]): Promise<boolean> {
    const folders = entries.filter((entry) => isCalled(entry, 'folder', TWO_DIGITS)).slice(0, 3);
    for (const { name } of folders) {
      const digits = name.toString('latin1');
      const files = await this.within(below === '.' ? digits : `${below}/${digits}`);
      if (files.some((entry) => isCalled(entry, 'file', HASHED))) return true;
    }
    return false;
  }
}
