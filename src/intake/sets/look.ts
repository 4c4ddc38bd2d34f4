import { lstat } from 'node:fs/promises';
import { firstEntries, type Entry, type FolderListing } from '../folder-listing.ts';
import { join } from '../join-path.ts';
import { isCalled } from './names.ts';
import { MAX_SMALL_BYTES, sample } from './samples.ts';

/** So many entries of a folder are looked at: the names of a set show at once, and a folder may be very large. */
export const FIRST = 256;

/** A folder, as far as its first names and the first bytes of small files tell. */
export class Look {
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

  /** In one of the first folders of `entries` that are called so stands something that is called so. */
  async holds(
    below: string,
    entries: readonly Entry[],
    folders: RegExp,
    wanted: (entry: Entry, folder: string) => boolean,
  ): Promise<boolean> {
    for (const { name } of entries.filter((entry) => isCalled(entry, 'folder', folders)).slice(0, 3)) {
      const called = name.toString('latin1');
      const within = await this.within(below === '.' ? called : `${below}/${called}`);
      if (within.some((entry) => wanted(entry, called))) return true;
    }
    return false;
  }

  async begins(name: string, pattern: RegExp): Promise<boolean> {
    if (!this.is(name, 'file')) return false;
    const begin = await sample(this.#folder, name, MAX_SMALL_BYTES);
    return pattern.test(begin?.bytes.toString('latin1') ?? '');
  }
}
