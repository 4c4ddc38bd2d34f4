import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: 'apfs',
  doc: {
    name: 'APFS',
    description: 'File systems of macOS.',
    recognised: '`NXSB` at 32',
    limits: [],
    references: ['APFS: https://developer.apple.com/support/downloads/Apple-File-System-Reference.pdf'],
    limitations: [
      'Deleted files and free space are no members: their bytes are only seen as part of the whole image',
      'Encrypted volumes are a gap',
    ],
  },
});
