import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { readExfat } from '../file-systems/exfat/file-system.ts';
import { FILE_SYSTEM_LIMITS } from '../file-systems/volume.ts';
import type { Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'exFAT',
    description:
      'File systems of memory cards and external disks: files are read where they lie; deleted ones whose clusters are free, and all that belongs to no file, are examined too.',
    recognised: '`EXFAT   ` at 3',
    limits: [...FILE_SYSTEM_LIMITS, '256 MiB of one folder', '100 pieces of the map of what is in use'],
    references: ['exFAT: https://learn.microsoft.com/windows/win32/fileio/exfat-specification'],
    limitations: [
      HOLES_LEFT_OUT,
      'Of deleted files only those are members by name that lie in one piece; the others are bytes in no member',
      'What vendors keep in entries of their own is bytes in no member',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    await readExfat(source, sink, context);
  },
};
