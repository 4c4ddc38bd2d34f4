import type { BigIntStats } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Folder } from '../bytes/index.ts';
import { NotMoved } from './not-moved.ts';

/** Room for header, report and folders. */
const SLACK_BYTES = 128n * 1024n;
/** What we leave of any file system: the store, the journal and others go on writing when it is nearly full. */
const MAX_RESERVE_BYTES = 64n * 1024n * 1024n;
const RESERVE_SHARE = 20n;

/**
 * Filling a file system up to its last byte would hurt others, and the file would not move anyway. Throws NotMoved,
 * to be tried again.
 */
export async function assertRoom(
  destination: Folder,
  { size, blocks }: Pick<BigIntStats, 'size' | 'blocks'>,
): Promise<void> {
  const { bavail, bsize, blocks: total } = await statfs(destination.here(), { bigint: true });
  // Some network file systems do not say how large they are.
  if (total === 0n) return;
  const share = (total * bsize) / RESERVE_SHARE;
  const reserve = share < MAX_RESERVE_BYTES ? share : MAX_RESERVE_BYTES;
  const needed = (blocks * 512n < size ? blocks * 512n : size) + SLACK_BYTES + reserve;
  const free = bavail * bsize;
  if (free >= needed) return;
  const where = destination.path.toString();
  throw new NotMoved(`not enough space in ${where}: ${needed} bytes needed, ${free} free`, {
    isPassing: true,
  });
}
