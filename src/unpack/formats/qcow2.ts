import { sameMap, type ByteSource, type ExtentMap } from '../../bytes/index.ts';
import { ByteLedger, handOnUnclaimed } from '../byte-ledger.ts';
import { DiskMap, handOnDisk, handOnMapped } from '../disks/disk-map.ts';
import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { Holes } from '../disks/holes.ts';
import { qcowHeader, type QcowHeader } from '../disks/qcow-header.ts';
import { qcowSnapshots } from '../disks/qcow-snapshots.ts';
import { QcowTables } from '../disks/qcow-tables.ts';
import type { Unpacker, FormatSink, UnpackContext } from '../format.ts';
import { Damaged, NeedsPassword } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'QCOW2',
    description: 'Disk images of QEMU, versions 1 to 3: the disk and every snapshot, read in place.',
    recognised: '`QFI\\xFB` at 0',
    limits: ['4 million pieces of one disk that do not follow each other', '1,000 snapshots'],
    references: [
      'qcow2: https://www.qemu.org/docs/master/interop/qcow2.html',
      'QEMU, block/qcow.c (version 1): https://gitlab.com/qemu-project/qemu/-/blob/master/block/qcow.c',
    ],
    limitations: [
      HOLES_LEFT_OUT,
      'Encrypted images are a gap, with any password',
      'Of an image with a backing file only its own clusters are seen; that its base is elsewhere is a gap',
      'An image whose data are in an external file is a gap',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const ledger = new ByteLedger(source.size);
    const header = await qcowHeader(source, ledger);
    sayWhatIsElsewhere(header, sink);
    if (header.encrypted) throw new NeedsPassword('its clusters are encrypted', { bytes: source.size });
    const tables = new QcowTables(source, header, ledger, context.signal);
    await tables.claimCounts();
    const snapshots = await qcowSnapshots(source, header, ledger, sink);
    const tools: Tools = { source, ledger, tables, header, holes: Holes.ofImage(source.size), sink, context };
    if (header.dataFile === null) {
      const own = { ...header, diskBytes: header.size, name: '(disk)', behind: '(behind the disk)' };
      using maps = new DisposableStack();
      const disk = await handOn(own, maps, tools, []);
      let before = disk;
      let last = maps.use(new DisposableStack());
      for (const snapshot of snapshots) {
        const name = `(snapshot ${snapshot.name})`;
        const behind = `(state of the machine at snapshot ${snapshot.name})`;
        const next = maps.use(new DisposableStack());
        before = await handOn({ ...snapshot, name, behind }, next, tools, [disk, before]);
        // It was held to be compared with this one.
        last.dispose();
        last = next;
      }
    }
    await handOnUnclaimed(ledger, source, sink);
  },
};

interface Tools {
  readonly source: ByteSource;
  readonly ledger: ByteLedger;
  readonly tables: QcowTables;
  readonly header: QcowHeader;
  readonly holes: Holes;
  readonly sink: FormatSink;
  readonly context: UnpackContext;
}

interface State {
  readonly name: string;
  readonly behind: string;
  readonly l1At: number;
  readonly l1Count: number;
  readonly diskBytes: number;
}

/** Hands on one state of the disk, unless it is the same as one that was seen just before; `maps` holds its map. */
async function handOn(
  state: State,
  maps: DisposableStack,
  tools: Tools,
  known: readonly ExtentMap[],
): Promise<ExtentMap> {
  const { source, ledger, tables, header, sink, context } = tools;
  const ground = { source, ledger, budget: context.budget };
  const disk = maps.use(new DiskMap(ground, state.diskBytes));
  using behind = new DiskMap(ground, Infinity);
  await tables.map(state.l1At, state.l1Count, { disk, behind, size: state.diskBytes });
  if (behind.empty) behind.sayWhatIsMissing(sink, state.behind);
  else await handOnDisk(state.behind, behind, header.packing, tools);
  const mapped = disk.finish(header.packing, sink, context);
  if (known.some((other) => sameMap(mapped.map, other))) {
    disk.sayWhatIsMissing(sink, state.name);
    sink.measure('snapshots_like_another', 1);
  } else await handOnMapped(state.name, disk, mapped, tools);
  return mapped.map;
}

function sayWhatIsElsewhere(header: QcowHeader, sink: FormatSink): void {
  const { backing, dataFile, markedCorrupt } = header;
  if (backing !== null) {
    const detail = `holds only what differs from its backing file, which is elsewhere: ${backing.slice(0, 200)}`;
    sink.gap('unsupported_format', detail);
  }
  if (dataFile !== null)
    sink.gap('unsupported_format', `its data are in another file: ${dataFile.slice(0, 200)}`);
  if (markedCorrupt) sink.gap('corrupt', 'QEMU marked it as corrupt', { bytes: 0 });
}
