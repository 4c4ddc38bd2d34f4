import { sevenZipFormat } from '../seven-zip/format.ts';

export const nsis = sevenZipFormat({
  id: 'nsis',
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
