import { Damaged } from '../../trouble.ts';
import type { Volume } from '../volume.ts';
import { byteOfBlock, SUPER_AT, SUPER_BYTES, type SuperBlock } from './super-block.ts';

/** docs.kernel.org/filesystems/ext4, "Block Group Descriptors". */
const NO_INODES = 1;

export interface Group {
  /** Of its inodes, in bytes of the image; Infinity: nowhere. */
  readonly tableAt: number;
  /** Inodes of it that were ever used. */
  readonly used: number;
}

/** Where the inodes of a group are. Throws Damaged where its descriptor is out of reach. */
export async function groupOf(volume: Volume, found: SuperBlock, group: number): Promise<Group> {
  const descriptor = await descriptorOf(volume, found, group);
  const high = found.descriptorBytes >= 64;
  const flags = descriptor.readUInt16LE(18);
  let used = found.groupInodes;
  if (found.tellsUnused && (flags & NO_INODES) !== 0) used = 0;
  else if (found.tellsUnused) {
    const unused = descriptor.readUInt16LE(28) + (high ? descriptor.readUInt16LE(50) * 0x1_0000 : 0);
    used = Math.max(0, used - unused);
  }
  return { tableAt: byteOfBlock(found, address(descriptor, 8, high)), used };
}

async function descriptorOf(volume: Volume, found: SuperBlock, group: number): Promise<Buffer> {
  if (group >= found.groups) throw new Damaged('an inode of a group that is not there');
  const { blockBytes, descriptorBytes } = found;
  const ofBlock = Math.floor(blockBytes / descriptorBytes);
  const block = descriptorBlock(found, Math.floor(group / ofBlock));
  const at = block * blockBytes + (group % ofBlock) * descriptorBytes;
  return volume.readAll(at, descriptorBytes, 'the descriptor of a group');
}

/** Blocks of descriptors stand behind the super block, or each in the first of the groups that it describes. */
function descriptorBlock(found: SuperBlock, index: number): number {
  if (index < found.firstMetaGroup) return superBlockOf(found, 0) + 1 + index;
  const group = index * Math.floor(found.blockBytes / found.descriptorBytes);
  return superBlockOf(found, group) + (found.hasCopy(group) ? 1 : 0);
}

/** Where the super block of a group stands, if it has one; the first is in the second KiB, whatever group 0 begins with. */
function superBlockOf({ firstBlock, groupBlocks, blockBytes }: SuperBlock, group: number): number {
  return group === 0 ? Math.floor(SUPER_AT / blockBytes) : firstBlock + group * groupBlocks;
}

function address(descriptor: Buffer, at: number, high: boolean): number {
  return descriptor.readUInt32LE(at) + (high ? descriptor.readUInt32LE(at + 32) * 2 ** 32 : 0);
}

/**
 * Claims what the groups consist of: super blocks, descriptors, bitmaps and tables of inodes. Returns the groups whose tables
 * lie over those of others.
 */
export async function claimGroups(volume: Volume, found: SuperBlock): Promise<ReadonlySet<number>> {
  const tables: Table[] = [];
  const { ledger } = volume;
  const { blockBytes, descriptorBytes, firstMetaGroup } = found;
  const ofBlock = Math.floor(blockBytes / descriptorBytes);
  const plain = Math.min(Math.ceil(found.groups / ofBlock), firstMetaGroup);
  const claimBlock = (block: number, count = 1): void =>
    ledger.claim(block * blockBytes, (block + count) * blockBytes);
  const superEnd = SUPER_AT + SUPER_BYTES;
  if (blockBytes > SUPER_AT) await volume.front(SUPER_AT);
  await volume.part(SUPER_AT, superEnd);
  if (found.mountBlock !== null) claimBlock(found.mountBlock);
  for (let group = 0; group < found.groups; group++) {
    const first = superBlockOf(found, group);
    if (first * blockBytes >= volume.source.size) break;
    if (found.hasCopy(group)) {
      if (group > 0) await volume.part(first * blockBytes, first * blockBytes + SUPER_BYTES);
      claimBlock(first + 1, plain + (firstMetaGroup === Infinity ? found.reservedBlocks : 0));
    }
    const index = Math.floor(group / ofBlock);
    // A meta group has copies of its descriptors in its second and in its last group.
    const copy = [0, 1, ofBlock - 1].includes(group - index * ofBlock);
    if (index >= firstMetaGroup && copy) claimBlock(first + (found.hasCopy(group) ? 1 : 0));
    try {
      const descriptor = await descriptorOf(volume, found, group);
      const high = descriptorBytes >= 64;
      for (const at of [0, 4]) claimBlock(address(descriptor, at, high));
      const { tableAt, used } = await groupOf(volume, found, group);
      ledger.claim(tableAt, tableAt + used * found.inodeBytes);
      if (used > 0 && tableAt < Infinity)
        tables.push({ group, start: tableAt, end: tableAt + used * found.inodeBytes });
    } catch (error) {
      volume.sayIfDamaged(error, undefined, `group ${group}: `);
    }
  }
  return overlapping(tables, volume);
}

interface Table {
  readonly group: number;
  readonly start: number;
  readonly end: number;
}

function overlapping(tables: readonly Table[], { sink }: Volume): ReadonlySet<number> {
  const groups = new Set<number>();
  let reached = 0;
  for (const { group, start, end } of tables.toSorted((a, b) => a.start - b.start)) {
    if (start < reached) groups.add(group);
    else reached = end;
  }
  if (groups.size > 0) sink.gap('corrupt', `${groups.size} groups have the inodes of others`, { bytes: 0 });
  return groups;
}
