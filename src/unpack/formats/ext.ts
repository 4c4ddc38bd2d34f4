import type { ByteSource } from '../../bytes/index.ts';
import type { FormatSink } from '../format.ts';
import { headOf, sevenZipFormat } from '../seven-zip/format.ts';
import { Unsupported } from '../trouble.ts';

/** Super block (docs.kernel.org/filesystems/ext4, "The Super Block"): sets of features, in bytes of the image. */
const FEATURES = { incompatible: 1024 + 96, readOnly: 1024 + 100, end: 1024 + 104 } as const;
const INLINE_DATA = 0x8000;
const ENCRYPT = 0x1_0000;
const BIGALLOC = 0x200;

export const ext = sevenZipFormat({
  id: 'ext',
  type: 'ext',
  sparse: true,
  doc: {
    name: 'ext2/3/4',
    description: 'File systems of Linux.',
    recognised: '`\\x53\\xEF` at 1080 and a plausible super block',
    limits: [],
    references: ['ext4: https://docs.kernel.org/filesystems/ext4/'],
    limitations: [
      'Deleted files and free space are no members: their bytes are only seen as part of the whole image',
      'The journal is a member and is not replayed: what was being written shows in its former state',
      'With inline_data or bigalloc it is a gap, and so are files with holes in ext2 and ext3',
      'Extended attributes are no members',
    ],
  },
  before: tellFeatures,
});

async function tellFeatures(source: ByteSource, sink: FormatSink): Promise<void> {
  const head = await headOf(source, FEATURES.end);
  const incompatible = head.readUInt32LE(FEATURES.incompatible);
  if ((incompatible & INLINE_DATA) !== 0)
    throw new Unsupported('keeps small files within inodes (inline_data)');
  if ((head.readUInt32LE(FEATURES.readOnly) & BIGALLOC) !== 0)
    throw new Unsupported('counts in clusters of blocks (bigalloc)');
  // 7-Zip hands on the cipher text without a word.
  if ((incompatible & ENCRYPT) !== 0)
    sink.gap('encrypted', 'fscrypt is switched on: which of its files are encrypted cannot be told');
}
