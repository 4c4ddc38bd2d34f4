import { createHash, randomBytes } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { YaraFileIdentity } from '../../contracts/index.ts';

/**
 * How a scanner that is told a path proves that it has the very file open that its asker has: what the file system says
 * of it, and a hash of a fresh nonce together with some of its bytes, some of them at a place that only the nonce
 * tells. The device is no part of it: it is another number on every host and in every container that shares a folder.
 */
const SAMPLE_BYTES = 4096;
const NONCE_BYTES = 16;
const NONCE = /^[0-9a-f]{32}$/;

export function freshNonce(): string {
  return randomBytes(NONCE_BYTES).toString('hex');
}

export function isNonce(value: unknown): value is string {
  return typeof value === 'string' && NONCE.test(value);
}

/** The time of the last change of the inode can be set by nobody, and counts nanoseconds: two files never share all four. */
export function identityOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): YaraFileIdentity {
  return { ino: String(ino), size: Number(size), mtime_ns: String(mtimeNs), ctime_ns: String(ctimeNs) };
}

export function isSameFile(one: YaraFileIdentity, other: YaraFileIdentity): boolean {
  return (
    one.ino === other.ino &&
    one.size === other.size &&
    one.mtime_ns === other.mtime_ns &&
    one.ctime_ns === other.ctime_ns
  );
}

/** `read` may give less than it is asked for; then the proof is another one. */
export async function proofOf(
  nonce: string,
  identity: YaraFileIdentity,
  read: (position: number, length: number) => Promise<Buffer>,
): Promise<string> {
  const { ino, size, mtime_ns, ctime_ns } = identity;
  const hash = createHash('sha256').update(JSON.stringify([nonce, ino, size, mtime_ns, ctime_ns]));
  for (const position of samplesOf(nonce, size)) hash.update(await read(position, SAMPLE_BYTES));
  return hash.digest('hex');
}

/** Its beginning, its end, and one place between that nobody knows before. */
function samplesOf(nonce: string, size: number): readonly number[] {
  const last = Math.max(0, size - SAMPLE_BYTES);
  const between = Number(BigInt(`0x${nonce}`) % BigInt(last + 1));
  return [0, between, last];
}
