import type { Unpacker } from '../format.ts';
import { unpackIso } from '../iso/unpack.ts';
import { unpackArchive } from '../seven-zip/unpack.ts';
import { Damaged } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'ISO 9660',
    description:
      'Images of optical disks: Rock Ridge, Joliet and plain trees of all sessions, boot images, partitions, and whatever no tree shows.',
    recognised: '`CD001` at 32769',
    limits: [
      'Folders nested 256 deep, and 64 KiB of a path',
      '64 MiB of folders that wait to be read',
      '16 continuations of a Rock Ridge record, each of 16 KiB',
      '2 GiB of folders',
      '10,000 extents a file',
      '1,000 places where another session could begin',
    ],
    references: [
      'ECMA-119: https://ecma-international.org/publications-and-standards/standards/ecma-119/',
      'El Torito: https://pdos.csail.mit.edu/6.828/2018/readings/boot-cdrom.pdf',
    ],
    limitations: [
      'Interleaved files are a gap',
      'Of zisofs only version 1 is unpacked; the other is a gap',
      'With a UDF file system besides, its files are read once more, and its own structure counts as bytes in no member',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const { udf } = await unpackIso(source, sink, context.signal);
    if (udf) await unpackArchive(source, 'udf', sink, context);
  },
};
