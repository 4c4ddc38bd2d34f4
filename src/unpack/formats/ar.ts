import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: 'ar',
  doc: {
    name: 'ar',
    description: 'Archives of Unix ar: Debian packages, static libraries.',
    recognised: '`!<arch>` and a newline at 0',
    limits: [],
    references: ['ar(5): https://manpages.debian.org/ar.5'],
    limitations: [],
  },
});
