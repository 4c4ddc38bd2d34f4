import type { ByteSource } from '../../../bytes/index.ts';
import type { FormatSink, UnpackContext } from '../../format.ts';
import { FileMap } from '../file-map.ts';
import { ROOT, Volume, type Folder } from '../volume.ts';
import { extentsOf } from './extents.ts';
import { entriesOf, type Entry } from './folder.ts';
import { claimGroups } from './groups.ts';
import { inodeOf, type Inode } from './inode.ts';
import { wasUnmounted } from './log.ts';
import { byteOfInode, superBlock, SUPER_BYTES, type SuperBlock } from './super-block.ts';
import { targetOf } from './target.ts';

/** Hands on every file that the folders lead to, the log, and whatever belongs to nothing. */
export async function readXfs(source: ByteSource, sink: FormatSink, context: UnpackContext): Promise<void> {
  const head = Buffer.alloc(SUPER_BYTES);
  const found = superBlock(head.subarray(0, await source.readAt(head, 0)));
  using volume = new Volume(source, { ...found, shares: true }, sink, context);
  volume.sayIfCutOff(found.bytes);
  if (found.newFeatures !== 0)
    sink.gap('unsupported_format', `features that are not known here: 0x${found.newFeatures.toString(16)}`);
  await sayWhatTheLogHolds(volume, found);
  await claimGroups(volume, found);
  const tree = new Tree(volume, found);
  for (const number of found.systemInodes) await tree.claimSystemFile(number);
  await tree.read();
  if (found.logAt !== null) await volume.region('(journal)', found.logAt, found.logAt + found.logBytes);
  volume.sayIfShared();
  await volume.finish();
}

async function sayWhatTheLogHolds(volume: Volume, found: SuperBlock): Promise<void> {
  if (found.logAt === null) {
    volume.sink.gap(
      'unsupported_format',
      'its log is on another device: whether it holds changes is not known',
    );
    return;
  }
  const unmounted = await wasUnmounted(volume, found.logAt, found);
  if (unmounted === true) return;
  const detail =
    unmounted === null
      ? 'its log is damaged: whether it holds changes is not known'
      : 'it was not unmounted: its log may hold changes, which are not replayed here';
  volume.sink.gap('corrupt', detail, { bytes: 0 });
}

class Tree {
  readonly #volume: Volume;
  readonly #found: SuperBlock;

  constructor(volume: Volume, found: SuperBlock) {
    this.#volume = volume;
    this.#found = found;
  }

  async read(): Promise<void> {
    const { root } = this.#found;
    const inode = await this.#inode(root);
    // The root is entered under a name of its own, so that nothing leads back into it.
    if (this.#volume.enter(root, Buffer.alloc(0), ROOT) !== null) await this.#folder(inode, ROOT);
  }

  /** Quota and the bitmaps of a realtime device: the blocks that they take are structure. */
  async claimSystemFile(number: number): Promise<void> {
    if (number === 0 || !(byteOfInode(this.#found, number) < this.#volume.source.size)) return;
    try {
      const inode = await this.#inode(number);
      for await (const { from, length } of extentsOf(inode.data, this.#volume, this.#found))
        this.#volume.ledger.claim(from, from + length);
    } catch (error) {
      this.#volume.sayIfDamaged(error, undefined);
    }
  }

  async #inode(number: number): Promise<Inode> {
    const at = byteOfInode(this.#found, number);
    return inodeOf(await this.#volume.readAll(at, this.#found.inodeBytes, 'an inode'), number);
  }

  async #folder(inode: Inode, folder: Folder): Promise<void> {
    try {
      for await (const entry of entriesOf(inode, folder.path, this.#volume, this.#found))
        await this.#entry(entry, folder);
      await this.#claimAttributes(inode);
    } catch (error) {
      this.#volume.sayIfDamaged(error, folder.path);
    }
  }

  async #entry({ name, inode: number }: Entry, folder: Folder): Promise<void> {
    const member = Buffer.concat([folder.path, name]);
    try {
      const inode = await this.#inode(number);
      if (inode.kind === 'folder') {
        const inside = this.#volume.enter(number, name, folder);
        if (inside !== null) await this.#folder(inode, inside);
        return;
      }
      if (this.#volume.isAnotherName(number, member)) return;
      if (inode.kind === 'file') await this.#file(inode, member);
      else if (inode.kind === 'link') {
        this.#volume.sink.link('symbolic', member, await targetOf(inode, this.#volume, this.#found));
      } else this.#volume.sink.device(member);
      await this.#claimAttributes(inode);
    } catch (error) {
      this.#volume.sayIfDamaged(error, member);
    }
  }

  async #file(inode: Inode, member: Buffer): Promise<void> {
    const { sink } = this.#volume;
    if (inode.realtime) {
      sink.gap('unsupported_format', 'its content is on the realtime device', { member, bytes: inode.size });
      return;
    }
    if (!Number.isSafeInteger(inode.size)) {
      sink.gap('budget_exceeded', 'a file of more than 8 PiB', { member });
      return;
    }
    using map = new FileMap(this.#volume, inode.size);
    try {
      for await (const { start, length, from, unwritten } of extentsOf(inode.data, this.#volume, this.#found))
        if (!unwritten) map.data(start, length, from);
    } catch (error) {
      // What the part of its extents leads to that can be read is examined all the same.
      this.#volume.sayIfDamaged(error, member);
    }
    await this.#volume.file(member, map);
  }

  /** The tree of a fork is structure; the values that lie in blocks of their own are examined as bytes in no member. */
  async #claimAttributes({ attributes }: Inode): Promise<void> {
    if (attributes?.layout !== 'tree') return;
    const extents = extentsOf(attributes, this.#volume, this.#found);
    while ((await extents.next()).done !== true);
  }
}
