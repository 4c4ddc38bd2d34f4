import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { readSmallFile } from './read-small-file.ts';

/** As many as the kernel follows in one path. */
const MAX_LINKS = 40;
const STICKY = 0o1000;
const MAX_ACCOUNTS_BYTES = 4 * 1024 * 1024;

/** Why a path is not ours alone, and what the user can do about it. */
export interface Doubt {
  readonly because: string;
  readonly hint: string | null;
}

/** What was met at the end of a path, every link followed. */
export interface Reached {
  readonly path: string;
  /** null: nothing is there (yet). */
  readonly stats: Stats | null;
  readonly doubt: Doubt | null;
}

/** Judges places in the file system, for one set of scanned paths (real ones). */
export class Trust {
  readonly #scanned: ReadonlySet<string>;
  readonly #privateGroups = new Map<string, boolean>();

  constructor(scanned: ReadonlySet<string>) {
    this.#scanned = scanned;
  }

  /**
   * Follows `path` component by component and stops at the first that somebody else could change: one inside a
   * scanned path, one that belongs to another user, one that others may write. Links are judged where they stand
   * as well as where they lead. Throws what lstat and readlink throw, ENOENT excepted.
   */
  follow(path: string): Reached {
    const { root } = parse(resolve(path));
    const pending = names(resolve(path));
    let current = root;
    let doubt = this.#onTheWay(root, lstatSync(root));
    for (let links = 0; doubt === null;) {
      const name = pending.shift();
      if (name === undefined) break;
      if (name === '..') {
        // Only from a link's target; there are no links left in `current`, and what is above it was judged.
        current = dirname(current);
        continue;
      }
      const next = join(current, name);
      const stats = lstatSync(next, { throwIfNoEntry: false });
      if (stats === undefined) {
        return { path: join(next, ...pending), stats: null, doubt: this.#insideScanned(next) };
      }
      doubt = this.#onTheWay(next, stats);
      if (stats.isSymbolicLink()) {
        if (++links > MAX_LINKS) doubt ??= { because: 'leads through too many links', hint: null };
        const target = readlinkSync(next);
        if (target.startsWith(sep)) current = root;
        pending.unshift(...names(target));
      } else current = next;
    }
    const stats = lstatSync(current);
    return { path: current, stats, doubt: doubt ?? this.doubtOf(current, stats) };
  }

  /** Of a file or folder whose contents matter, in a folder that is trusted itself. */
  doubtOf(path: string, stats: Stats): Doubt | null {
    return this.#onTheWay(path, stats) ?? this.#writableByOthers(path, stats);
  }

  /** In a sticky folder on the way (/tmp) others can add names, but neither replace nor remove ours. */
  #onTheWay(path: string, stats: Stats): Doubt | null {
    const isSticky = stats.isDirectory() && (stats.mode & STICKY) !== 0;
    return (
      this.#insideScanned(path) ??
      foreign(path, stats) ??
      (isSticky ? null : this.#writableByOthers(path, stats))
    );
  }

  #insideScanned(path: string): Doubt | null {
    if (!this.#scanned.has(path)) return null;
    const because = `lies inside the scanned path ${path}: who wrote what is scanned may have written it`;
    return { because, hint: null };
  }

  #writableByOthers(path: string, stats: Stats): Doubt | null {
    if (process.geteuid === undefined || stats.isSymbolicLink()) return null;
    const others = (stats.mode & 0o002) !== 0;
    const group = (stats.mode & 0o020) !== 0 && !this.#isPrivateGroup(stats.gid, stats.uid);
    if (!others && !group) return null;
    const who = others ? 'everybody' : `group ${stats.gid}`;
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
    return { because: `${path} can be written by ${who} (mode ${mode})`, hint: `chmod go-w ${path}` };
  }

  #isPrivateGroup(gid: number, owner: number): boolean {
    const key = `${gid} ${owner}`;
    const known = this.#privateGroups.get(key) ?? isPrivateGroup(gid, owner);
    this.#privateGroups.set(key, known);
    return known;
  }
}

function names(path: string): string[] {
  return path.split(sep).filter((name) => name !== '' && name !== '.');
}

function foreign(path: string, stats: Stats): Doubt | null {
  // Where there are no user ids, access lists decide, which we cannot read.
  const me = process.geteuid?.();
  if (me === undefined || stats.uid === 0 || stats.uid === me) return null;
  return {
    because: `${path} belongs to user ${stats.uid}, who is neither you (${me}) nor root`,
    hint: `chown ${me} ${path}`,
  };
}

/**
 * True when nobody but `owner` (and root) is in the group. Many systems give every user such a group and a umask
 * of 002, so that everything they own is writable by it. A group that is not in /etc/group is not known to be so.
 */
function isPrivateGroup(gid: number, owner: number): boolean {
  const groups = table('/etc/group');
  const users = table('/etc/passwd');
  const group = groups.find((fields) => fields[2] === String(gid));
  if (group === undefined || users.length === 0) return false;
  const trusted = new Set(['0', String(owner)]);
  const trustedNames = new Set(
    users.filter((fields) => trusted.has(fields[2] ?? '')).map((fields) => fields[0]),
  );
  const members = (group[3] ?? '').split(',').filter((name) => name !== '');
  return (
    members.every((name) => trustedNames.has(name)) &&
    users.every((fields) => fields[3] !== String(gid) || trusted.has(fields[2] ?? ''))
  );
}

/** Lines of passwd(5) or group(5); none when it cannot be read. */
function table(path: string): readonly (readonly string[])[] {
  try {
    return readSmallFile(path, MAX_ACCOUNTS_BYTES)
      .toString('utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    // Without the table no group counts as private: stricter, never laxer.
    return [];
  }
}
