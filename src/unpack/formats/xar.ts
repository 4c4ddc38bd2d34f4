import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
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
