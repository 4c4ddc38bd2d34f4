import type { BigIntStats } from 'node:fs';

/** What tells one file, with one content, from the next one of its name. Times in ns, size in bytes. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtime_ns: bigint;
  readonly ctime_ns: bigint;
}

export function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileIdentity {
  return { dev, ino, size, mtime_ns: mtimeNs, ctime_ns: ctimeNs };
}

/** As bytes of one length, for hashing and comparing. */
export function identityBytes({ dev, ino, size, mtime_ns, ctime_ns }: FileIdentity): Buffer {
  const bytes = Buffer.allocUnsafe(40);
  for (const [index, value] of [dev, ino, size, mtime_ns, ctime_ns].entries()) {
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 8 * index);
  }
  return bytes;
}

export function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return identityBytes(one).equals(identityBytes(other));
}
