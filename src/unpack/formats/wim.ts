import type { ByteSource } from '../../bytes/index.ts';
import type { FormatSink } from '../format.ts';
import { headOf, sevenZipFormat } from '../seven-zip/format.ts';
import { Unsupported } from '../trouble.ts';

/** WIMHEADER_V1_PACKED: number of this part, and of all. */
const PART = { number: 40, count: 42, end: 44 } as const;

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
    limitations: ['Pipable images of wimlib and parts of split images (.swm) are a gap'],
  },
  before: tellParts,
});

async function tellParts(source: ByteSource, sink: FormatSink): Promise<void> {
  const head = await headOf(source, PART.end);
  if (head.toString('latin1', 0, 5) === 'WLPWM') throw new Unsupported('a pipable image of wimlib');
  const count = head.readUInt16LE(PART.count);
  if (count > 1)
    sink.gap('unsupported_format', `part ${head.readUInt16LE(PART.number)} of ${count} of one image`);
}
