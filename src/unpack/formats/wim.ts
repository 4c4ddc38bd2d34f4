import { sevenZipFormat } from '../seven-zip/format.ts';

export const wim = sevenZipFormat({
  id: 'wim',
  type: 'wim',
  doc: {
    name: 'WIM',
    description: 'Windows images: XPRESS, LZX, LZMS; all images of a file.',
    recognised: '`MSWIM` or `WLPWM` and three zero bytes at 0',
    limits: [],
    references: [
      'WIM: https://learn.microsoft.com/windows-hardware/manufacture/desktop/wim-vs-ffu-image-file-formats',
    ],
    limitations: [],
  },
});
