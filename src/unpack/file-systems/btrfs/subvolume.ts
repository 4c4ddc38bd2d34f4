import { createHash } from 'node:crypto';
import { sliceOf, type ByteSource } from '../../../bytes/index.ts';
import { countOf } from '../../disks/bytes-at.ts';
import { Damaged } from '../../trouble.ts';
import { FileMap } from '../file-map.ts';
import type { Folder, Volume } from '../volume.ts';
import type { Chunks } from './chunks.ts';
import { fileExtent, type FileExtent } from './file-extent.ts';
import * as keys from './keys.ts';
import type { Nodes } from './nodes.ts';
import type { TreePlace } from './super-block.ts';
import { MAX_UNIT_BYTES, unitOf } from './units.ts';

const INODE_BYTES = 160;
const ENTRY_BYTES = 30;
/** The root folder of every subvolume (BTRFS_FIRST_FREE_OBJECTID). */
const ROOT_INODE = 256;
/** Files that are remembered so that a snapshot's copy is not examined again: usually 100 MB. */
const MAX_REMEMBERED = 1_000_000;
/** Chunks in which one extent may lie. */
const MAX_PIECES = 16;
/** Offsets are counted up to here; no file reaches further. */
const LAST_OFFSET = Number.MAX_SAFE_INTEGER;

export interface Shared {
  readonly volume: Volume;
  readonly nodes: Nodes;
  readonly chunks: Chunks;
  /** Digests of the files that other subvolumes had; null when there is only one. */
  readonly examined: Set<string> | null;
  /** Hears of a subvolume that a folder leads to. */
  readonly found: (id: number, folder: Folder, name: Buffer) => void;
}

/** S_IFMT and its values (POSIX, sys/stat.h; Linux, uapi/linux/stat.h). */
const FOLDER = 0o4;
const FILE = 0o10;
const LINK = 0o12;

interface Inode {
  readonly number: number;
  readonly type: number;
  readonly size: number;
}

/** The files of one subvolume or snapshot. */
export class Subvolume {
  readonly #tree: TreePlace;
  readonly #shared: Shared;
  readonly #volume: Volume;

  constructor(tree: TreePlace, shared: Shared) {
    this.#tree = tree;
    this.#shared = shared;
    this.#volume = shared.volume;
  }

  async read(folder: Folder): Promise<void> {
    // The root is entered under a name of its own, so that nothing leads back into it.
    if (this.#volume.enter(ROOT_INODE, Buffer.alloc(0), folder) !== null)
      await this.#folder(ROOT_INODE, folder);
  }

  async #folder(number: number, folder: Folder): Promise<void> {
    await this.#try(folder.path, async () => {
      const [first, last] = [
        keys.key(number, keys.DIR_INDEX, 0),
        keys.key(number, keys.DIR_INDEX, LAST_OFFSET),
      ];
      for await (const { bytes } of this.#shared.nodes.items(this.#tree, first, last))
        await this.#try(folder.path, () => this.#entry(bytes, folder));
    });
  }

  async #entry(entry: Buffer, folder: Folder): Promise<void> {
    const length = entry.length < ENTRY_BYTES ? 0 : entry.readUInt16LE(27);
    if (length === 0 || ENTRY_BYTES + length > entry.length)
      throw new Damaged('an entry of a folder that is cut off');
    const name = entry.subarray(ENTRY_BYTES, ENTRY_BYTES + length);
    const target = countOf(entry.readBigUInt64LE(0));
    if (entry.readUInt8(8) === keys.ROOT_ITEM) {
      this.#shared.found(target, folder, name);
      return;
    }
    const member = Buffer.concat([folder.path, name]);
    await this.#try(member, async () => {
      const inode = await this.#inode(target);
      if (inode.type === FOLDER) {
        const inside = this.#volume.enter(target, name, folder);
        if (inside !== null) await this.#folder(target, inside);
        return;
      }
      if (this.#volume.isAnotherName(target, member)) return;
      if (inode.type === FILE) await this.#file(inode, member);
      else if (inode.type === LINK) {
        let link = Buffer.alloc(0);
        for await (const { inline } of this.#extents(target)) link = Buffer.from(inline ?? link);
        this.#volume.sink.link('symbolic', member, link);
      } else this.#volume.sink.device(member);
    });
  }

  async #inode(number: number): Promise<Inode> {
    if (!Number.isSafeInteger(number)) throw new Damaged('an inode that cannot be');
    const wanted = keys.key(number, keys.INODE_ITEM, 0);
    for await (const { bytes } of this.#shared.nodes.items(this.#tree, wanted, wanted)) {
      if (bytes.length < INODE_BYTES) break;
      return {
        number,
        type: bytes.readUInt32LE(52) >> 12,
        size: countOf(bytes.readBigUInt64LE(16)),
      };
    }
    throw new Damaged('its inode is not there');
  }

  async *#extents(number: number): AsyncGenerator<FileExtent, void, undefined> {
    const [first, last] = [
      keys.key(number, keys.EXTENT_DATA, 0),
      keys.key(number, keys.EXTENT_DATA, LAST_OFFSET),
    ];
    for await (const item of this.#shared.nodes.items(this.#tree, first, last)) {
      const extent = fileExtent(item);
      if (extent !== null) yield extent;
    }
  }

  async #file(inode: Inode, member: Buffer): Promise<void> {
    const { sink } = this.#volume;
    if (!Number.isSafeInteger(inode.size)) {
      sink.gap('budget_exceeded', 'a file of more than 8 PiB', { member });
      return;
    }
    using map = new FileMap(this.#volume, inode.size);
    const digest = this.#shared.examined === null ? null : createHash('sha256');
    digest?.update(`${inode.size} ${member.subarray(member.lastIndexOf(0x2f) + 1).toString('latin1')}`);
    let streams = false;
    /** What its packed extents become, each whole: as much is unpacked, however little of it belongs to the file. */
    let packed = 0;
    let locked = false;
    await this.#try(member, async () => {
      for await (const extent of this.#extents(inode.number)) {
        const { start, stored, offset, length, compression, inline, unpacked } = extent;
        digest?.update(
          ` ${start} ${stored.at} ${stored.bytes} ${offset} ${length} ${compression} ${unpacked} `,
        );
        if (inline !== null) digest?.update(inline);
        locked ||= extent.encrypted;
        if (inline !== null || compression !== 'none') {
          streams = true;
          packed += Math.min(unpacked, MAX_UNIT_BYTES);
          // What is too long to be believed is not read here: it stays bytes in no member.
          if (inline === null && stored.bytes <= MAX_UNIT_BYTES) this.#claim(stored.at, stored.bytes);
        } else this.#plain(map, extent);
      }
    });
    if (locked) {
      sink.gap('encrypted', 'an encrypted file', { member, bytes: inode.size });
      return;
    }
    if (digest !== null && this.#wasExamined(digest.digest('base64'))) {
      sink.measure('files_of_snapshots_like_another', 1);
      return;
    }
    if (!streams) await this.#volume.file(member, map);
    else {
      await this.#volume.sayWhatIsMissing(member, map);
      this.#volume.willHandOn(map.mapped + packed);
      const content = new Unpacking(this, inode, member);
      await sink.member({ name: member, size: inode.size, content: content.chunks() });
      content.sayWhatIsDamaged();
    }
  }

  #wasExamined(digest: string): boolean {
    const { examined } = this.#shared;
    if (examined === null || examined.has(digest)) return examined !== null;
    if (examined.size < MAX_REMEMBERED) examined.add(digest);
    return false;
  }

  /** Extents may reach from one chunk into the next, not into many. */
  #plain(map: FileMap, { start, length, stored, offset }: FileExtent): void {
    const end = Math.min(length, stored.bytes - offset);
    if (!(end > 0) || !Number.isSafeInteger(stored.at + offset + end)) {
      map.lost(start, length);
      return;
    }
    map.lost(start + end, length - end);
    for (let at = 0, pieces = 0; at < end; pieces++) {
      if (pieces === MAX_PIECES) {
        map.lost(start + at, end - at);
        return;
      }
      const place = this.#shared.chunks.place(stored.at + offset + at, end - at);
      map.data(start + at, place.length, place.copies[0] ?? Infinity);
      this.#claim(stored.at + offset + at, place.length, 1);
      at += place.length;
    }
  }

  /** All copies of what is stored there, or those after the first. */
  #claim(logical: number, length: number, from = 0): void {
    for (let at = 0, pieces = 0; at < length && pieces < MAX_PIECES; pieces++) {
      const place = this.#shared.chunks.place(logical + at, length - at);
      for (const copy of place.copies.slice(from)) this.#volume.ledger.claim(copy, copy + place.length);
      at += place.length;
    }
  }

  extentsOf(inode: Inode): AsyncGenerator<FileExtent, void, undefined> {
    return this.#extents(inode.number);
  }

  /** What is stored of an extent; null when it is out of reach. */
  async stored({ inline, stored }: FileExtent): Promise<Buffer | null> {
    if (inline !== null) return inline;
    if (stored.bytes > MAX_UNIT_BYTES) return null;
    const place = this.#shared.chunks.place(stored.at, stored.bytes);
    const [first] = place.copies;
    if (first === undefined || place.length < stored.bytes) return null;
    const bytes = await this.#volume.look(first, stored.bytes);
    return bytes.length < stored.bytes ? null : bytes;
  }

  /** Where the first `length` bytes of an extent that is not packed lie, as far as they are in reach. */
  *plain({ stored, offset }: FileExtent, length: number): Generator<ByteSource, void, undefined> {
    const { source } = this.#volume;
    for (let at = 0, pieces = 0; at < length && pieces < MAX_PIECES; pieces++) {
      const place = this.#shared.chunks.place(stored.at + offset + at, length - at);
      const [first] = place.copies;
      if (first === undefined || first + place.length > source.size) return;
      yield sliceOf(source, first, first + place.length);
      at += place.length;
    }
  }

  get volume(): Volume {
    return this.#volume;
  }

  /** Damage of one file or folder is a gap, and the next one follows. */
  async #try(member: Buffer, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      this.#volume.sayIfDamaged(error, member);
    }
  }
}

/** The content of a file that is compressed, or stands in the tree: extent by extent, none of them kept. */
class Unpacking {
  readonly #subvolume: Subvolume;
  readonly #inode: Inode;
  readonly #member: Buffer;
  #damaged = 0;

  constructor(subvolume: Subvolume, inode: Inode, member: Buffer) {
    this.#subvolume = subvolume;
    this.#inode = inode;
    this.#member = member;
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    const { size } = this.#inode;
    const { holes } = this.#subvolume.volume;
    let at = 0;
    for await (const extent of this.#subvolume.extentsOf(this.#inode)) {
      const end = Math.min(size, extent.start + extent.length);
      if (extent.start < at || end <= at) continue;
      if (extent.start > at) yield* holes.zeros(extent.start - at, at);
      at = extent.start;
      if (extent.compression === 'none' && extent.inline === null) {
        for (const part of this.#subvolume.plain(extent, end - at)) {
          yield* holes.chunks(part);
          at += part.size;
        }
      } else {
        const unit = await this.#unit(extent);
        const part = unit?.subarray(extent.offset, extent.offset + end - at) ?? Buffer.alloc(0);
        if (part.length > 0) yield part;
        at += part.length;
      }
      if (at < end) {
        this.#damaged += end - at;
        yield* holes.zeros(end - at, at);
      }
      at = end;
    }
    if (at < size) yield* holes.zeros(size - at, at);
  }

  sayWhatIsDamaged(): void {
    if (this.#damaged === 0) return;
    const detail = `${this.#damaged} of its bytes cannot be unpacked`;
    this.#subvolume.volume.sink.gap('corrupt', detail, { member: this.#member, bytes: this.#damaged });
  }

  async #unit(extent: FileExtent): Promise<Buffer | null> {
    if (!(extent.unpacked <= MAX_UNIT_BYTES)) return null;
    const stored = await this.#subvolume.stored(extent);
    const { blockBytes } = this.#subvolume.volume;
    return stored === null ? null : unitOf(extent.compression, stored, extent.unpacked, blockBytes);
  }
}
