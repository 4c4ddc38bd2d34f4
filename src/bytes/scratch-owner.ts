import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { lstat, opendir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './folder.ts';

/** Beside numbered files and folders of workers. */
const OWNER = '.owner';
const NAME = /^backuplens-[A-Za-z0-9]{6}$/;
/** Names of a temporary folder that are looked at: others may keep very many there. */
const MAX_NAMES = 100_000;
const MAX_REMOVED = 100;

/** A process, told apart from every other one that this machine has run since it was started. */
interface Owner {
  readonly pid: number;
  /** In clock ticks since then (proc_pid_stat(5), field 22). */
  readonly started: string;
  readonly boot: string;
  /** Numbers of processes mean something within one of these only: containers may share a temporary folder. */
  readonly pid_namespace: string;
}

/** Says in the folder whose it is; where the system does not tell (no /proc), nothing is said, and nobody else removes it. */
export function sayOwner(folder: string): void {
  const owner = ownerOf(process.pid);
  if (owner !== null) writeFileSync(join(folder, OWNER), JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
}

/**
 * Removes scratch folders of ours whose process was killed before it could do so: they hold parts of what was scanned. Resolves
 * to how many there were. Whatever is in doubt stays; never throws.
 */
export async function removeAbandoned(parent: string): Promise<number> {
  const us = ownerOf(process.pid);
  let removed = 0;
  try {
    let names = 0;
    for await (const { name } of us === null ? [] : await opendir(parent)) {
      if (++names > MAX_NAMES || removed === MAX_REMOVED) break;
      const path = join(parent, name);
      if (us === null || !NAME.test(name) || !(await isAbandoned(path, us))) continue;
      await rm(path, { recursive: true, force: true });
      removed++;
    }
  } catch {
    // What cannot be listed or removed is left for whoever can.
  }
  return removed;
}

/** Removes a folder that holds nothing but whose it is. Never throws. */
export async function removeIfEmpty(folder: string): Promise<void> {
  try {
    const isEmpty = (await readdir(folder)).every((name) => name === OWNER);
    if (isEmpty) await rm(folder, { recursive: true, force: true });
  } catch {
    // It is gone, or not ours to look into.
  }
}

async function isAbandoned(path: string, us: Owner): Promise<boolean> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null || !stats.isDirectory() || stats.uid !== process.geteuid?.()) return false;
  if ((stats.mode & 0o077) !== 0) return false;
  const owner = readOwner(join(path, OWNER));
  if (owner === null || owner.boot !== us.boot || owner.pid_namespace !== us.pid_namespace) return false;
  return startOf(owner.pid) !== owner.started;
}

function readOwner(path: string): Owner | null {
  try {
    // oxlint-disable-next-line house/no-unbounded-read -- in a folder that only we can write to
    const value: unknown = JSON.parse(readFileSync(path, 'latin1'));
    return isOwner(value) ? value : null;
  } catch {
    return null; // Not there (yet), or not ours.
  }
}

function isOwner(value: unknown): value is Owner {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, ...texts }: Partial<Record<keyof Owner, unknown>> = value;
  return (
    Number.isSafeInteger(pid) &&
    [texts.started, texts.boot, texts.pid_namespace].every((text) => typeof text === 'string')
  );
}

function ownerOf(pid: number): Owner | null {
  try {
    const started = startOf(pid);
    if (started === null) return null;
    return {
      pid,
      started,
      // oxlint-disable-next-line house/no-unbounded-read -- a line written by the kernel
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
      pid_namespace: readlinkSync('/proc/self/ns/pid'),
    };
  } catch {
    return null;
  }
}

/** null: there is no such process. Throws where that cannot be told. */
function startOf(pid: number): string | null {
  try {
    // The name, in parentheses, may hold anything; the start is the 20th after it.
    // oxlint-disable-next-line house/no-unbounded-read -- a line written by the kernel
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '');
    return stat.split(' ')[19] ?? null;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errorCode(error))) return null;
    throw error;
  }
}
