import type { Volume } from '../volume.ts';
import type { SuperBlock } from './super-block.ts';

/** XFS Algorithms & Data Structures, "Journaling Log": blocks of 512 bytes, each with its cycle in front. */
const BASIC_BLOCK = 512;
const RECORD = 0xfeed_babe;
/** One record is 256 KiB at most, with a header block for each 32 KiB. */
const MAX_RECORD_BLOCKS = 512 + 8;
const HEADER_COVERS = 32 * 1024;
/** In an operation's header: its flags, and the one that says that the file system was unmounted. */
const FLAGS_AT = 9;
const UNMOUNTED = 0x20;

/**
 * Whether the last record of the log says that the file system was unmounted; null when no record is there. The end of
 * the log is where its blocks' cycle goes down.
 */
export async function wasUnmounted(volume: Volume, at: number, found: SuperBlock): Promise<boolean | null> {
  const blocks = Math.floor(found.logBytes / BASIC_BLOCK);
  const read = async (block: number): Promise<Buffer> => volume.read(at + block * BASIC_BLOCK, BASIC_BLOCK);
  const cycleAt = async (block: number): Promise<number> => {
    const bytes = await read(block);
    if (bytes.length < BASIC_BLOCK) return -1;
    return bytes.readUInt32BE(bytes.readUInt32BE(0) === RECORD ? 4 : 0);
  };
  const cycle = await cycleAt(0);
  let [low, high] = [0, blocks];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await cycleAt(middle)) === cycle) low = middle;
    else high = middle;
  }
  for (let back = 1; back <= Math.min(blocks, MAX_RECORD_BLOCKS); back++) {
    const block = (high - back + blocks) % blocks;
    const header = await read(block);
    if (header.length < BASIC_BLOCK || header.readUInt32BE(0) !== RECORD) continue;
    const headers = Math.max(1, Math.ceil(Math.min(header.readUInt32BE(320), 2 ** 20) / HEADER_COVERS));
    const operation = await read((block + (header.readUInt32BE(8) === 2 ? headers : 1)) % blocks);
    if (operation.length < BASIC_BLOCK) return null;
    return header.readUInt32BE(40) === 1 && (operation.readUInt8(FLAGS_AT) & UNMOUNTED) !== 0;
  }
  return null;
}
