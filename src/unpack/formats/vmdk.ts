import { JoinedSource, sameMap, type ByteSource } from '../../bytes/index.ts';
import { ByteLedger, handOnUnclaimed } from '../byte-ledger.ts';
import { bytesAt } from '../disks/bytes-at.ts';
import { DiskMap, handOnDisk, handOnMapped } from '../disks/disk-map.ts';
import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { Holes } from '../disks/holes.ts';
import { vmdkDescriptor } from '../disks/vmdk-descriptor.ts';
import { unpackParts } from '../disks/vmdk-parts.ts';
import { mapGrains, walkStream } from '../disks/vmdk-grains.ts';
import { SECTOR, vmdkHeader } from '../disks/vmdk-header.ts';
import type { Unpacker, FormatSink, UnpackContext } from '../format.ts';
import { Damaged } from '../trouble.ts';

/** A descriptor that is longer has nothing to say that we read. */
const MAX_DESCRIPTOR_BYTES = 1024 * 1024;

export const unpacker: Unpacker = {
  doc: {
    name: 'VMDK',
    description: 'Disk images of VMware, sparse and stream-optimized: the disk, read in place.',
    recognised: '`KDMV` at 0, or a descriptor in words',
    limits: ['4 million pieces of one disk that do not follow each other'],
    references: [
      'VMware Virtual Disk Format 5.0: https://www.vmware.com/app/vmdk/?src=vmdk',
      'libvmdk, VMDK format: https://github.com/libyal/libvmdk/blob/main/documentation/VMWare%20Virtual%20Disk%20Format%20(VMDK).asciidoc',
    ],
    limitations: [
      HOLES_LEFT_OUT,
      'Images in several files are put together when descriptor and parts lie in one folder under their usual names; else each file is looked at by itself, and the descriptor is a gap',
      'Of a snapshot only its own grains are seen; that its base is elsewhere is a gap',
      'Sparse disks of ESX (COWD, SESPARSE) are a gap',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    if (source instanceof JoinedSource) {
      await unpackParts(source, sink, context);
      return;
    }
    const magic = await bytesAt(source, 0, 4);
    if (magic.toString('latin1') === 'KDMV' || magic.toString('latin1') === 'COWD')
      await unpackSparse(source, sink, context);
    else await sayWhatIsElsewhere(source, 0, source.size, sink);
  },
};

/** A disk whose grains stand in this file. */
async function unpackSparse(source: ByteSource, sink: FormatSink, context: UnpackContext): Promise<void> {
  const header = await vmdkHeader(source);
  const ledger = new ByteLedger(source.size);
  ledger.claim(0, SECTOR);
  if (header.footerAt !== null) ledger.claim(header.footerAt, header.footerAt + SECTOR);
  if (header.descriptorBytes > 0) {
    const { descriptorAt: at, descriptorBytes: length } = header;
    ledger.claim(at, at + length);
    await sayWhatIsElsewhere(source, at, length, sink, true);
  }
  const tools = { holes: Holes.ofImage(source.size), sink, context };
  const packing = header.compressed ? 'zlib' : null;
  const { signal } = context;
  const [first, ...others] = header.directories;
  const ground = { source, ledger, budget: context.budget };
  using disk = new DiskMap(ground, header.size);
  if (first === undefined) {
    if (!header.compressed) throw new Damaged('it does not say where its grains are');
    sink.gap('corrupt', 'its end is missing: the directory of its grains stands there');
    await walkStream(source, header, { ledger, signal }, disk);
  } else {
    if (header.compressed) await walkStream(source, header, { ledger, signal }, null);
    await mapGrains(source, header, first, disk, { ledger, signal });
  }
  const mapped = disk.finish(packing, sink, context);
  await handOnMapped('(disk)', disk, mapped, tools);
  for (const directory of others) {
    using again = new DiskMap(ground, header.size);
    await mapGrains(source, header, directory, again, { ledger, signal });
    if (sameMap(again.finish(packing, sink, context).map, mapped.map)) continue;
    sink.gap('corrupt', 'its two directories of grains do not say the same', { bytes: 0 });
    await handOnDisk('(disk by the second directory)', again, packing, tools);
  }
  await handOnUnclaimed(ledger, source, sink);
}

/** A descriptor names the files of the disk, and says whether it stands on another one. */
async function sayWhatIsElsewhere(
  source: ByteSource,
  at: number,
  length: number,
  sink: FormatSink,
  within = false,
): Promise<void> {
  const text = (await bytesAt(source, at, Math.min(length, MAX_DESCRIPTOR_BYTES))).toString('latin1');
  const { files, extents, hasParent } = vmdkDescriptor(text);
  if (hasParent) sink.gap('unsupported_format', 'holds only what differs from a disk that is elsewhere');
  if (within && extents <= 1) return;
  const names = files.slice(0, 5).join(', ');
  const detail = `a disk in ${extents} files, which are not put together: ${names}`;
  sink.gap('unsupported_format', detail, { bytes: 0 });
}
