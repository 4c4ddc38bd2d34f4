import { ByteLedger } from '../byte-ledger.ts';
import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { gptHeaders, handOnGpt } from '../disks/gpt-disk.ts';
import { Holes } from '../disks/holes.ts';
import type { Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'Disk with GPT',
    description:
      'A raw disk: the partitions of both tables and of a hybrid MBR, and what stands between them.',
    recognised: '`EFI PART` at 512 or 4096',
    limits: ['2 MiB of each table: 16,384 entries of 128 bytes'],
    references: ['UEFI 2.10, 5.3 GUID Partition Table: https://uefi.org/specs/UEFI/2.10/'],
    limitations: [HOLES_LEFT_OUT],
  },
  async unpack({ source }, sink, { signal }) {
    if (source === null) throw new Damaged('not a readable file');
    const headers = await gptHeaders(source);
    if (headers.length === 0) throw new Damaged('neither of its headers is there');
    const ledger = new ByteLedger(source.size);
    await handOnGpt(headers, source, ledger, { holes: new Holes(0), sink, signal });
  },
};
