import type { Volume } from '../volume.ts';
import { extentsOf } from './extents.ts';
import type { Inode } from './inode.ts';
import type { SuperBlock } from './super-block.ts';

/** docs.kernel.org/filesystems/ext4, "Linear Directories": hashed ones read the same way. */
const HEAD_BYTES = 8;

export interface Entry {
  readonly name: Buffer;
  readonly inode: number;
}

/** The entries of a folder, without `.` and `..`. What cannot be read of it becomes a gap. */
export async function* entriesOf(
  inode: Inode,
  path: Buffer,
  volume: Volume,
  found: SuperBlock,
): AsyncGenerator<Entry, void, undefined> {
  let damaged = 0;
  if (inode.inline !== null) {
    // First the inode of the folder above, in place of the entries that others begin with.
    const parts = [inode.inline.subarray(4, 60), inode.inline.subarray(60, Math.max(60, inode.size))];
    for (const part of parts) {
      const list = entriesIn(part, found);
      yield* list.entries;
      if (list.broke) damaged++;
    }
  }
  for await (const { length, from } of extentsOf(inode, volume, found)) {
    volume.ledger.claim(from, from + length);
    for (let at = 0; at < length; at += found.blockBytes) {
      const block = await volume.folderBlock(from + at, found.blockBytes);
      if (block === null) {
        damaged++;
        break;
      }
      const list = entriesIn(block, found);
      yield* list.entries;
      if (list.broke || block.length < found.blockBytes) damaged++;
      // A run that lies past the end of the image has no blocks to count.
      if (block.length === 0) break;
    }
  }
  if (damaged > 0) {
    const detail = `${damaged} blocks of a folder cannot be read`;
    volume.sink.gap('corrupt', detail, { member: path, bytes: damaged * found.blockBytes });
  }
}

function entriesIn(block: Buffer, found: SuperBlock): { readonly entries: Entry[]; readonly broke: boolean } {
  const entries: Entry[] = [];
  for (let at = 0; at < block.length;) {
    if (at + HEAD_BYTES > block.length) return { entries, broke: true };
    const inode = block.readUInt32LE(at);
    const stored = block.readUInt16LE(at + 4);
    // In blocks of 64 KiB the length of the whole does not fit: it is 0 or all ones.
    const length = block.length === 0x1_0000 && (stored === 0 || stored === 0xffff) ? block.length : stored;
    const nameLength = found.fileTypes ? block.readUInt8(at + 6) : block.readUInt16LE(at + 6);
    if (length < HEAD_BYTES || length % 4 !== 0 || at + length > block.length)
      return { entries, broke: true };
    if (inode !== 0) {
      if (nameLength === 0 || HEAD_BYTES + nameLength > length) return { entries, broke: true };
      const name = block.subarray(at + HEAD_BYTES, at + HEAD_BYTES + nameLength);
      if (!isDots(name)) entries.push({ name, inode });
    }
    at += length;
  }
  return { entries, broke: false };
}

function isDots(name: Buffer): boolean {
  return name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e));
}
