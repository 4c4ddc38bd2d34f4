import { isTarHeader, TAR_BLOCK, tarOctal } from '../bytes/index.ts';
import { openRoot } from './open-root.ts';

/** A label, a global header with the name of a file, and the beginning of what it holds. */
const HEAD_BYTES = 4 * TAR_BLOCK;
/** The end mark. */
const END_BYTES = 2 * TAR_BLOCK;
const LABEL = / Volume (\d{1,9})$/;

/** What a file's first and last bytes say of it as a volume of GNU tar. */
export interface TarVolume {
  /** Not so where the one before ended within a header. */
  readonly isTar: boolean;
  /** It begins with the rest of what another one ends in, or its label says that it is a later one. */
  readonly continues: boolean;
  /** It stops without an end mark: another one may follow. */
  readonly goesOn: boolean;
}

/**
 * GNU tar, "Tar Internals" and src/buffer.c: a later volume begins with a header of type M, in the pax format with a global one that
 * has GNU.volume.filename; either may have a label before it. null: it cannot be read.
 */
export async function tarVolume(path: Buffer): Promise<TarVolume | null> {
  try {
    const { handle, stats } = await openRoot(path);
    try {
      const size = Number(stats.size);
      const head = Buffer.alloc(Math.min(HEAD_BYTES, size));
      await handle.read(head, 0, head.length, 0);
      const isTar = isTarHeader(head);
      const end = Buffer.alloc(Math.min(END_BYTES, size));
      await handle.read(end, 0, end.length, size - end.length);
      return { isTar, continues: isTar && isLater(head), goesOn: end.some((byte) => byte !== 0) };
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

function isLater(head: Buffer): boolean {
  const type = typeOf(head);
  if (type === 'V') {
    const [, number] = LABEL.exec(textOf(head.subarray(0, 100))) ?? [];
    if (Number(number ?? 1) > 1) return true;
    const next = head.subarray(TAR_BLOCK);
    return isTarHeader(next) && isContinuation(next);
  }
  return isContinuation(head);
}

function isContinuation(header: Buffer): boolean {
  const type = typeOf(header);
  if (type === 'M') return true;
  if (type !== 'g') return false;
  const size = tarOctal(header.subarray(124, 136)) ?? 0;
  return header.subarray(TAR_BLOCK, TAR_BLOCK + size).includes('GNU.volume.filename=');
}

function typeOf(header: Buffer): string {
  return String.fromCharCode(header[156] ?? 0);
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? field.length : end);
}
