import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: 'nsis',
  doc: {
    name: 'NSIS',
    description: 'Installers made with NSIS.',
    recognised: 'an executable for Windows with `NullsoftInst` behind its sections',
    limits: [],
    references: ['NSIS: https://nsis.sourceforge.io/'],
    limitations: ['The compiled script of the installer is no member: only the files that it installs are'],
  },
});
