import { sevenZipFormat } from '../seven-zip/format.ts';

export const udf = sevenZipFormat({
  id: 'udf',
  type: 'udf',
  sparse: true,
  doc: {
    name: 'UDF',
    description: 'Images of optical disks.',
    recognised: '`BEA01` at 32769 and `NSR0` in one of the next sectors, without `CD001`',
    limits: [],
    references: ['ECMA-167: https://ecma-international.org/publications-and-standards/standards/ecma-167/'],
    limitations: [],
  },
});
