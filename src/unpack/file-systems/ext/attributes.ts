/** docs.kernel.org/filesystems/ext4, "Extended Attributes": those within an inode. */
const MAGIC = 0xea02_0000;
const ENTRY_BYTES = 16;
/** The name space `system.`, whose attribute `data` is a part of the content. */
const SYSTEM = 7;

/** The value of an attribute of the name space `system.` that stands within the inode; null when there is none. */
export function attributeIn(inode: Buffer, name: string): Buffer | null {
  if (inode.length < 132) return null;
  const head = 128 + inode.readUInt16LE(128);
  if (head + 4 > inode.length || inode.readUInt32LE(head) !== MAGIC) return null;
  const first = head + 4;
  for (let at = first; at + ENTRY_BYTES <= inode.length && inode.readUInt32LE(at) !== 0;) {
    const length = inode.readUInt8(at);
    const from = first + inode.readUInt16LE(at + 2);
    const size = inode.readUInt32LE(at + 8);
    const own = inode.toString('latin1', at + ENTRY_BYTES, at + ENTRY_BYTES + length);
    if (inode.readUInt8(at + 1) === SYSTEM && own === name && inode.readUInt32LE(at + 4) === 0)
      return inode.subarray(from, Math.min(inode.length, from + size));
    at += Math.ceil((ENTRY_BYTES + length) / 4) * 4;
  }
  return null;
}
