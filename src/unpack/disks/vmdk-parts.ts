import { JoinedSource, type ByteSource } from '../../bytes/index.ts';
import { ByteLedger, handOnUnclaimed } from '../byte-ledger.ts';
import type { FormatSink, UnpackContext } from '../format.ts';
import { Unsupported } from '../trouble.ts';
import { bytesAt } from './bytes-at.ts';
import { DiskMap, handOnSource } from './disk-map.ts';
import { Holes } from './holes.ts';
import { vmdkDescriptor, type VmdkExtent } from './vmdk-descriptor.ts';
import { mapGrains } from './vmdk-grains.ts';
import { SECTOR, vmdkHeader } from './vmdk-header.ts';

const MAX_DESCRIPTOR_BYTES = 1024 * 1024;

/** One file of the disk, and what of it is accounted for. */
interface Part {
  readonly source: ByteSource;
  readonly ledger: ByteLedger;
}

/** A disk in several files: the first is the descriptor, the others are its parts by their numbers. */
export async function unpackParts(
  { parts: [first, ...others] }: JoinedSource,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  if (first === undefined) return;
  const text = (await bytesAt(first, 0, Math.min(first.size, MAX_DESCRIPTOR_BYTES))).toString('latin1');
  const { parts: extents, hasParent } = vmdkDescriptor(text);
  const files = others.map((source) => ({ source, ledger: new ByteLedger(source.size) }));
  const found = extents.map((extent) => (extent.kind === 'ZERO' ? null : fileOf(extent, files)));
  if (extents.length === 0 || found.includes(undefined)) {
    await oneByOne([first, ...others], 0, sink);
    throw new Unsupported('the descriptor names other files than those that are called like its parts');
  }
  if (hasParent) sink.gap('unsupported_format', 'holds only what differs from a disk that is elsewhere');
  using maps = new DisposableStack();
  const disks: ByteSource[] = [];
  for (const [index, extent] of extents.entries())
    disks.push(await diskOf(extent, found[index] ?? null, { base: first, maps, sink, context }));
  const disk = new JoinedSource(disks);
  const size = others.reduce((sum, source) => sum + source.size, 0);
  const holes = Holes.ofImage(size);
  await handOnSource('(disk)', disk, holes, sink);
  if (holes.leftOut > 0) sink.measure('hole_bytes_left_out', holes.leftOut);
  for (const [index, file] of files.entries()) {
    if (found.includes(file)) await handOnUnclaimed(file.ledger, file.source, sink);
    else await oneByOne([file.source], index + 1, sink);
  }
}

/** By the number in its name: intake has put the files in that order. undefined: there is no such file. */
function fileOf({ file }: VmdkExtent, files: readonly Part[]): Part | undefined {
  const extent = /-(?:[sf](\d{3,6})|flat)\.vmdk$/i.exec(file);
  return extent === null ? undefined : files[extent[1] === undefined ? 0 : Number(extent[1]) - 1];
}

interface Tools {
  /** What is there in place of a part that is not. */
  readonly base: ByteSource;
  /** Holds the maps until the disk is done with. */
  readonly maps: DisposableStack;
  readonly sink: FormatSink;
  readonly context: UnpackContext;
}

/** As much of the disk as lies in one file. */
async function diskOf(
  { bytes, kind, from }: VmdkExtent,
  part: Part | null,
  { base, maps, sink, context }: Tools,
): Promise<ByteSource> {
  const { source, ledger } = part ?? { source: base, ledger: new ByteLedger(base.size) };
  const { budget } = context;
  const map = maps.use(new DiskMap({ source, ledger, budget }, bytes, false));
  let packed = false;
  if (part !== null && kind === 'SPARSE') {
    const header = await vmdkHeader(source);
    ledger.claim(0, SECTOR);
    ledger.claim(header.descriptorAt, header.descriptorAt + header.descriptorBytes);
    const [directory, ...more] = header.directories;
    if (directory === undefined) throw new Unsupported('a part that does not say where its grains are');
    await mapGrains(source, header, directory, map, { ledger, signal: context.signal });
    // The copy says the same; where it does not, its grains are in nobody's map and come out as they lie there.
    for (const other of more) {
      using copy = new DiskMap({ source, ledger: new ByteLedger(source.size), budget }, bytes, false);
      await mapGrains(source, header, other, copy, { ledger, signal: context.signal });
    }
    packed = header.compressed;
  } else if (part !== null) map.data(0, bytes, from);
  map.sayWhatIsMissing(sink, '(disk)');
  return map.finish(packed ? 'zlib' : null, sink, context);
}

async function oneByOne(sources: readonly ByteSource[], from: number, sink: FormatSink): Promise<void> {
  for (const [index, source] of sources.entries()) {
    const name = `(part ${from + index + 1})`;
    await sink.member({ name, size: source.size, content: source.stream(), source });
  }
}
