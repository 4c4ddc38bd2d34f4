import { sevenZipFormat } from '../seven-zip/format.ts';

export const xar = sevenZipFormat({
  id: 'xar',
  type: 'xar',
  doc: {
    name: 'xar',
    description: 'Archives of xar: installers of macOS.',
    recognised: '`xar!` at 0 and a plausible header size',
    limits: [],
    references: ['xar: https://github.com/apple-oss-distributions/xar'],
    limitations: [],
  },
});
