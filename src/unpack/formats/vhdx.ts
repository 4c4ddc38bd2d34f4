import { ByteLedger, handOnUnclaimed } from '../byte-ledger.ts';
import { tablePieces } from '../disks/bytes-at.ts';
import { DiskMap, handOnDisk } from '../disks/disk-map.ts';
import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { Holes } from '../disks/holes.ts';
import { vhdxLayout } from '../disks/vhdx-header.ts';
import type { Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';

const MIB = 1024 * 1024;
/** [MS-VHDX] 2.5.1.1: PAYLOAD_BLOCK_FULLY_PRESENT and _PARTIALLY_PRESENT. */
const PRESENT = 6;
const PARTLY_PRESENT = 7;
/** One bitmap block of 1 MiB says of that many sectors where they are. */
const SECTORS_OF_A_BITMAP = 2 ** 23;

export const unpacker: Unpacker = {
  doc: {
    name: 'VHDX',
    description: 'Disk images of Hyper-V: the disk, read in place.',
    recognised: '`vhdxfile` at 0',
    limits: ['4 million pieces of one disk that do not follow each other'],
    references: ['[MS-VHDX]: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/'],
    limitations: [
      HOLES_LEFT_OUT,
      'The log of an image that was not closed is not replayed: a gap',
      'Of a differencing image only its own blocks are seen; that its base is elsewhere is a gap',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const ledger = new ByteLedger(source.size);
    const layout = await vhdxLayout(source, ledger, sink);
    const { blockBytes, diskBytes, batAt } = layout;
    if (layout.hasParent) {
      sink.gap('unsupported_format', 'holds only what differs from a disk that is elsewhere');
    }
    // After every run of payload entries stands the entry of their bitmap.
    const run = (SECTORS_OF_A_BITMAP * layout.sectorBytes) / blockBytes;
    const blocks = Math.ceil(diskBytes / blockBytes);
    const entries = Math.min(blocks + Math.floor((blocks - 1) / run), Math.floor(layout.batBytes / 8));
    ledger.claim(batAt, batAt + layout.batBytes);
    using map = new DiskMap({ source, ledger, budget: context.budget }, diskBytes);
    let known = 0;
    for await (const { first, bytes } of tablePieces(
      source,
      batAt,
      Math.max(0, entries),
      8,
      context.signal,
    )) {
      known = first + bytes.length / 8;
      for (let i = first; i < known; i++) {
        const entry = bytes.readBigUInt64LE((i - first) * 8);
        const state = Number(entry & 7n);
        const at = Number(entry >> 20n) * MIB;
        const block = i - Math.floor(i / (run + 1));
        if (i % (run + 1) === run) {
          if (state === PRESENT) ledger.claim(at, at + MIB);
        } else if (state === PRESENT || state === PARTLY_PRESENT) {
          map.data(block * blockBytes, blockBytes, at);
        }
      }
    }
    const seen = known - Math.floor(known / (run + 1));
    map.lost(seen * blockBytes, diskBytes - seen * blockBytes);
    await handOnDisk('(disk)', map, null, { holes: Holes.ofImage(source.size), sink, context });
    await handOnUnclaimed(ledger, source, sink);
  },
};
