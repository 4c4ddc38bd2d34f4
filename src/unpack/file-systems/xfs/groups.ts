import { Damaged } from '../../trouble.ts';
import type { Volume } from '../volume.ts';
import { byteInGroup, type SuperBlock } from './super-block.ts';

/** XFS Algorithms & Data Structures, "Allocation Groups": the first four sectors of each are its headers. */
const MAX_LEVELS = 9;
const INODES_OF_CHUNK = 64;
/** Bits of a sparse chunk's mask stand for so many inodes. */
const INODES_OF_BIT = 4;

interface Kind {
  readonly magic: readonly [version4: string, version5: string];
  readonly recordBytes: number;
  readonly keyBytes: number;
}
const BY_PLACE: Kind = { magic: ['ABTB', 'AB3B'], recordBytes: 8, keyBytes: 8 };
const BY_LENGTH: Kind = { magic: ['ABTC', 'AB3C'], recordBytes: 8, keyBytes: 8 };
const INODES: Kind = { magic: ['IABT', 'IAB3'], recordBytes: 16, keyBytes: 4 };
const FREE_INODES: Kind = { magic: ['FIBT', 'FIB3'], recordBytes: 16, keyBytes: 4 };
const OWNERS: Kind = { magic: ['RMB3', 'RMB3'], recordBytes: 24, keyBytes: 40 };
const COUNTS: Kind = { magic: ['R3FC', 'R3FC'], recordBytes: 12, keyBytes: 4 };

/** Claims what the groups consist of: headers, trees of free space, chunks of inodes. What is damaged is a gap. */
export async function claimGroups(volume: Volume, found: SuperBlock): Promise<void> {
  for (let group = 0; group < found.groups; group++) {
    const start = byteInGroup(found, group, 0);
    if (start >= volume.source.size) return;
    const { sectorBytes } = found;
    const end = start + 4 * sectorBytes;
    for (const at of [start, start + sectorBytes, start + 2 * sectorBytes, start + 3 * sectorBytes])
      volume.ledger.claim(at, at + sectorBytes);
    await volume.part(start, end);
    try {
      await claimGroup(volume, found, group, start);
    } catch (error) {
      volume.sayIfDamaged(error, undefined, `group ${group}: `);
    }
  }
}

async function claimGroup(volume: Volume, found: SuperBlock, group: number, start: number): Promise<void> {
  const { sectorBytes, version5 } = found;
  const space = await volume.readAll(start + sectorBytes, 512, 'the header of its free space');
  const inodes = await volume.readAll(start + 2 * sectorBytes, 512, 'the header of its inodes');
  if (space.toString('latin1', 0, 4) !== 'XAGF' || inodes.toString('latin1', 0, 4) !== 'XAGI')
    throw new Damaged('its headers are damaged');
  const claim = async (kind: Kind, root: number, levels: number): Promise<void> => {
    if (levels > 0) await claimTree({ volume, found, group, kind }, root, levels - 1);
  };
  await claim(BY_PLACE, space.readUInt32BE(16), space.readUInt32BE(28));
  await claim(BY_LENGTH, space.readUInt32BE(20), space.readUInt32BE(32));
  await claim(INODES, inodes.readUInt32BE(20), inodes.readUInt32BE(24));
  if (version5) {
    await claim(OWNERS, space.readUInt32BE(24), space.readUInt32BE(36));
    await claim(COUNTS, space.readUInt32BE(88), space.readUInt32BE(92));
    await claim(FREE_INODES, inodes.readUInt32BE(328), inodes.readUInt32BE(332));
  }
}

interface Tree {
  readonly volume: Volume;
  readonly found: SuperBlock;
  readonly group: number;
  readonly kind: Kind;
}

async function claimTree(tree: Tree, root: number, level: number): Promise<void> {
  if (level > MAX_LEVELS) throw new Damaged(`a tree with ${level + 1} levels`);
  const { volume, found, group, kind } = tree;
  const at = byteInGroup(found, group, root);
  const block = await volume.treeBlock(at, 'a block of a tree');
  const head = found.version5 ? 56 : 16;
  const magic = kind.magic[found.version5 ? 1 : 0];
  if (block.toString('latin1', 0, 4) !== magic || block.readUInt16BE(4) !== level)
    throw new Damaged(`no block of its tree ${magic} where one must be`);
  const width = level === 0 ? kind.recordBytes : kind.keyBytes + 4;
  const most = Math.floor((found.blockBytes - head) / width);
  const count = Math.min(most, block.readUInt16BE(6));
  if (level > 0) {
    const pointers = head + most * kind.keyBytes;
    for (let i = 0; i < count; i++) await claimTree(tree, block.readUInt32BE(pointers + i * 4), level - 1);
  } else if (kind === INODES) {
    for (let i = 0; i < count; i++) claimChunk(tree, block.subarray(head + i * 16, head + i * 16 + 16));
  }
}

function claimChunk({ volume, found, group }: Tree, record: Buffer): void {
  const first = record.readUInt32BE(0);
  const holes = found.sparseInodes ? record.readUInt16BE(4) : 0;
  for (let bit = 0; bit * INODES_OF_BIT < INODES_OF_CHUNK; bit++) {
    if ((holes & (1 << bit)) !== 0) continue;
    const inode = first + bit * INODES_OF_BIT;
    const block = Math.floor(inode / 2 ** found.inodesOfBlockLog);
    const within = (inode - block * 2 ** found.inodesOfBlockLog) * found.inodeBytes;
    const at = byteInGroup(found, group, block) + within;
    volume.ledger.claim(at, at + INODES_OF_BIT * found.inodeBytes);
  }
}
