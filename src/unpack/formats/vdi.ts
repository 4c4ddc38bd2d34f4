import type { ByteSource } from '../../bytes/index.ts';
import { ByteLedger, handOnUnclaimed } from '../byte-ledger.ts';
import { countOf, paddedAt, tablePieces } from '../disks/bytes-at.ts';
import { DiskMap, handOnDisk } from '../disks/disk-map.ts';
import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { Holes } from '../disks/holes.ts';
import type { Unpacker, FormatSink } from '../format.ts';
import { Damaged, OverBudget, Unsupported } from '../trouble.ts';

/** VirtualBox, VDICore.h: VDIPREHEADER and VDIHEADER1PLUS. */
const HEADER_BYTES = 512;
const NOT_THERE = 0xffff_fffe;

export const unpacker: Unpacker = {
  doc: {
    name: 'VDI',
    description: 'Disk images of VirtualBox: the disk, read in place.',
    recognised: '`\\x7F\\x10\\xDA\\xBE` at 64',
    limits: ['4 million pieces of one disk that do not follow each other'],
    references: [
      'VDICore.h: https://www.virtualbox.org/browser/vbox/trunk/src/VBox/Storage/VDICore.h',
      'QEMU, block/vdi.c: https://gitlab.com/qemu-project/qemu/-/blob/master/block/vdi.c',
    ],
    limitations: [
      HOLES_LEFT_OUT,
      'Of a snapshot only its own blocks are seen; that its base is elsewhere is a gap',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const header = headerOf(await paddedAt(source, 0, HEADER_BYTES), source);
    const ledger = new ByteLedger(source.size);
    ledger.claim(0, HEADER_BYTES);
    ledger.claim(header.mapAt, header.mapAt + header.blocks * 4);
    sayWhatIsElsewhere(header, sink);
    using map = new DiskMap({ source, ledger, budget: context.budget }, header.size);
    let known = 0;
    for await (const { first, bytes } of tablePieces(
      source,
      header.mapAt,
      header.blocks,
      4,
      context.signal,
    )) {
      known = first + bytes.length / 4;
      for (let i = first; i < known; i++) {
        const block = bytes.readUInt32LE((i - first) * 4);
        const at = header.dataAt + block * (header.blockBytes + header.extraBytes) + header.extraBytes;
        if (block < NOT_THERE) map.data(i * header.blockBytes, header.blockBytes, at);
      }
    }
    map.lost(known * header.blockBytes, header.size - known * header.blockBytes);
    await handOnDisk('(disk)', map, null, { holes: Holes.ofImage(source.size), sink, context });
    await handOnUnclaimed(ledger, source, sink);
  },
};

interface Header {
  readonly mapAt: number;
  readonly dataAt: number;
  readonly size: number;
  readonly blockBytes: number;
  readonly extraBytes: number;
  readonly blocks: number;
  readonly differs: boolean;
}

function headerOf(bytes: Buffer, source: ByteSource): Header {
  if (source.size < HEADER_BYTES) throw new Damaged('it ends within its header');
  const major = bytes.readUInt16LE(70);
  if (major !== 1) throw new Unsupported(`version ${major} of the format`);
  const blockBytes = bytes.readUInt32LE(376);
  const size = countOf(bytes.readBigUInt64LE(368));
  if (blockBytes === 0) throw new Damaged('blocks of no size');
  if (size === Infinity) throw new OverBudget('a disk of more than 8 PiB');
  const type = bytes.readUInt32LE(76);
  const blocks = bytes.readUInt32LE(384);
  const parent = bytes.subarray(440, 456);
  return {
    mapAt: bytes.readUInt32LE(340),
    dataAt: bytes.readUInt32LE(344),
    size,
    blockBytes,
    extraBytes: bytes.readUInt32LE(380),
    blocks: Math.min(blocks, Math.ceil(size / blockBytes)),
    differs: type === 3 || type === 4 || parent.some((byte) => byte !== 0),
  };
}

function sayWhatIsElsewhere({ differs }: Header, sink: FormatSink): void {
  if (!differs) return;
  sink.gap('unsupported_format', 'holds only what differs from a disk that is elsewhere: a snapshot');
}
