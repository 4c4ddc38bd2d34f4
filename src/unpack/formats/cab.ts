import type { ByteSource } from '../../bytes/index.ts';
import type { FormatSink } from '../format.ts';
import { headOf, sevenZipUnpacker } from '../seven-zip/unpacker.ts';

/** CFHEADER (MS-CAB 2.1): flags, and the number of this cabinet within its set. */
const HEADER = { flags: 30, number: 34, end: 36 } as const;
const HAS_PREVIOUS = 1;
const HAS_NEXT = 2;

export const unpacker = sevenZipUnpacker({
  type: 'cab',
  doc: {
    name: 'Cabinet',
    description: 'Cabinets of Windows: MSZIP, LZX, Quantum.',
    recognised: '`MSCF` and four zero bytes at 0',
    limits: [],
    references: ['MS-CAB: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-cab/'],
    limitations: ['What goes on in another cabinet of a set is a gap'],
  },
  before: tellSet,
});

async function tellSet(source: ByteSource, sink: FormatSink): Promise<void> {
  const head = await headOf(source, HEADER.end);
  if ((head.readUInt16LE(HEADER.flags) & (HAS_PREVIOUS | HAS_NEXT)) === 0) return;
  const number = head.readUInt16LE(HEADER.number) + 1;
  sink.gap('unsupported_format', `part ${number} of a set of cabinets: the others are not at hand`);
}
