import type { ByteSource } from '../../bytes/index.ts';
import { headOf, sevenZipUnpacker } from '../seven-zip/unpacker.ts';
import { Unsupported } from '../trouble.ts';

/** Super block: the number of the compressor (5: LZ4), and the version (since 4 always little-endian). */
const SUPER = { compressor: 20, major: 28, end: 32 } as const;
const LZ4 = 5;

export const unpacker = sevenZipUnpacker({
  type: 'squashfs',
  doc: {
    name: 'SquashFS',
    description: 'Compressed read-only file systems: gzip, xz, zstd, LZO, LZMA.',
    recognised: '`hsqs` or `sqsh` at 0 and a version from 1 to 4',
    limits: [],
    references: ['SquashFS: https://docs.kernel.org/filesystems/squashfs.html'],
    limitations: ['With LZ4 it is a gap', 'Extended attributes are no members'],
  },
  async before(source: ByteSource) {
    const head = await headOf(source, SUPER.end);
    if (head.readUInt16LE(SUPER.major) === 4 && head.readUInt16LE(SUPER.compressor) === LZ4)
      throw new Unsupported('compressed with LZ4, which 7-Zip does not unpack here');
  },
});
