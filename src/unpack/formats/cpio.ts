import { sevenZipFormat } from '../seven-zip/format.ts';

export const cpio = sevenZipFormat({
  id: 'cpio',
  type: 'cpio',
  doc: {
    name: 'cpio',
    description: 'Old binary, portable (odc) and new (newc, crc) cpio archives.',
    recognised: '`070701`, `070702`, `070707`, or 070707 (octal) as a number of two bytes, at 0',
    limits: [],
    references: ['cpio(5): https://man.freebsd.org/cgi/man.cgi?query=cpio&sektion=5'],
    limitations: [],
  },
});
