import { sliceOf, type ByteSource } from '../../bytes/index.ts';
import { handOnUnclaimed } from '../byte-ledger.ts';
import type { FormatSink } from '../format.ts';
import { Damaged } from '../trouble.ts';
import { bootImages, partitions, type Landmark } from './boot.ts';
import { Image } from './image.ts';
import { otherDescriptors, sessionAt } from './sessions.ts';
import { Tree } from './tree.ts';
import { SYSTEM_AREA_SECTORS, volumeSet, type VolumeSet } from './volume.ts';

/**
 * Hands on every file that any tree of any session shows, each once; then boot images and partitions, and then every
 * byte that nobody claimed. Resolves to whether a UDF file system is described too, which it does not read.
 */
export async function unpackIso(
  source: ByteSource,
  sink: FormatSink,
  signal: AbortSignal,
): Promise<{ readonly udf: boolean }> {
  const image = new Image(source, sink, signal);
  const first = await volumeSet(source, image.ledger, SYSTEM_AREA_SECTORS);
  if (first.volumes.length === 0) throw new Damaged('no volume descriptor where one must be');
  const missing = Math.max(...first.volumes.map(({ bytes }) => bytes)) - source.size;
  if (missing > 0)
    sink.gap('corrupt', `cut off: ${missing} bytes of the volume are not there`, { bytes: missing });
  const landmarks = await partitions(source, image.ledger);
  landmarks.push(...(await readTrees(image, first)));
  for (const sector of await otherDescriptors(image)) {
    const other = await sessionAt(image, sector);
    if ('volumes' in other) landmarks.push(...(await readTrees(image, other)));
    else landmarks.push(other);
  }
  await handOnLandmarks(image, landmarks);
  await handOnUnclaimed(image.ledger, source, sink);
  return { udf: first.udf };
}

async function readTrees(image: Image, { volumes, bootCatalogs }: VolumeSet): Promise<Landmark[]> {
  // Rock Ridge's names are the best, then Joliet's: whoever is first names what all of them show.
  for (const volume of volumes) await new Tree(image, volume).read();
  const found: Landmark[] = [];
  for (const catalog of bootCatalogs) found.push(...(await bootImages(image.source, image.ledger, catalog)));
  return found;
}

/** What begins where no file lies is a member up to its end, the next one's start or the next file. */
async function handOnLandmarks(image: Image, landmarks: readonly Landmark[]): Promise<void> {
  const { source, sink, ledger } = image;
  const sorted = landmarks.toSorted((a, b) => a.start - b.start);
  const free = ledger.unclaimed();
  let reached = 0;
  for (const [index, { name, start, length }] of sorted.entries()) {
    while (free.length > reached && (free[reached]?.end ?? 0) <= start) reached++;
    const stretch = free[reached];
    if (stretch === undefined) return;
    const next = sorted[index + 1]?.start ?? Infinity;
    const end = Math.min(stretch.end, next, length === null ? Infinity : start + length);
    if (stretch.start > start || end <= start) continue;
    ledger.claim(start, end);
    await sink.member({
      name,
      size: end - start,
      content: source.stream(start, end),
      source: sliceOf(source, start, end),
    });
  }
}
