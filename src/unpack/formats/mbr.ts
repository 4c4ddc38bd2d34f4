import { ByteLedger, handOnUnclaimed } from '../byte-ledger.ts';
import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { gptHeaders, handOnGpt } from '../disks/gpt-disk.ts';
import { Holes } from '../disks/holes.ts';
import { mbrEntries, mbrPartitions } from '../disks/mbr-table.ts';
import { PROTECTIVE } from '../disks/partition-types.ts';
import { handOnPartitions } from '../disks/partitions.ts';
import type { Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'Disk with MBR',
    description: 'A raw disk: its partitions, primary and logical, and what stands between them.',
    recognised: '`\\x55\\xAA` at 510 and a plausible table of partitions',
    limits: ['256 logical partitions'],
    references: ['UEFI 2.10, 5.2.1 Legacy Master Boot Record: https://uefi.org/specs/UEFI/2.10/'],
    limitations: [HOLES_LEFT_OUT],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const entries = await mbrEntries(source, 0);
    if (entries === null) throw new Damaged('it has no table of partitions');
    const ledger = new ByteLedger(source.size);
    const tools = { holes: new Holes(0), sink };
    if (entries.some(({ type }) => type === PROTECTIVE)) {
      const headers = await gptHeaders(source);
      sink.gap('corrupt', 'it says that it has a GPT, whose first header is missing', { bytes: 512 });
      if (headers.length > 0) {
        await handOnGpt(headers, source, ledger, { ...tools, signal: context.signal });
        return;
      }
    }
    const partitions = await mbrPartitions(entries, source, ledger, sink);
    await handOnPartitions(partitions, source, ledger, tools);
    await handOnUnclaimed(ledger, source, sink);
  },
};
