import type { ByteSource } from '../../bytes/index.ts';
import { ByteLedger, handOnUnclaimed } from '../byte-ledger.ts';
import { bytesAt, countOf, paddedAt, tablePieces } from '../disks/bytes-at.ts';
import { DiskMap, handOnDisk } from '../disks/disk-map.ts';
import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { Holes } from '../disks/holes.ts';
import type { Unpacker, FormatSink, UnpackContext } from '../format.ts';
import { Damaged, OverBudget, Unsupported } from '../trouble.ts';

/** Microsoft, Virtual Hard Disk Image Format Specification 1.0. */
const FOOTER_BYTES = 512;
const HEADER_BYTES = 1024;
const SECTOR = 512;
const FIXED = 2;
const DYNAMIC = 3;
const DIFFERENCING = 4;
const NOT_THERE = 0xffff_ffff;
const MAX_BLOCK_BYTES = 2 ** 31;

export const unpacker: Unpacker = {
  doc: {
    name: 'VHD',
    description: 'Disk images of Virtual PC, fixed and dynamic: the disk, read in place.',
    recognised: '`conectix` 512 bytes before the end, or at 0',
    limits: ['4 million pieces of one disk that do not follow each other'],
    references: [
      'Virtual Hard Disk Image Format Specification: https://www.microsoft.com/download/details.aspx?id=23850',
      'libvhdi, VHD format: https://github.com/libyal/libvhdi/blob/main/documentation/Virtual%20Hard%20Disk%20(VHD)%20image%20format.asciidoc',
    ],
    limitations: [
      HOLES_LEFT_OUT,
      'Of a differencing image only its own blocks are seen; that its base is elsewhere is a gap',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const ledger = new ByteLedger(source.size);
    const footer = await findFooter(source, ledger, sink);
    using map = new DiskMap({ source, ledger, budget: context.budget }, footer.size, footer.type !== FIXED);
    if (footer.type === FIXED) map.data(0, footer.size, 0);
    else await mapBlocks(source, footer, { map, ledger, sink, context });
    await handOnDisk('(disk)', map, null, { holes: Holes.ofImage(source.size), sink, context });
    await handOnUnclaimed(ledger, source, sink);
  },
};

interface Footer {
  readonly type: number;
  readonly size: number;
  readonly headerAt: number;
}

/** The footer stands at the end; all but fixed images have a copy of it in front. */
async function findFooter(source: ByteSource, ledger: ByteLedger, sink: FormatSink): Promise<Footer> {
  const end = await bytesAt(source, source.size - FOOTER_BYTES, FOOTER_BYTES);
  const front = await bytesAt(source, 0, FOOTER_BYTES);
  if (isFooter(end)) ledger.claim(source.size - FOOTER_BYTES, source.size);
  if (isFooter(front)) ledger.claim(0, FOOTER_BYTES);
  if (!isSound(end)) {
    const detail = isFooter(end) ? 'its footer does not match its check sum' : 'its end is missing';
    sink.gap('corrupt', detail, { bytes: FOOTER_BYTES });
  }
  const bytes = [end, front].find(isSound) ?? [end, front].find(isFooter);
  if (bytes === undefined) throw new Damaged('it has no footer');
  const size = countOf(bytes.readBigUInt64BE(48));
  const type = bytes.readUInt32BE(60);
  if (size === Infinity) throw new OverBudget('a disk of more than 8 PiB');
  if (![FIXED, DYNAMIC, DIFFERENCING].includes(type)) throw new Unsupported(`disk type ${type}`);
  return { type, size, headerAt: countOf(bytes.readBigUInt64BE(16)) };
}

function isFooter(bytes: Buffer): boolean {
  return bytes.length === FOOTER_BYTES && bytes.toString('latin1', 0, 8) === 'conectix';
}

function isSound(bytes: Buffer): boolean {
  return isFooter(bytes) && sumOf(bytes, 64) === bytes.readUInt32BE(64);
}

/** One's complement of the sum of all bytes but the sum's own. */
function sumOf(bytes: Buffer, sumAt: number): number {
  let sum = 0;
  for (const [at, byte] of bytes.entries()) if (at < sumAt || at >= sumAt + 4) sum += byte;
  return ~sum >>> 0;
}

interface Tools {
  readonly map: DiskMap;
  readonly ledger: ByteLedger;
  readonly sink: FormatSink;
  readonly context: UnpackContext;
}

async function mapBlocks(source: ByteSource, footer: Footer, tools: Tools): Promise<void> {
  const { map, ledger, sink, context } = tools;
  const header = await paddedAt(source, footer.headerAt, HEADER_BYTES);
  if (header.toString('latin1', 0, 8) !== 'cxsparse') throw new Damaged('it has no header of its blocks');
  if (sumOf(header, 36) !== header.readUInt32BE(36)) {
    sink.gap('corrupt', 'the header of its blocks does not match its check sum', { bytes: HEADER_BYTES });
  }
  ledger.claim(footer.headerAt, footer.headerAt + HEADER_BYTES);
  if (footer.type === DIFFERENCING) {
    sink.gap('unsupported_format', 'holds only what differs from a disk that is elsewhere');
  }
  const blockBytes = header.readUInt32BE(32);
  if (blockBytes < SECTOR || blockBytes > MAX_BLOCK_BYTES) throw new Damaged(`blocks of ${blockBytes} bytes`);
  // Which sectors were ever written; the others are zeros in the file as well, so that nobody needs to look.
  const bitmapBytes = Math.ceil(blockBytes / SECTOR / 8 / SECTOR) * SECTOR;
  const tableAt = countOf(header.readBigUInt64BE(16));
  const count = Math.min(header.readUInt32BE(28), Math.ceil(footer.size / blockBytes));
  ledger.claim(tableAt, tableAt + count * 4);
  await claimPadding(source, tableAt + count * 4, ledger);
  let known = 0;
  for await (const { first, bytes } of tablePieces(source, tableAt, count, 4, context.signal)) {
    known = first + bytes.length / 4;
    for (let i = first; i < known; i++) {
      const sector = bytes.readUInt32BE((i - first) * 4);
      if (sector === NOT_THERE) continue;
      ledger.claim(sector * SECTOR, sector * SECTOR + bitmapBytes);
      map.data(i * blockBytes, blockBytes, sector * SECTOR + bitmapBytes);
    }
  }
  map.lost(known * blockBytes, footer.size - known * blockBytes);
}

/** The table is filled up to the end of its sector with entries of blocks that are not there. */
async function claimPadding(source: ByteSource, at: number, ledger: ByteLedger): Promise<void> {
  const end = Math.ceil(at / SECTOR) * SECTOR;
  const padding = await bytesAt(source, at, end - at);
  if (padding.every((byte) => byte === 0xff)) ledger.claim(at, end);
}
