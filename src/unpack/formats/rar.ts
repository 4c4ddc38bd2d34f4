import { sevenZipFormat } from '../seven-zip/format.ts';

export const rar = sevenZipFormat({
  id: 'rar',
  type: null,
  doc: {
    name: 'RAR',
    description: 'RAR 1.5 to 5, also encrypted.',
    recognised: '`Rar!\\x1A\\x07` at 0',
    limits: [],
    references: ['RAR 5.0 archive format: https://www.rarlab.com/technote.htm'],
    limitations: ['Parts of archives in several volumes are a gap'],
  },
});
