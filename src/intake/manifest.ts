import { createHash } from 'node:crypto';
import type { EntryKind } from './folder-listing.ts';

/** What stands under one name, as far as it counts for what a unit is. */
export type ManifestEntry =
  /** `sha256`: lower-case hex; null: nobody has read it to its end. `size` in bytes. */
  | { readonly type: 'file'; readonly size: number | null; readonly sha256: string | null }
  | { readonly type: 'link'; readonly target: Buffer }
  | { readonly type: 'other'; readonly kind: Exclude<EntryKind, 'file' | 'folder' | 'symlink'> };

const SLASH = 0x2f;

interface OpenFolder {
  readonly name: string;
  /** By name as latin1, which sorts as its bytes do: about 150 bytes an entry, of folders that are open at the time. */
  readonly entries: [name: string, record: string][];
}

/**
 * The one hash of many files (docs/store.md): SHA-256 over a folder's entries, sorted by the bytes of their names, where an entry
 * that is a folder has such a hash itself. Entries come folder by folder: once another folder is begun that does not lie in it,
 * nothing more may come of one.
 */
export class Manifest {
  readonly #below: number;
  readonly #open: OpenFolder[] = [{ name: '', entries: [] }];
  #isWhole = true;

  /** `root`: all paths lie below it. */
  constructor(root: Buffer) {
    this.#below = root.at(-1) === SLASH ? root.length : root.length + 1;
  }

  add(path: Buffer, entry: ManifestEntry): void {
    const names = path.toString('latin1', this.#below).split('/');
    const last = names.pop() ?? '';
    let same = 0;
    while (same < names.length && this.#open[same + 1]?.name === names[same]) same++;
    this.#leave(same + 1);
    for (const name of names.slice(same)) this.#open.push({ name, entries: [] });
    if (entry.type === 'file' && (entry.sha256 === null || entry.size === null)) this.#isWhole = false;
    this.#open.at(-1)?.entries.push([last, recordOf(entry)]);
  }

  /** Lower-case hex; null: of some file nobody knows the content. */
  close(): string | null {
    this.#leave(1);
    const [root] = this.#open;
    return this.#isWhole && root !== undefined ? digestOf(root) : null;
  }

  #leave(kept: number): void {
    while (this.#open.length > kept) {
      const folder = this.#open.pop();
      if (folder !== undefined) {
        this.#open.at(-1)?.entries.push([folder.name, `d ${digestOf(folder)}`]);
      }
    }
  }
}

function recordOf(entry: ManifestEntry): string {
  if (entry.type === 'file') return `f ${entry.size} ${entry.sha256}`;
  if (entry.type === 'link') return `l ${createHash('sha256').update(entry.target).digest('hex')}`;
  return `o ${entry.kind}`;
}

function digestOf({ entries }: OpenFolder): string {
  const hash = createHash('sha256');
  const sorted = entries.toSorted(([one], [other]) => (one < other ? -1 : 1));
  for (const [name, record] of sorted) hash.update(`${record} ${name.length}:${name}\n`, 'latin1');
  return hash.digest('hex');
}
