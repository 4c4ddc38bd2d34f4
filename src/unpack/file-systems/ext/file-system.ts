import type { ByteSource } from '../../../bytes/index.ts';
import type { FormatSink, UnpackContext } from '../../format.ts';
import { Damaged } from '../../trouble.ts';
import { FileMap } from '../file-map.ts';
import { ROOT, Volume, type Folder } from '../volume.ts';
import { extentsOf } from './extents.ts';
import { entriesOf, type Entry } from './folder.ts';
import { claimGroups, groupOf } from './groups.ts';
import { InodeMarks } from './inode-marks.ts';
import { inodeOf, type Inode } from './inode.ts';
import { superBlock, SUPER_AT, SUPER_BYTES, type SuperBlock } from './super-block.ts';

const ROOT_INODE = 2;
/** Room for more descriptors of groups, set aside for a larger file system. */
const RESIZE_INODE = 7;
/** Longer targets of links are cut off: a path has at most so many bytes (PATH_MAX). */
const MAX_TARGET_BYTES = 4096;

/** Hands on every file that the folders lead to, those that none leads to, the journal, and what belongs to nothing. */
export async function readExt(source: ByteSource, sink: FormatSink, context: UnpackContext): Promise<void> {
  const head = Buffer.alloc(SUPER_BYTES);
  const found = superBlock(head.subarray(0, await source.readAt(head, SUPER_AT)));
  using volume = new Volume(source, { ...found, shares: false }, sink, context);
  volume.sayIfCutOff(found.blocks * found.blockBytes);
  sayWhatItNeeds(found, sink);
  const shared = await claimGroups(volume, found);
  const tree = new Tree(volume, found);
  await tree.system();
  await tree.read();
  await tree.readUnlisted(shared);
  volume.sayIfShared();
  await volume.finish();
}

function sayWhatItNeeds({ unknownFeatures, needsRecovery, unmounted }: SuperBlock, sink: FormatSink): void {
  if (unknownFeatures !== 0)
    sink.gap('unsupported_format', `features that are not known here: 0x${unknownFeatures.toString(16)}`);
  if (needsRecovery) {
    const detail = 'it was not unmounted: its journal may hold changes, which are not replayed here';
    sink.gap('corrupt', detail, { bytes: 0 });
  } else if (!unmounted) sink.measure('not_unmounted', 1);
}

class Tree {
  readonly #volume: Volume;
  readonly #found: SuperBlock;
  readonly #seen: InodeMarks;
  /** Of the encrypted folder that is being read; null outside of one. */
  #locked: { files: number; bytes: number } | null = null;

  constructor(volume: Volume, found: SuperBlock) {
    this.#volume = volume;
    this.#found = found;
    const most = Math.floor(volume.source.size / found.inodeBytes);
    this.#seen = new InodeMarks(Math.min(found.inodes, most), volume.room);
  }

  /** What no folder leads to and belongs to the file system itself. */
  async system(): Promise<void> {
    const { journal } = this.#found;
    this.#seen.add(RESIZE_INODE);
    await this.#try(undefined, async () => {
      const resize = await this.#inodeIfUsed(RESIZE_INODE);
      if (resize === null) return;
      for await (const { from, length } of extentsOf(resize, this.#volume, this.#found))
        this.#volume.ledger.claim(from, from + length);
    });
    if (journal === 0) return;
    this.#seen.add(journal);
    await this.#try(Buffer.from('(journal)'), async () => {
      await this.#file(await this.#inode(journal), Buffer.from('(journal)'));
    });
  }

  async read(): Promise<void> {
    // The root is entered under a name of its own, so that nothing leads back into it.
    this.#seen.add(ROOT_INODE);
    if (this.#volume.enter(ROOT_INODE, Buffer.alloc(0), ROOT) !== null)
      await this.#folder(await this.#inode(ROOT_INODE), ROOT);
  }

  /** Files that are in use and in no folder: values of attributes, quota, what was open when it was deleted. */
  async readUnlisted(shared: ReadonlySet<number>): Promise<void> {
    const { groupInodes, inodeBytes, groups } = this.#found;
    for (let group = 0; group < groups; group++) {
      const first = group * groupInodes + 1;
      if (first > this.#seen.count) break;
      // Its inodes are those of another group.
      if (shared.has(group)) continue;
      let place;
      try {
        place = await groupOf(this.#volume, this.#found, group);
      } catch (error) {
        this.#volume.sayIfDamaged(error, undefined, `group ${group}: `);
        continue;
      }
      for (let i = 0; i < place.used && place.tableAt + i * inodeBytes < this.#volume.source.size; i++) {
        if (!this.#seen.has(first + i)) await this.#unlisted(first + i);
      }
    }
    if (this.#seen.count < Math.min(this.#found.inodes, this.#volume.source.size / inodeBytes)) {
      const detail = `inodes from ${this.#seen.count} on that no folder leads to are not looked for`;
      this.#volume.sink.gap('budget_exceeded', detail);
    }
  }

  async #unlisted(number: number): Promise<void> {
    const member = Buffer.from(`(inode ${number}, in no folder)`);
    await this.#try(member, async () => {
      const inode = await this.#inodeIfUsed(number);
      if (inode === null || (inode.sectors === 0 && (inode.size === 0 || inode.inline === null))) return;
      if (inode.kind === 'file') await this.#file(inode, member);
      else if (inode.kind === 'folder') {
        const inside = this.#volume.enter(number, member, ROOT);
        this.#seen.add(number);
        if (inside !== null) await this.#folder(inode, inside);
      }
    });
  }

  async #inodeIfUsed(number: number): Promise<Inode | null> {
    const bytes = await this.#inodeBytes(number);
    const isUsed = bytes.readUInt16LE(0) !== 0 && (bytes.readUInt16LE(26) > 0 || bytes.readUInt32LE(28) > 0);
    return isUsed ? inodeOf(bytes, this.#found) : null;
  }

  async #inode(number: number): Promise<Inode> {
    return inodeOf(await this.#inodeBytes(number), this.#found);
  }

  async #inodeBytes(number: number): Promise<Buffer> {
    const { inodes, groupInodes, inodeBytes } = this.#found;
    if (number < 1 || number > inodes) throw new Damaged(`an inode ${number}, which cannot be`);
    const { tableAt } = await groupOf(this.#volume, this.#found, Math.floor((number - 1) / groupInodes));
    const at = tableAt + ((number - 1) % groupInodes) * inodeBytes;
    return this.#volume.readAll(at, inodeBytes, 'an inode');
  }

  async #folder(inode: Inode, folder: Folder): Promise<void> {
    const outer = this.#locked;
    if (inode.encrypted) this.#locked ??= { files: 0, bytes: 0 };
    await this.#try(folder.path, async () => {
      for await (const entry of entriesOf(inode, folder.path, this.#volume, this.#found))
        await this.#entry(entry, folder);
    });
    if (outer === null && this.#locked !== null) {
      const { files, bytes } = this.#locked;
      this.#volume.sink.gap('encrypted', `an encrypted folder (fscrypt) with ${files} files`, {
        member: folder.path,
        bytes,
      });
      this.#locked = null;
    }
  }

  async #entry({ name, inode: number }: Entry, folder: Folder): Promise<void> {
    const member = Buffer.concat([folder.path, name]);
    await this.#try(member, async () => {
      const inode = await this.#inode(number);
      const known = this.#seen.has(number);
      this.#seen.add(number);
      if (inode.kind === 'folder') {
        const inside = this.#volume.enter(number, name, folder);
        if (inside !== null) await this.#folder(inode, inside);
        return;
      }
      if (known) this.#volume.sink.link('hard', member, null);
      else if (inode.kind === 'file') await this.#file(inode, member);
      else if (inode.kind === 'link') {
        this.#volume.sink.link('symbolic', member, inode.encrypted ? null : await this.#target(inode));
      } else this.#volume.sink.device(member);
    });
  }

  async #file(inode: Inode, member: Buffer): Promise<void> {
    const { sink } = this.#volume;
    if (inode.inline !== null) {
      await this.#volume.held(member, inode.inline.subarray(0, inode.size), inode.size);
      return;
    }
    if (!Number.isSafeInteger(inode.size)) {
      sink.gap('budget_exceeded', 'a file of more than 8 PiB', { member });
      return;
    }
    using map = new FileMap(this.#volume, inode.size);
    await this.#try(member, async () => {
      for await (const { start, length, from } of extentsOf(inode, this.#volume, this.#found))
        map.data(start, length, from);
    });
    if (!inode.encrypted) await this.#volume.file(member, map);
    else if (this.#locked === null)
      sink.gap('encrypted', 'an encrypted file (fscrypt)', { member, bytes: inode.size });
    else {
      this.#locked.files++;
      this.#locked.bytes += inode.size;
    }
  }

  async #target(inode: Inode): Promise<Buffer> {
    const size = Math.min(inode.size, MAX_TARGET_BYTES);
    if (inode.inline !== null) return inode.inline.subarray(0, size);
    for await (const { from, length } of extentsOf(inode, this.#volume, this.#found)) {
      this.#volume.ledger.claim(from, from + length);
      return this.#volume.read(from, size);
    }
    return Buffer.alloc(0);
  }

  /** Damage of one file or folder is a gap, and the next one follows. */
  async #try(member: Buffer | undefined, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      this.#volume.sayIfDamaged(error, member);
    }
  }
}
