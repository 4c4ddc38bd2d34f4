import { plainName } from './names.ts';

export const ENTRY_BYTES = 128;
/** Storages within storages whose whole path is shown; what lies deeper is named from there. */
const MAX_PATH = 64;
const NONE = 0xffffffff;
const STORAGE = 1;
const ROOT = 5;
const NAME_BYTES = 64;

/** One stream of a compound file. */
export interface OleStream {
  /** Number of its directory entry. */
  readonly entry: number;
  /** UTF-16 as stored, decoded where Windows Installer packed it. Data: may hold anything. */
  readonly name: string;
  /** Of its storage; streams of one storage share it. */
  readonly folder: string;
  readonly start: number;
  /** In bytes, as declared; may lie. */
  readonly size: number;
}

/** One folder of a compound file. */
export interface OleStorage {
  /** Without a slash at its end; empty for the root. */
  readonly path: string;
  readonly streams: OleStream[];
}

/** The name behind its folder. Made when it is needed: hostile paths are long, and there are many. */
export function pathOf({ folder, name }: Pick<OleStream, 'folder' | 'name'>): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** The entries of a directory ([MS-CFB] 2.6), in the bytes they were read as. */
export class Directory {
  readonly count: number;
  /** References to an entry that had already been reached, or that is not there. */
  wrongLinks = 0;
  readonly #bytes: Buffer;
  readonly #wideSizes: boolean;
  readonly #seen: Uint8Array;

  /** `wideSizes`: sizes have 64 bits. With sectors of 512 bytes their upper half may be garbage ([MS-CFB] 2.6.3). */
  constructor(bytes: Buffer, wideSizes: boolean) {
    this.#bytes = bytes;
    this.#wideSizes = wideSizes;
    this.count = Math.floor(bytes.length / ENTRY_BYTES);
    this.#seen = new Uint8Array(this.count);
  }

  /** The root entry's stream, in which the small ones lie. */
  miniStream(): { readonly start: number; readonly size: number } {
    return this.count === 0 ? { start: NONE, size: 0 } : this.#stream(0, '');
  }

  /** Every storage with its streams, one at a time: the tree below the root, then what no entry leads to. */
  *storages(): Generator<OleStorage, void, undefined> {
    if (this.count === 0) return;
    this.#seen[0] = 1;
    yield* this.#tree(0, '');
    yield* this.#orphans();
  }

  *#orphans(): Generator<OleStorage, void, undefined> {
    const stray: OleStorage = { path: '(orphans)', streams: [] };
    for (const wanted of ['storages', 'streams']) {
      for (let i = 1; i < this.count; i++) {
        const kind = this.#kind(i);
        const folder = kind === STORAGE || kind === ROOT;
        if (this.#seen[i] === 1 || kind === 0 || folder !== (wanted === 'storages')) continue;
        this.#seen[i] = 1;
        if (folder) yield* this.#tree(i, `${stray.path}/${this.#name(i)}`);
        else stray.streams.push(this.#stream(i, stray.path));
      }
    }
    if (stray.streams.length > 0) yield stray;
  }

  /** Without recursion: storages may lie deep in one another. */
  *#tree(top: number, topPath: string): Generator<OleStorage, void, undefined> {
    const pending: { entry: number; parent: string | null; depth: number }[] = [
      { entry: top, parent: null, depth: 0 },
    ];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { entry, parent, depth } = next;
      const path = parent === null ? topPath : pathOf({ folder: parent, name: this.#name(entry) });
      const storage: OleStorage = { path, streams: [] };
      const inner = this.#children(entry, storage);
      yield storage;
      const deeper = depth < MAX_PATH;
      for (const child of inner.toReversed()) {
        pending.push({ entry: child, parent: deeper ? path : '(deeper)', depth: deeper ? depth + 1 : 0 });
      }
    }
  }

  /** Fills in the streams of a storage; returns the storages in it. An entry is visited once, whatever leads to it. */
  #children(entry: number, storage: OleStorage): number[] {
    const inner: number[] = [];
    const pending = [this.#link(entry, 76)];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (at === NONE) continue;
      if (at >= this.count || this.#seen[at] === 1) {
        this.wrongLinks++;
        continue;
      }
      this.#seen[at] = 1;
      const kind = this.#kind(at);
      if (kind === STORAGE || kind === ROOT) inner.push(at);
      else storage.streams.push(this.#stream(at, storage.path));
      pending.push(this.#link(at, 72), this.#link(at, 68));
    }
    return inner;
  }

  #kind(entry: number): number {
    return this.#bytes.readUInt8(entry * ENTRY_BYTES + 66);
  }

  #link(entry: number, field: number): number {
    return this.#bytes.readUInt32LE(entry * ENTRY_BYTES + field);
  }

  #name(entry: number): string {
    const at = entry * ENTRY_BYTES;
    const length = this.#bytes.readUInt16LE(at + NAME_BYTES);
    if (length >= 2 && length <= NAME_BYTES) {
      return plainName(this.#bytes.toString('utf16le', at, at + (length & ~1) - 2));
    }
    const name = this.#bytes.toString('utf16le', at, at + NAME_BYTES);
    const end = name.indexOf('\0');
    return plainName(end < 0 ? name : name.slice(0, end));
  }

  #stream(entry: number, folder: string): OleStream {
    const at = entry * ENTRY_BYTES;
    const low = this.#bytes.readUInt32LE(at + 120);
    const high = this.#wideSizes ? this.#bytes.readUInt32LE(at + 124) : 0;
    return {
      entry,
      name: this.#name(entry),
      folder,
      start: this.#bytes.readUInt32LE(at + 116),
      size: high * 2 ** 32 + low,
    };
  }
}
