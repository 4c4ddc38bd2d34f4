import { sevenZipFormat } from '../seven-zip/format.ts';

export const iso = sevenZipFormat({
  id: 'iso',
  type: 'iso',
  sparse: true,
  doc: {
    name: 'ISO 9660',
    description: 'Images of optical disks with Joliet and Rock Ridge names.',
    recognised: '`CD001` at 32769',
    limits: [],
    references: ['ECMA-119: https://ecma-international.org/publications-and-standards/standards/ecma-119/'],
    limitations: [],
  },
});
