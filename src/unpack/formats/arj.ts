import { sevenZipFormat } from '../seven-zip/format.ts';

export const arj = sevenZipFormat({
  id: 'arj',
  type: 'arj',
  doc: {
    name: 'ARJ',
    description: 'Archives of ARJ.',
    recognised: '`\\x60\\xEA` at 0 and a plausible main header',
    limits: [],
    references: ['ARJ: https://manpages.debian.org/arj.1'],
    limitations: [],
  },
});
