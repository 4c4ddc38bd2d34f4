import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from './tool.ts';

/** exFAT specification, 6 and 7. */
const ENTRY = 32;
const LAST = 0xffff_ffff;

export interface ExfatFile {
  /** Folders on the way to it are made. */
  readonly path: string;
  readonly content: Buffer;
  /** Its clusters alternate with others, and only the table tells where they are. */
  readonly scattered?: boolean;
  readonly deleted?: boolean;
  /** Bytes that were written; by default all. */
  readonly written?: number;
}

/** What mkfs.exfat makes, with files put into it: no program at hand does that without mounting. */
export function exfatImage(
  folder: string,
  files: readonly ExfatFile[],
  options: readonly string[] = [],
): Buffer {
  writeFileSync(join(folder, 'exfat'), '');
  truncateSync(join(folder, 'exfat'), 8 * 1024 * 1024);
  tool(folder, 'mkfs.exfat', ['-c', '4K', ...options, 'exfat']);
  const image = new Image(readFileSync(join(folder, 'exfat')));
  for (const file of files) image.add(file);
  return image.finish();
}

interface Folder {
  readonly entries: Buffer[];
  readonly folders: Map<string, Folder>;
}

class Image {
  readonly bytes: Buffer;
  readonly #table: number;
  readonly #heap: number;
  readonly #cluster: number;
  readonly #bitmapAt: number;
  readonly #root: Folder;
  #next = 2;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const sector = 2 ** bytes.readUInt8(108);
    this.#cluster = sector * 2 ** bytes.readUInt8(109);
    this.#table = bytes.readUInt32LE(80) * sector;
    this.#heap = bytes.readUInt32LE(88) * sector;
    const root = this.#at(bytes.readUInt32LE(96));
    const entries: Buffer[] = [];
    for (let at = root; bytes[at] !== 0; at += ENTRY)
      entries.push(Buffer.from(bytes.subarray(at, at + ENTRY)));
    this.#root = { entries, folders: new Map() };
    const bitmap = entries.find((entry) => entry[0] === 0x81);
    this.#bitmapAt = this.#at(bitmap?.readUInt32LE(20) ?? 0);
    while (this.#isUsed(this.#next)) this.#next++;
  }

  add({ path, content, scattered = false, deleted = false, written = content.length }: ExfatFile): void {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    let folder = this.#root;
    for (const part of parts) {
      const inside = folder.folders.get(part) ?? { entries: [], folders: new Map() };
      folder.folders.set(part, inside);
      folder = inside;
    }
    const first = this.#store(content, { scattered, deleted });
    folder.entries.push(
      ...entriesOf(name, { folder: false, first, size: content.length, written, scattered, deleted }),
    );
  }

  finish(): Buffer {
    this.#finish(this.#root, this.bytes.readUInt32LE(96));
    return this.bytes;
  }

  /** A folder's entries are in one chain: the root's begins in a cluster of its own, others go on in the next. */
  #finish({ entries, folders }: Folder, first: number | null): { first: number; size: number } {
    for (const [name, folder] of folders) {
      const inside = this.#finish(folder, null);
      entries.push(
        ...entriesOf(name, {
          ...inside,
          folder: true,
          written: inside.size,
          scattered: true,
          deleted: false,
        }),
      );
    }
    const content = Buffer.concat(entries);
    const size = Math.max(1, Math.ceil(content.length / this.#cluster)) * this.#cluster;
    const begin = first ?? this.#take();
    for (let at = 0, cluster = begin; at < size; at += this.#cluster) {
      content.copy(this.bytes, this.#at(cluster), at, Math.min(content.length, at + this.#cluster));
      const next = at + this.#cluster < size ? this.#take() : LAST;
      this.bytes.writeUInt32LE(next, this.#table + cluster * 4);
      cluster = next;
    }
    return { first: begin, size };
  }

  #store(content: Buffer, { scattered, deleted }: { scattered: boolean; deleted: boolean }): number {
    let before = 0;
    let first = 0;
    for (let at = 0; at < content.length; at += this.#cluster) {
      if (scattered && before !== 0) this.#next++;
      const cluster = this.#take(deleted);
      content.copy(this.bytes, this.#at(cluster), at, Math.min(content.length, at + this.#cluster));
      if (scattered && before !== 0) this.bytes.writeUInt32LE(cluster, this.#table + before * 4);
      if (first === 0) first = cluster;
      before = cluster;
    }
    if (scattered && before !== 0) this.bytes.writeUInt32LE(LAST, this.#table + before * 4);
    return first;
  }

  #take(free = false): number {
    const cluster = this.#next++;
    const at = this.#bitmapAt + ((cluster - 2) >> 3);
    if (!free) this.bytes.writeUInt8((this.bytes[at] ?? 0) | (1 << ((cluster - 2) & 7)), at);
    return cluster;
  }

  #isUsed(cluster: number): boolean {
    return ((this.bytes[this.#bitmapAt + ((cluster - 2) >> 3)] ?? 0) & (1 << ((cluster - 2) & 7))) !== 0;
  }

  #at(cluster: number): number {
    return this.#heap + (cluster - 2) * this.#cluster;
  }
}

interface Described {
  readonly folder: boolean;
  readonly first: number;
  readonly size: number;
  readonly written: number;
  readonly scattered: boolean;
  readonly deleted: boolean;
}

function entriesOf(name: string, { folder, first, size, written, scattered, deleted }: Described): Buffer[] {
  const names = Math.ceil(name.length / 15);
  const all = Array.from({ length: 2 + names }, () => Buffer.alloc(ENTRY));
  const [file = Buffer.alloc(0), stream = Buffer.alloc(0), ...parts] = all;
  file.writeUInt8(0x85, 0);
  file.writeUInt8(1 + names, 1);
  file.writeUInt16LE(folder ? 0x10 : 0x20, 4);
  for (const at of [8, 12, 16]) file.writeUInt32LE(0x5a21_0000, at);
  stream.writeUInt8(0xc0, 0);
  stream.writeUInt8(size === 0 ? 1 : scattered ? 1 : 3, 1);
  stream.writeUInt8(name.length, 3);
  stream.writeUInt16LE(hashOf(name), 4);
  stream.writeBigUInt64LE(BigInt(written), 8);
  stream.writeUInt32LE(first, 20);
  stream.writeBigUInt64LE(BigInt(size), 24);
  for (const [index, part] of parts.entries()) {
    part.writeUInt8(0xc1, 0);
    part.write(name.slice(index * 15, index * 15 + 15), 2, 'utf16le');
  }
  file.writeUInt16LE(sumOf(Buffer.concat(all), [2, 3]), 2);
  if (deleted) for (const entry of all) entry.writeUInt8((entry[0] ?? 0) & 0x7f, 0);
  return all;
}

/** Of names in ASCII: what is large is what upper case makes of it. */
function hashOf(name: string): number {
  return sumOf(Buffer.from(name.toUpperCase(), 'utf16le'), []);
}

function sumOf(bytes: Buffer, without: readonly number[]): number {
  let sum = 0;
  for (const [at, byte] of bytes.entries()) {
    if (!without.includes(at)) sum = ((((sum << 15) | (sum >>> 1)) & 0xffff) + byte) & 0xffff;
  }
  return sum;
}
