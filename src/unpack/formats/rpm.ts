import { sevenZipFormat } from '../seven-zip/format.ts';

export const rpm = sevenZipFormat({
  id: 'rpm',
  type: 'rpm',
  doc: {
    name: 'RPM',
    description: 'Packages of RPM: the compressed payload is the member.',
    recognised: '`\\xED\\xAB\\xEE\\xDB` at 0',
    limits: [],
    references: ['RPM: https://rpm.org/docs/'],
    limitations: [],
  },
});
