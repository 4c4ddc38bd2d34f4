import { Damaged } from '../../trouble.ts';
import type { Volume } from '../volume.ts';
import { byteOfCluster, type BootSector } from './boot-sector.ts';

/** exFAT specification, 4.1: entries of the table from here on are no clusters. */
const BAD = 0xffff_fff7;
const LAST = 0xffff_ffff;

/** What a directory entry says of where its content lies. */
export interface Allocation {
  readonly first: number;
  readonly bytes: number;
  /** One cluster behind the other: the table says nothing of it. */
  readonly contiguous: boolean;
}

export interface Piece {
  /** In bytes of the content. */
  readonly start: number;
  readonly length: number;
  /** In bytes of the image; Infinity: nowhere. */
  readonly from: number;
}

/** Where the content lies, to the end of its last cluster. Throws Damaged when the table does not lead that far. */
export async function* piecesOf(
  { first, bytes, contiguous }: Allocation,
  volume: Volume,
  boot: BootSector,
): AsyncGenerator<Piece, void, undefined> {
  const { clusterBytes, clusters } = boot;
  const count = Math.ceil(bytes / clusterBytes);
  if (count === 0) return;
  if (contiguous) {
    const from = byteOfCluster(boot, first);
    const there = Math.max(0, Math.min(count, clusters - (first - 2)));
    if (from !== Infinity) yield { start: 0, length: there * clusterBytes, from };
    if (from === Infinity || there < count) throw new Damaged('its clusters reach beyond the last one');
    return;
  }
  let start = 0;
  for await (const cluster of chain(first, volume, boot)) {
    yield { start, length: clusterBytes, from: byteOfCluster(boot, cluster) };
    start += clusterBytes;
    if (start >= count * clusterBytes) return;
  }
  // The root folder does not say how long it is.
  if (bytes !== Infinity) throw new Damaged('its chain of clusters ends too early');
}

/** The clusters of a chain. Throws Damaged where it leads nowhere, or back. */
async function* chain(
  first: number,
  volume: Volume,
  boot: BootSector,
): AsyncGenerator<number, void, undefined> {
  // A chain that leads back meets the cluster that was kept at the last power of two (Brent).
  let kept = 0;
  let steps = 0;
  let nextKept = 1;
  for (let cluster = first; cluster !== LAST;) {
    if (cluster >= BAD || byteOfCluster(boot, cluster) === Infinity)
      throw new Damaged('a chain of clusters leads nowhere');
    if (cluster === kept) throw new Damaged('a chain of clusters leads back to itself');
    yield cluster;
    if (++steps === nextKept) {
      kept = cluster;
      nextKept *= 2;
    }
    const entry = await volume.read(boot.tableAt + cluster * 4, 4);
    if (entry.length < 4) throw new Damaged('the table of clusters lies past the end of the image');
    cluster = entry.readUInt32LE(0);
  }
}
