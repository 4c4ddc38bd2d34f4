import { sevenZipFormat } from '../seven-zip/format.ts';

export const cab = sevenZipFormat({
  id: 'cab',
  type: 'cab',
  doc: {
    name: 'Cabinet',
    description: 'Cabinets of Windows: MSZIP, LZX, Quantum.',
    recognised: '`MSCF` and four zero bytes at 0',
    limits: [],
    references: ['MS-CAB: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-cab/'],
    limitations: [],
  },
});
