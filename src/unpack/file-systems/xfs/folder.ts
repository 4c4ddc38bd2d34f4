import { countOf } from '../../disks/bytes-at.ts';
import { Damaged } from '../../trouble.ts';
import type { Volume } from '../volume.ts';
import { extentsOf } from './extents.ts';
import type { Inode } from './inode.ts';
import type { SuperBlock } from './super-block.ts';

/** XFS Algorithms & Data Structures, "Directories": entries lie below this place of the folder, its hashes above. */
const ENTRIES_END = 2 ** 35;
const FREE = 0xffff;

export interface Entry {
  readonly name: Buffer;
  readonly inode: number;
}

/** The entries of a folder in any of its forms, without `.` and `..`. What cannot be read of it becomes a gap. */
export async function* entriesOf(
  inode: Inode,
  path: Buffer,
  volume: Volume,
  found: SuperBlock,
): AsyncGenerator<Entry, void, undefined> {
  if (inode.data.layout === 'local') {
    yield* shortEntries(inode.data.bytes, inode.size, found);
    return;
  }
  const blockBytes = found.directoryBlockBytes;
  // A block may lie in several pieces: only once it is complete is it read.
  let parts: Buffer[] = [];
  let gathered = 0;
  let damaged = 0;
  for await (const { start, length, from } of extentsOf(inode.data, volume, found)) {
    volume.ledger.claim(from, from + length);
    if (start >= ENTRIES_END) continue;
    for (let at = 0; at < length; at += found.blockBytes) {
      if ((start + at) % blockBytes === 0) {
        if (gathered > 0) damaged++;
        [parts, gathered] = [[], 0];
      }
      const block = await volume.folderBlock(from + at, found.blockBytes);
      if (block === null || block.length < found.blockBytes) {
        damaged++;
        break;
      }
      parts.push(block);
      gathered += block.length;
      if (gathered < blockBytes) continue;
      const whole = parts.length === 1 ? block : Buffer.concat(parts);
      [parts, gathered] = [[], 0];
      const entries = blockEntries(whole, found);
      if (entries === null) damaged++;
      else {
        yield* entries.list;
        if (entries.broke) damaged++;
      }
    }
  }
  if (damaged > 0 || gathered > 0) {
    const detail = `${Math.max(1, damaged)} blocks of a folder cannot be read`;
    volume.sink.gap('corrupt', detail, { member: path, bytes: Math.max(1, damaged) * blockBytes });
  }
}

function shortEntries(bytes: Buffer, size: number, found: SuperBlock): Entry[] {
  const list: Entry[] = [];
  const count = bytes.readUInt8(0);
  const width = bytes.readUInt8(1) > 0 ? 8 : 4;
  const end = Math.min(size, bytes.length);
  let at = 2 + width;
  for (let i = 0; i < Math.max(count, bytes.readUInt8(1)); i++) {
    const length = at < end ? bytes.readUInt8(at) : 0;
    const inodeAt = at + 3 + length + (found.fileTypes ? 1 : 0);
    if (length === 0 || inodeAt + width > end) throw new Damaged('a folder within its inode is cut off');
    const inode = width === 8 ? countOf(bytes.readBigUInt64BE(inodeAt)) : bytes.readUInt32BE(inodeAt);
    list.push({ name: bytes.subarray(at + 3, at + 3 + length), inode });
    at = inodeAt + width;
  }
  return list;
}

/** Null when it is no block of entries; `broke`: they end in what cannot be. */
function blockEntries(
  block: Buffer,
  found: SuperBlock,
): { readonly list: Entry[]; readonly broke: boolean } | null {
  const magic = block.toString('latin1', 0, 4);
  const single = magic === (found.version5 ? 'XDB3' : 'XD2B');
  if (!single && magic !== (found.version5 ? 'XDD3' : 'XD2D')) return null;
  let end = block.length;
  // The only block of a small folder has its hashes, 8 bytes each, and their number at its end.
  if (single) end -= 8 + Math.min(block.readUInt32BE(block.length - 8), block.length / 8) * 8;
  const list: Entry[] = [];
  let at = found.version5 ? 64 : 16;
  while (at < end) {
    if (at + 8 > block.length) return { list, broke: true };
    if (block.readUInt16BE(at) === FREE) {
      const length = block.readUInt16BE(at + 2);
      if (length < 8 || length % 8 !== 0) return { list, broke: true };
      at += length;
      continue;
    }
    const length = at + 9 <= block.length ? block.readUInt8(at + 8) : 0;
    const step = Math.ceil((11 + length + (found.fileTypes ? 1 : 0)) / 8) * 8;
    if (length === 0 || at + step > end) return { list, broke: true };
    const name = block.subarray(at + 9, at + 9 + length);
    if (!isDots(name)) list.push({ name, inode: countOf(block.readBigUInt64BE(at)) });
    at += step;
  }
  return { list, broke: false };
}

function isDots(name: Buffer): boolean {
  return name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e));
}
