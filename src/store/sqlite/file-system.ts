import { statfs } from 'node:fs/promises';
import type { Folder } from '../../bytes/index.ts';
import { BackupLensError } from '../../domain/index.ts';

/**
 * File systems that are not this machine's alone (linux/magic.h and their own headers): the shared memory that
 * SQLite's WAL needs is not shared between hosts, and locks may be a matter of luck (https://sqlite.org/wal.html).
 */
const SHARED: ReadonlyMap<bigint, string> = new Map([
  [0x6969n, 'NFS'],
  [0x517bn, 'SMB'],
  [0xff534d42n, 'CIFS'],
  [0xfe534d42n, 'SMB'],
  [0x01021997n, '9p'],
  [0x65735546n, 'FUSE'],
  [0x65735543n, 'FUSE'],
  [0x5346414fn, 'AFS'],
  [0x6b414653n, 'AFS'],
  [0x00c36400n, 'Ceph'],
  [0x73757245n, 'Coda'],
  [0x564cn, 'NCP'],
  [0x7461636fn, 'OCFS2'],
  [0x01161970n, 'GFS2'],
  [0x0bd00bd0n, 'Lustre'],
  [0x47504653n, 'GPFS'],
  [0x786f4256n, 'a VirtualBox shared folder'],
  [0xbacbacbcn, 'a VMware shared folder'],
]);

/** The `f_type` of the file system that a folder lies on. */
export type FileSystemType = (folder: Folder) => Promise<bigint>;

export async function fileSystemType(folder: Folder): Promise<bigint> {
  const { type } = await statfs(folder.here(), { bigint: true });
  return type;
}

/** Throws BL_STORE for a file system that SQLite's WAL cannot be trusted on (ATTACKS B11). */
export async function assertLocal(folder: Folder, typeOf: FileSystemType): Promise<void> {
  // Some of the constants do not fit into 31 bits, and the kernel hands them on with their sign.
  const name = SHARED.get(BigInt.asUintN(32, await typeOf(folder)));
  if (name === undefined) return;
  throw new BackupLensError(
    'BL_STORE',
    `${folder.path.toString()} lies on ${name}, where the store could be damaged or opened twice`,
    {
      hint: 'set DATA_DIR to a folder on a local disk; in a container, to a named volume instead of a mounted folder',
    },
  );
}
