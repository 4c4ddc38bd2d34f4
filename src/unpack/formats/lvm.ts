import type { ByteSource } from '../../bytes/index.ts';
import { ByteLedger, handOnUnclaimed } from '../byte-ledger.ts';
import { DiskMap, handOnDisk } from '../disks/disk-map.ts';
import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { Holes } from '../disks/holes.ts';
import { physicalVolume } from '../disks/lvm-header.ts';
import { parseLvmText } from '../disks/lvm-text.ts';
import { mapSegment, segmentsOf, volumeGroup, type VolumeGroup } from '../disks/lvm-volumes.ts';
import type { Unpacker, FormatSink, UnpackContext } from '../format.ts';
import { Damaged, Unsupported } from '../trouble.ts';

/** Segments whose extents lie on the physical volume as they are. */
const PLAIN = ['striped', 'linear'];

export const unpacker: Unpacker = {
  doc: {
    name: 'LVM physical volume',
    description: 'Logical volumes of LVM2, linear and striped, as far as they lie on this physical volume.',
    recognised: '`LABELONE` at 512 or 0, `LVM2 001` 24 bytes after it',
    limits: ['16 MiB of metadata'],
    references: [
      'LVM2, lib/format_text/layout.h: https://sourceware.org/git/?p=lvm2.git;a=blob;f=lib/format_text/layout.h',
      'libvslvm, LVM format: https://github.com/libyal/libvslvm/blob/main/documentation/Logical%20Volume%20Manager%20(LVM)%20format.asciidoc',
    ],
    limitations: [
      HOLES_LEFT_OUT,
      'What lies on other physical volumes is a gap',
      'Thin, cached, mirrored and snapshot volumes are gaps; what they are made of is looked at volume by volume',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const ledger = new ByteLedger(source.size);
    const { id, texts } = await physicalVolume(source, ledger, sink);
    // Two areas say the same; should they not, the volumes of both are seen.
    const groups = [...new Set(texts)]
      .map((text) => groupOf(text, id, sink))
      .filter((group) => group !== null);
    if (groups.length === 0) {
      await handOnUnclaimed(ledger, source, sink);
      throw new Unsupported('no metadata on it say what its volumes are');
    }
    const holes = Holes.ofImage(source.nextRun === undefined ? source.size : 0);
    for (const group of groups) {
      for (const { name, section } of group.volumes) {
        context.signal.throwIfAborted();
        const volume = { name: `(volume ${name})`, section };
        await handOnVolume(volume, { source, ledger, group, holes, sink, context });
      }
    }
    await handOnUnclaimed(ledger, source, sink);
  },
};

function groupOf(text: string, id: string, sink: FormatSink): VolumeGroup | null {
  try {
    const group = volumeGroup(parseLvmText(text), id);
    if (group === null) sink.gap('corrupt', 'its metadata do not list this physical volume');
    return group;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    sink.gap('corrupt', `its metadata are damaged: ${error.message}`);
    return null;
  }
}

interface Tools {
  readonly source: ByteSource;
  readonly ledger: ByteLedger;
  readonly group: VolumeGroup;
  readonly holes: Holes;
  readonly sink: FormatSink;
  readonly context: UnpackContext;
}

async function handOnVolume(
  { name, section }: VolumeGroup['volumes'][number],
  { source, ledger, group, holes, sink, context }: Tools,
): Promise<void> {
  const segments = segmentsOf(section);
  let size = 0;
  for (const { start, count } of segments) size = Math.max(size, (start + count) * group.extentBytes);
  if (!Number.isSafeInteger(size)) throw new Damaged(`a volume of ${size} bytes`);
  using map = new DiskMap({ source, ledger, budget: context.budget }, size);
  let elsewhere = 0;
  const others = new Set<string>();
  for (const segment of segments) {
    if (PLAIN.includes(segment.type)) elsewhere += mapSegment(segment, group, map);
    else others.add(segment.type);
  }
  if (elsewhere > 0) {
    const detail = `${elsewhere} of its bytes lie on other physical volumes`;
    sink.gap('unsupported_format', detail, { member: name, bytes: elsewhere });
  }
  if (others.size > 0) {
    const detail = `made of other volumes: ${[...others].slice(0, 5).join(', ')}`;
    sink.gap('unsupported_format', detail, { member: name, bytes: size });
  }
  if (map.empty) map.sayWhatIsMissing(sink, name);
  else await handOnDisk(name, map, null, { holes, sink, context });
}
