import { lstat } from 'node:fs/promises';
import { identityBytes, identityOf } from './file-identity.ts';
import type { FolderListing } from './folder-listing.ts';
import { join } from './join-path.ts';
import { beginningOf, isGenuine, mayBeSet, recognisedSet } from './recognised-set.ts';
import type { SetKind } from './sets/index.ts';

/** What a folder is told as. `begun`: it may become that, or was it before. */
export interface Recognised {
  readonly kind: SetKind;
  readonly begun: boolean;
}

/** null: its files are files like any other. */
export type Recognise = (folder: Buffer, listing: FolderListing) => Promise<Recognised | null>;

/** A folder that was decided as a set. */
export interface EarlierSet {
  readonly path: Buffer;
  readonly ino: bigint;
  readonly kind: SetKind | null;
}

/** Sets that are kept in mind, at about 200 bytes each. */
const MAX_KEPT = 1024;
/** Of each: what was a set, and what is none after all. Beyond that, what has begun stays whole. */
const MAX_REMEMBERED = 20_000;
/** A set is looked into again after this, in ms; what was none sooner: more of it may come. */
const KEPT_MS = 10 * 60_000;
const REFUSED_MS = 2000;
/** Where nobody can tell any more of which kind it was. */
const ANY_KIND: SetKind = 'git';

/** For whoever looks once, and does not wait: what has begun counts where it is genuine, and is not torn. */
export async function recognisedNow(folder: Buffer, listing: FolderListing): Promise<Recognised | null> {
  const kind = await recognisedSet(folder, listing);
  if (kind !== null) return { kind, begun: false };
  const beginning = await beginningOf(folder, listing);
  return beginning !== null && (await isGenuine(folder, beginning)) ? { kind: beginning, begun: true } : null;
}

/**
 * What a sweep recognised before is not read again with every sweep: that would be megabytes every few seconds. As long as the
 * folder itself is the same, it is the same for a while. And what was a set once stays one, whatever becomes of its marks.
 */
export class KnownSets {
  readonly #kept = new Map<
    string,
    { readonly print: Buffer; readonly is: Recognised | null; readonly until: number }
  >();
  readonly #sets = new Map<string, EarlierSet>();
  /** Folders that only looked like the beginning of a set, by inode. */
  readonly #none = new Map<string, bigint>();
  #entered = new Set<string>();

  constructor(earlier: readonly EarlierSet[] = []) {
    for (const set of earlier) this.remember(set);
  }

  readonly recognise: Recognise = async (folder, listing) => {
    const key = folder.toString('latin1');
    const identity = identityOf(await lstat(folder, { bigint: true }));
    if (this.#sets.has(key) || this.#none.has(key)) this.#entered.add(key);
    const print = await this.#printOf(folder, listing, identityBytes(identity));
    const known = this.#kept.get(key);
    if (known !== undefined && known.until > performance.now() && known.print.equals(print)) {
      return this.#none.get(key) === identity.ino && known.is?.begun === true ? null : known.is;
    }
    const is = await this.#look(folder, listing, identity.ino);
    this.#kept.delete(key);
    if (is === null && !mayBeSet(listing)) return null;
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? '');
    const until = performance.now() + (is === null || is.begun ? REFUSED_MS : KEPT_MS);
    this.#kept.set(key, { print, is, until });
    return is;
  };

  /** It was handed on as that, and is not torn from now on. */
  remember(set: EarlierSet): void {
    const key = set.path.toString('latin1');
    if (this.#sets.size < MAX_REMEMBERED) this.#sets.set(key, set);
    this.#entered.add(key);
  }

  /** Whether what rests is worth keeping together: it was a set before, or what there is of it is genuine. */
  async isWhole(folder: Buffer, kind: SetKind, ino: bigint): Promise<boolean> {
    return this.#sets.get(folder.toString('latin1'))?.ino === ino || (await isGenuine(folder, kind));
  }

  /** It rests, and is no set: its files are met from now on. False: there are too many of them. */
  letGo(folder: Buffer, ino: bigint): boolean {
    if (this.#none.size >= MAX_REMEMBERED) return false;
    const key = folder.toString('latin1');
    this.#none.set(key, ino);
    this.#entered.add(key);
    return true;
  }

  /** What a look at everything did not enter is gone. */
  endSweep(): void {
    for (const kept of [this.#sets, this.#none]) {
      for (const key of kept.keys()) if (!this.#entered.has(key)) kept.delete(key);
    }
    this.#entered = new Set();
  }

  /** A working tree is another one when its `.git` is, in which it does not show itself. */
  async #printOf(folder: Buffer, listing: FolderListing, own: Buffer): Promise<Buffer> {
    if (listing.kindOf('.git') !== 'folder') return own;
    const inner = await lstat(join(folder, Buffer.from('.git')), { bigint: true });
    return Buffer.concat([own, identityBytes(identityOf(inner))]);
  }

  async #look(folder: Buffer, listing: FolderListing, ino: bigint): Promise<Recognised | null> {
    const key = folder.toString('latin1');
    const kind = await recognisedSet(folder, listing);
    if (kind !== null) return { kind, begun: false };
    const earlier = this.#sets.get(key);
    if (earlier?.ino === ino) {
      return { kind: earlier.kind ?? (await beginningOf(folder, listing)) ?? ANY_KIND, begun: true };
    }
    // What lies right in it was looked at with it.
    if (this.#none.get(key) === ino || this.#none.has(key.slice(0, key.lastIndexOf('/')))) return null;
    const beginning = await beginningOf(folder, listing);
    return beginning === null ? null : { kind: beginning, begun: true };
  }
}
