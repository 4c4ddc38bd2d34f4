import { createHash } from 'node:crypto';
import { lstat, mkdir, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import {
  createFile,
  errorCode,
  Folder,
  moveWithoutOverwriting,
  nameFromBytes,
  unlessMissing,
} from '../../bytes/index.ts';
import { newId } from '../../domain/index.ts';
import { HttpError } from '../../http/index.ts';
import type { Log } from '../../observe/index.ts';
import { identityAt } from '../../pipeline/reviews/index.ts';
import type { ArrivingUpload, Store, WatchedFile } from '../../store/index.ts';
import { laneOf } from './arrivals.ts';
import { shortOfSpace } from './free-space.ts';

export interface UploadIntakeOptions {
  readonly store: Store;
  /** The watched folder. */
  readonly incoming: Buffer;
  /** With less free space nothing is taken in, in bytes. */
  readonly min_free: number;
  /** Of one token in a day, in bytes. */
  readonly quota: number;
  readonly log: Log;
  /** Something waits to be examined. */
  readonly accepted: () => void;
}

/** What came in over the API. */
export interface Taken {
  readonly file: WatchedFile;
  readonly size: number;
  readonly sha256: string;
}

/** The folder of an upload that is arriving: skipped by the sweeps, as long as it is. */
const FOLDER_PREFIX = '.backuplens-upload-';
const FILE_PREFIX = 'upload-';
const CONTENT = 'content';
const MAX_UPLOADS = 16;
/** Of one token: the others have theirs. */
const MAX_UPLOADS_EACH = 4;
/** How often it is asked whether there is room, on the disk and for this token, in bytes. */
const STEP_BYTES = 16 * 1024 * 1024;
const BUSY_SECONDS = '30';
const DAY_MS = 86_400_000;
/** What came in a day ago makes room by and by. */
const QUOTA_SECONDS = '3600';

/**
 * Files that come over the API, into the watched folder: written into a folder of their own, and there under a name of ours, whole
 * and durable, or not at all. What their owner calls them is kept in the store.
 */
export class UploadIntake {
  readonly #options: UploadIntakeOptions;
  /** By id: who brings it, and how much of it is here. */
  readonly #arriving = new Map<string, { readonly who: string; bytes: number }>();

  constructor(options: UploadIntakeOptions) {
    this.#options = options;
  }

  /** Whether that folder's name is that of an upload which is arriving now: a name that looks like it hides nothing. */
  isArriving(folderName: string): boolean {
    return folderName.startsWith(FOLDER_PREFIX) && this.#arriving.has(folderName.slice(FOLDER_PREFIX.length));
  }

  /** Throws HttpError: 413, 429, 503; and what the stream throws. */
  async take(who: string, filename: string, stream: AsyncIterable<Buffer>): Promise<Taken> {
    const { store, incoming, log, accepted } = this.#options;
    this.#assertRoom(who);
    const id = newId(new Date());
    const parent = await Folder.open(incoming);
    this.#arriving.set(id, { who, bytes: 0 });
    try {
      const fileName = Buffer.from(FILE_PREFIX + id);
      const path = parent.pathOf(fileName);
      const folder = parent.pathOf(FOLDER_PREFIX + id);
      const upload: Omit<ArrivingUpload, 'at'> = { id, path, folder, name: calledBy(filename), who };
      await store.uploads.begin(upload);
      try {
        const { size, sha256 } = await this.#receive(parent, id, fileName, stream);
        await store.uploads.arrived(id, { size, sha256 });
        // From here on the store counts it.
        this.#arriving.delete(id);
        const file = await this.#accept(path, size);
        log.info('uploaded', { file: file.id, upload: id, size, untrusted: { who, name: upload.name } });
        accepted();
        return { file, size, sha256 };
      } catch (error) {
        await this.#breakOff(parent, id, path);
        throw errorCode(error) === 'ENOSPC' ? noRoom() : error;
      }
    } finally {
      this.#arriving.delete(id);
      await parent.close();
    }
  }

  #assertRoom(who: string): void {
    const mine = this.#arrivingOf(who).length;
    const headers = { 'retry-after': BUSY_SECONDS };
    if (mine >= MAX_UPLOADS_EACH)
      throw new HttpError(429, 'too many uploads at a time', 'too_many', { headers });
    if (this.#arriving.size >= MAX_UPLOADS)
      throw new HttpError(503, 'too many uploads at a time', 'busy', { headers });
  }

  #arrivingOf(who: string): readonly { readonly bytes: number }[] {
    return [...this.#arriving.values()].filter((one) => one.who === who);
  }

  /** What is on its way counts like what is here. */
  async #assertQuota(id: string): Promise<void> {
    const { store, quota } = this.#options;
    const who = this.#arriving.get(id)?.who ?? '';
    const before = await store.uploads.bytesOf(who, new Date(Date.now() - DAY_MS).toISOString());
    const now = this.#arrivingOf(who).reduce((sum, { bytes }) => sum + bytes, before);
    if (now <= quota) return;
    const headers = { 'retry-after': QUOTA_SECONDS };
    throw new HttpError(429, 'more than may be uploaded with one token in a day', 'quota', { headers });
  }

  async #receive(
    parent: Folder,
    id: string,
    fileName: Buffer,
    stream: AsyncIterable<Buffer>,
  ): Promise<{ readonly size: number; readonly sha256: string }> {
    await mkdir(parent.at(FOLDER_PREFIX + id), { mode: 0o700 });
    const folder = await parent.folder(FOLDER_PREFIX + id);
    try {
      const handle = await createFile(folder, CONTENT);
      let written: { readonly size: number; readonly sha256: string };
      try {
        written = await this.#write(id, handle, stream);
        await this.#assertQuota(id);
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (!(await moveWithoutOverwriting(folder, CONTENT, parent, fileName))) {
        throw new HttpError(500, 'internal error');
      }
      await rmdir(parent.at(FOLDER_PREFIX + id));
      return written;
    } finally {
      await folder.close();
    }
  }

  async #write(
    id: string,
    handle: FileHandle,
    stream: AsyncIterable<Buffer>,
  ): Promise<{ readonly size: number; readonly sha256: string }> {
    const { min_free, incoming } = this.#options;
    const hash = createHash('sha256');
    let size = 0;
    let checked = -STEP_BYTES;
    const arriving = this.#arriving.get(id);
    for await (const chunk of stream) {
      if (size - checked >= STEP_BYTES) {
        if ((await shortOfSpace([incoming.toString()], min_free)) !== null) throw noRoom();
        await this.#assertQuota(id);
        checked = size;
      }
      hash.update(chunk);
      size += chunk.length;
      if (arriving !== undefined) arriving.bytes = size;
      await handle.appendFile(chunk);
    }
    return { size, sha256: hash.digest('hex') };
  }

  /** At once, and not at the next sweep: nobody writes to it any more. */
  async #accept(path: Buffer, size: number): Promise<WatchedFile> {
    const { files } = this.#options.store;
    const identity = await identityAt(path);
    if (identity === null) throw new HttpError(409, 'somebody has taken the file away', 'gone');
    const share = Buffer.alloc(0);
    const { accepted } = await files.accept([
      { path, identity, share, lane: laneOf(size), never_settled: false },
    ]);
    // A sweep may have met it before.
    const file = accepted[0] ?? (await files.at(path));
    if (file === null) throw new HttpError(409, 'somebody has taken the file away', 'gone');
    return file;
  }

  /** What is in place already stays there: it is met like any other file. */
  async #breakOff(parent: Folder, id: string, path: Buffer): Promise<void> {
    const { store, log } = this.#options;
    try {
      if ((await unlessMissing(lstat(path))) !== null) return;
      await remove(parent, id);
      await store.uploads.brokeOff(id);
    } catch (error) {
      // At the next start it is tried again.
      log.error('an upload that broke off could not be removed', { upload: id, untrusted: { error } });
    }
  }
}

/** Removes what broke off when the last process died. Before the first sweep: it would be met like any other file. */
export async function recoverUploads({
  store,
  incoming,
  log,
}: Pick<UploadIntakeOptions, 'store' | 'incoming' | 'log'>): Promise<void> {
  for (const { id, path } of await store.uploads.arriving()) {
    const there = await unlessMissing(lstat(Buffer.from(path)));
    if (there !== null) {
      await store.uploads.arrived(id, { size: there.size, sha256: null });
      continue;
    }
    const parent = await Folder.open(incoming);
    try {
      await remove(parent, id);
    } finally {
      await parent.close();
    }
    await store.uploads.brokeOff(id);
    log.warn('an upload had broken off', { upload: id });
  }
}

/** Only what was made for it; whatever else lies there makes the folder one like any other. */
async function remove(parent: Folder, id: string): Promise<void> {
  const name = FOLDER_PREFIX + id;
  const folder = await unlessMissing(parent.folder(name));
  if (folder === null) return;
  try {
    await unlessMissing(unlink(folder.at(CONTENT)));
  } finally {
    await folder.close();
  }
  await rmdir(parent.at(name)).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOTEMPTY') throw error;
  });
}

/** The last name of what may be a path on the sender's machine. */
function calledBy(filename: string): string {
  const last = filename.split(/[/\\]/).at(-1) ?? '';
  return ['', '.', '..'].includes(last) ? 'unnamed' : nameFromBytes(Buffer.from(last));
}

function noRoom(): HttpError {
  return new HttpError(503, 'there is too little free space', 'busy', { headers: { 'retry-after': '300' } });
}
