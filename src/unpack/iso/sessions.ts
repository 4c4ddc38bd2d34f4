import { directoryRecord } from './record.ts';
import type { Image } from './image.ts';
import { SECTOR_BYTES, SYSTEM_AREA_SECTORS, volumeSet, type VolumeSet } from './volume.ts';
import type { Landmark } from './boot.ts';

const PRIMARY = Buffer.from('\x01CD001\x01', 'latin1');
const PIECE_BYTES = 128 * SECTOR_BYTES;
/** Places looked at where another session, or an image within the image, could begin. */
const MAX_PLACES = 1000;

/** Sectors, among those that nobody claimed, at which a primary descriptor stands. */
export async function otherDescriptors({ source, ledger, signal }: Image): Promise<number[]> {
  const places: number[] = [];
  const piece = Buffer.alloc(PIECE_BYTES);
  for (const { start, end } of ledger.unclaimed()) {
    for (let at = Math.ceil(start / SECTOR_BYTES) * SECTOR_BYTES; at < end; at += PIECE_BYTES) {
      signal.throwIfAborted();
      const held = await source.readAt(piece.subarray(0, Math.min(PIECE_BYTES, end - at)), at);
      for (let sector = 0; sector + PRIMARY.length <= held; sector += SECTOR_BYTES) {
        if (!piece.subarray(sector, sector + PRIMARY.length).equals(PRIMARY)) continue;
        if (places.length < MAX_PLACES) places.push((at + sector) / SECTOR_BYTES);
      }
    }
  }
  return places;
}

/**
 * Another session counts its blocks from the start of the disk, and its root folder is where it says. What counts
 * from elsewhere is an image of its own.
 */
export async function sessionAt(image: Image, sector: number): Promise<VolumeSet | Landmark> {
  const descriptor = await image.bytesAt(sector * SECTOR_BYTES, SECTOR_BYTES);
  const root = directoryRecord(descriptor.subarray(156, 190), 0, SECTOR_BYTES);
  const start = root?.extents[0]?.start ?? 0;
  if (start > 0 && (await image.folderAt(start, SECTOR_BYTES)) !== null)
    return volumeSet(image.source, image.ledger, sector);
  const first = Math.max(0, sector - SYSTEM_AREA_SECTORS) * SECTOR_BYTES;
  return { name: `(image at byte ${first})`, start: first, length: null };
}
