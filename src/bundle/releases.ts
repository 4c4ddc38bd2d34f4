import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { appendFile, chmod, mkdir, readdir, rename, rm, symlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { openManagedFolder, readAtMost, unlessMissing, writeAll } from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { createNew, syncFolder } from './files.ts';
import { Incoming } from './incoming.ts';
import type { ReadBundle } from './read-bundle.ts';
import { MAX_MANIFEST_BYTES, parseManifest, type Manifest } from './manifest.ts';

/** A bundle as it lies unpacked. */
export interface Release {
  /** Name of its folder below `releases`. */
  readonly name: string;
  readonly path: string;
  readonly manifest: Manifest;
}

const entry = z.object({
  at: z.iso.datetime(),
  who: z.string(),
  /** The last two are of keys. */
  action: z.enum(['import', 'rollback', 'refused', 'key_trusted', 'key_revoked']),
  /** null: back to what was there before the first bundle, or none is meant. */
  release: z.string().nullable(),
  serial: z.int().nullable(),
  /** Key that signed it, or is meant. */
  key: z.string().nullable(),
  /** Why it was taken in spite of `against`. */
  reason: z.string().nullable(),
  against: z.array(z.string()),
});
/** One line of what was done with bundles and their keys, and by whom. */
export type HistoryEntry = z.infer<typeof entry>;

const CURRENT = 'current';
const HISTORY = 'history.jsonl';
const LOCK = 'lock';
const INCOMING = '.incoming-';
const RELEASE_NAME = /^\d{1,16}-[0-9a-f]{12}(?:-policy)?$/;
const POLICY = '-policy';
const MAX_HISTORY_BYTES = 16 * 1024 * 1024;
/** Releases that stay: the one in force, and those before it that can be gone back to. */
const KEPT = 3;

/**
 * The folder of bundles: `releases/SERIAL-SUM/…`, and `current`, a link to the one in force. Turning that link is the one moment at
 * which everything changes; before it nothing has, and what follows can be done again.
 */
export class Releases {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Where settings find what is in force. */
  get currentPath(): string {
    return join(this.folder, CURRENT);
  }

  /** Databases that were in clamd's folder before the first bundle. */
  get replacedPath(): string {
    return join(this.folder, 'replaced');
  }

  /** Makes the folder and keeps others out until `work` has ended. Throws BL_CONFIG, BL_OUTPUT. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const managed = await openManagedFolder(this.folder, 'make');
    await managed.close();
    // Other programs read what is in force: clamd, a scanner of its own.
    await chmod(this.folder, 0o755);
    await mkdir(join(this.folder, 'releases'), { recursive: true, mode: 0o755 });
    const lock = await takeLock(join(this.folder, LOCK));
    try {
      await this.#sweep();
      return await work();
    } finally {
      await lock.close();
      await rm(join(this.folder, LOCK), { force: true });
    }
  }

  /** The release in force; null: none. Throws BL_CONFIG where the link leads elsewhere. */
  async current(): Promise<Release | null> {
    const name = this.#linked();
    return name === null ? null : this.release(name);
  }

  async release(name: string): Promise<Release> {
    const path = join(this.folder, 'releases', name);
    try {
      const manifest = parseManifest(await readAtMost(join(path, 'manifest.json'), MAX_MANIFEST_BYTES));
      return { name, path, manifest };
    } catch (cause) {
      throw new BackupLensError('BL_CONFIG', `the release ${path} is damaged: ${inWords(cause)}`, {
        hint: 'import a bundle again, or go back with `backuplens bundle rollback`',
        cause,
      });
    }
  }

  /** The oldest first; lines that are not understood are left out. */
  async history(): Promise<readonly HistoryEntry[]> {
    const bytes = await unlessMissing(readAtMost(join(this.folder, HISTORY), MAX_HISTORY_BYTES));
    return (bytes?.toString('utf8') ?? '').split('\n').flatMap((line) => {
      try {
        const parsed = entry.safeParse(JSON.parse(line));
        return parsed.success ? [parsed.data] : [];
      } catch {
        return []; // The end of a line that a crash cut short, and the empty one behind the last.
      }
    });
  }

  /** Before anything else happens: what was decided stays on record whatever becomes of it. */
  async record(done: HistoryEntry): Promise<void> {
    const path = join(this.folder, HISTORY);
    // A line that a crash cut short must not run into this one.
    const before = await unlessMissing(readAtMost(path, MAX_HISTORY_BYTES));
    const gap = before === null || before.length === 0 || before.at(-1) === 0x0a ? '' : '\n';
    await appendFile(path, `${gap}${JSON.stringify(done)}\n`, { mode: 0o644, flush: true });
    await syncFolder(this.folder);
  }

  /** Id of the key that signed a release; null: nobody knows. */
  async signerOf(release: string | null): Promise<string | null> {
    if (release === null) return null;
    const imported = (await this.history()).filter((done) => done.action === 'import');
    return imported.findLast((done) => done.release === release && done.key !== null)?.key ?? null;
  }

  /** Takes what comes out of a bundle into a folder of its own, which nothing uses yet. */
  async receive(options: ConstructorParameters<typeof Incoming>[1]): Promise<Incoming> {
    const path = join(this.folder, 'releases', `${INCOMING}${randomBytes(6).toString('hex')}`);
    await mkdir(path, { mode: 0o755 });
    return new Incoming(path, options);
  }

  /** Gives what was received its name. Nothing uses it yet. */
  async keep(incoming: Incoming, withPolicy: boolean): Promise<Release> {
    const { received: head, path } = incoming;
    await incoming.sync();
    const name = this.nameOf(head, withPolicy);
    const to = join(this.folder, 'releases', name);
    // Left by a run that was ended before it was in force.
    if (this.#linked() !== name) await rm(to, { recursive: true, force: true });
    await rename(path, to);
    await syncFolder(dirname(to));
    return { name, path: to, manifest: head.manifest };
  }

  /** The name that a bundle's release has; one whose policy was left out is another. */
  nameOf({ manifest, sha256 }: ReadBundle, withPolicy: boolean): string {
    return `${manifest.serial}-${sha256.slice(0, 12)}${withPolicy ? POLICY : ''}`;
  }

  /** Records what a run that was ended put in force and could not record any more. */
  async catchUp(who: string): Promise<void> {
    const now = await this.current();
    const last = (await this.history()).findLast(changesWhatIsInForce);
    if ((last?.release ?? null) === (now?.name ?? null)) return;
    await this.record({
      at: new Date().toISOString(),
      who,
      action: now === null ? 'rollback' : 'import',
      release: now?.name ?? null,
      serial: now?.manifest.serial ?? null,
      key: null,
      reason: 'recorded afterwards: it was interrupted',
      against: [],
    });
  }

  /** The one moment at which it is in force; null: none is. */
  async switchTo(release: string | null): Promise<void> {
    if (release === null) await rm(this.currentPath, { force: true });
    else {
      const draft = join(this.folder, '.current.draft');
      await rm(draft, { force: true });
      await symlink(join('releases', release), draft);
      await rename(draft, this.currentPath);
    }
    await syncFolder(this.folder);
  }

  /** What was in force before the present one, and is still there. undefined: nothing was; null: no bundle was. */
  async before(): Promise<string | null | undefined> {
    const now = this.#linked();
    if (now === null) return undefined;
    const there = new Set(await readdir(join(this.folder, 'releases')));
    const stack: (string | null)[] = [null];
    for (const { action, release } of await this.history()) {
      if (action === 'import') {
        if (stack.at(-1) !== release) stack.push(release);
      } else if (action === 'rollback') while (stack.length > 1 && stack.at(-1) !== release) stack.pop();
    }
    // A crash between turning the link and recording it.
    if (stack.at(-1) === now) stack.pop();
    return stack.filter((name) => name === null || there.has(name)).at(-1);
  }

  /** Removes what can no longer be gone back to. */
  async prune(): Promise<void> {
    const now = this.#linked();
    const imported = (await this.history()).flatMap(({ action, release }) =>
      action === 'refused' || release === null ? [] : [release],
    );
    const kept = new Set([now, ...[...new Set(imported.toReversed())].slice(0, KEPT)]);
    for (const name of await readdir(join(this.folder, 'releases'))) {
      if (!RELEASE_NAME.test(name) || kept.has(name)) continue;
      await rm(join(this.folder, 'releases', name), { recursive: true, force: true });
    }
  }

  #linked(): string | null {
    let target: string;
    try {
      target = readlinkSync(this.currentPath);
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
      throw new BackupLensError('BL_CONFIG', `${this.currentPath} is no link: ${inWords(cause)}`, { cause });
    }
    const name = target.startsWith('releases/') ? target.slice('releases/'.length) : '';
    if (RELEASE_NAME.test(name)) return name;
    throw new BackupLensError('BL_CONFIG', `${this.currentPath} leads elsewhere: somebody changed it`);
  }

  /** What runs that were ended have left. */
  async #sweep(): Promise<void> {
    for (const name of await readdir(join(this.folder, 'releases'))) {
      if (name.startsWith(INCOMING)) await rm(join(this.folder, 'releases', name), { recursive: true });
    }
  }
}

/** The last of these is what is in force. */
export function changesWhatIsInForce({ action }: HistoryEntry): boolean {
  return action === 'import' || action === 'rollback';
}

/** A file that says who is at it. One whose process is gone is nobody's. */
async function takeLock(path: string): Promise<FileHandle> {
  for (let attempt = 1; ; attempt++) {
    try {
      const handle = await createNew(path, 0o600);
      await writeAll(handle, Buffer.from(`${process.pid}\n`), 0);
      return handle;
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) {
        throw new BackupLensError('BL_OUTPUT', `${path} cannot be made: ${inWords(cause)}`, { cause });
      }
      const pid = Number((await unlessMissing(readAtMost(path, MAX_LOCK_BYTES)))?.toString('latin1') ?? 0);
      if (attempt < LOCK_ATTEMPTS && !isAlive(pid)) await rm(path, { force: true });
      else {
        throw new BackupLensError('BL_STORE_LOCKED', `process ${pid} is at work on bundles just now`, {
          hint: `wait for it; if it is none of ours, remove ${path}`,
        });
      }
    }
  }
}

const MAX_LOCK_BYTES = 100;
const LOCK_ATTEMPTS = 3;

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
