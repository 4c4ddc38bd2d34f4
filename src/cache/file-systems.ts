import { createHash } from 'node:crypto';
import { readdir, readlink, statfs } from 'node:fs/promises';
import { basename } from 'node:path';
import { readAtMost } from '../bytes/index.ts';

/**
 * File systems of this machine's own disks whose kernel moves ctime on with every change of content, and writes it before
 * fsync is done (linux/magic.h): ext2/3/4. Not XFS (XFS_IOC_SWAPEXT, made for xfs_fsr, exchanges the contents of two files for whoever
 * may write both, and leaves all their times: seen with Linux 6.18), not tmpfs (stores through a mapping never show), not btrfs (one
 * inode number in each subvolume), not overlay (an inode may stand for another file after a copy-up), nothing that comes over a
 * network or from FUSE.
 */
const LOCAL: ReadonlyMap<bigint, string> = new Map([[0xef53n, 'ext']]);

const BY_UUID = '/dev/disk/by-uuid';
const MAX_MOUNTS_BYTES = 1024 * 1024;
/** More devices than a walk ever crosses. */
const MAX_KNOWN = 1000;

/** Where a file's inode number, times and size can be believed. */
export interface FileSystem {
  /** The same after a restart of the machine only where its UUID is known; otherwise of this boot alone. 16 bytes. */
  readonly id: Buffer;
}

/** Tells the file systems of a walk apart: a device's number may be another disk's next time. */
export class FileSystems {
  readonly #known = new Map<bigint, Promise<FileSystem | null>>();

  /** Of the file at `path`, which is on device `dev`; null: its metadata say nothing. Never rejects. */
  async of(path: Buffer, dev: bigint): Promise<FileSystem | null> {
    const known = this.#known.get(dev);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_KNOWN) return null;
    const asked = identify(path, dev).catch(() => null);
    this.#known.set(dev, asked);
    return asked;
  }
}

async function identify(path: Buffer, dev: bigint): Promise<FileSystem | null> {
  const { type, blocks, bsize, files } = await statfs(path, { bigint: true });
  const kind = LOCAL.get(BigInt.asUintN(32, type));
  if (kind === undefined) return null;
  const place = (await uuidOf(dev)) ?? `${await bootId()} ${dev}`;
  const hash = createHash('sha256').update(`${kind}\0${place}\0${blocks} ${bsize} ${files}`);
  return { id: hash.digest().subarray(0, 16) };
}

/** null: udev does not say, as in containers. */
async function uuidOf(dev: bigint): Promise<string | null> {
  // makedev(3): the numbers as glibc packs them.
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  try {
    const mounts = (await readAtMost('/proc/self/mountinfo', MAX_MOUNTS_BYTES)).toString('latin1');
    // proc_pid_mountinfo(5): id, parent, major:minor, root, place, options, …, -, type, source, options.
    const line = mounts.split('\n').find((one) => one.split(' ')[2] === `${major}:${minor}`);
    const source = line?.split(' - ')[1]?.split(' ')[1];
    if (source === undefined) return null;
    for (const uuid of await readdir(BY_UUID)) {
      if (basename(await readlink(`${BY_UUID}/${uuid}`)) === basename(source)) return uuid;
    }
  } catch {
    // No udev here.
  }
  return null;
}

async function bootId(): Promise<string> {
  return (await readAtMost('/proc/sys/kernel/random/boot_id', 100)).toString('latin1').trim();
}
