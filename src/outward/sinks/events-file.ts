import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { openManagedFolder, unlessMissing, type Folder } from '../../bytes/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { ENCODERS, type EventFormat } from '../encode/encoder.ts';
import type { OutwardEvent } from '../event.ts';
import type { Delivery, Sink } from '../sink.ts';

export interface EventsFileSettings {
  /** Absolute. */
  readonly path: string;
  readonly format: EventFormat;
  /** Where it would grow beyond, a new one is begun. */
  readonly max_bytes: number;
  /** Older ones beside it: `.1` is the newest of them. */
  readonly keep: number;
}

const BATCH = 500;
const APPEND =
  constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const NEW_LINE = 0x0a;

/** Appends each event as a line to a file. Its folder must be there, and nobody else's. Throws BL_CONFIG. */
export async function eventsFile(settings: EventsFileSettings): Promise<Sink> {
  const name = basename(settings.path);
  const folder = await openManagedFolder(dirname(settings.path), 'null');
  if (folder === null || name === '') {
    await folder?.close();
    throw new BackupLensError('BL_CONFIG', `EVENTS_FILE: there is no folder ${dirname(settings.path)}`, {
      hint: 'make it (mode 0750 or less), or name a file in another one',
    });
  }
  return new EventsFile(settings, folder, name);
}

class EventsFile implements Sink {
  readonly name = 'file';
  readonly batch = BATCH;
  readonly #settings: EventsFileSettings;
  readonly #folder: Folder;
  readonly #name: string;
  #handle: FileHandle | null = null;

  constructor(settings: EventsFileSettings, folder: Folder, name: string) {
    this.#settings = settings;
    this.#folder = folder;
    this.#name = name;
  }

  /** All of it or nothing: what did not reach the disk whole is taken back. */
  async deliver(batch: readonly OutwardEvent[]): Promise<Delivery> {
    const { format, max_bytes } = this.#settings;
    const lines = Buffer.from(batch.map((event) => `${ENCODERS[format](event)}\n`).join(''));
    let { handle, size } = await this.#open();
    if (size > 0n && size + BigInt(lines.length) > BigInt(max_bytes)) {
      await this.#rotate();
      ({ handle, size } = await this.#open());
    }
    try {
      for (let done = 0; done < lines.length;) {
        const { bytesWritten } = await handle.write(lines, done, lines.length - done);
        done += bytesWritten;
      }
      await handle.datasync();
    } catch (error) {
      await handle.truncate(Number(size)).catch(() => undefined);
      await this.close();
      throw error;
    }
    return { outcome: 'done' };
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  /** The file under its name: another program (logrotate) may have put that one away. */
  async #open(): Promise<{ handle: FileHandle; size: bigint }> {
    if (this.#handle !== null) {
      const [there, ours] = [
        await unlessMissing(lstat(this.#folder.at(this.#name), { bigint: true })),
        await this.#handle.stat({ bigint: true }),
      ];
      if (there?.ino === ours.ino && there.dev === ours.dev) return { handle: this.#handle, size: ours.size };
      await this.close();
    }
    const handle = await open(this.#folder.at(this.#name), APPEND, 0o640);
    try {
      const stats = await handle.stat({ bigint: true });
      refuse(stats, this.#settings.path);
      let { size } = stats;
      if (size > 0n && !(await endsLine(handle, size))) {
        // Of a line that a crash or a full disk cut: what follows is whole.
        await handle.write('\n');
        size++;
      }
      if (size === 0n) await this.#folder.sync();
      this.#handle = handle;
      return { handle, size };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    const { keep } = this.#settings;
    await this.close();
    const at = (number: number): Buffer =>
      this.#folder.at(number === 0 ? this.#name : `${this.#name}.${number}`);
    if (keep === 0) await unlessMissing(unlink(at(0)));
    for (let number = keep; number > 0; number--) await unlessMissing(rename(at(number - 1), at(number)));
    await this.#folder.sync();
  }
}

/** A link is not followed when it is opened; what has another name could be somebody else's file. */
function refuse(stats: BigIntStats, path: string): void {
  if (stats.isFile() && stats.nlink === 1n) return;
  throw new BackupLensError('BL_CONFIG', `EVENTS_FILE: ${path} is no file of its own`, {
    hint: 'name a file that has no other name (hard link), and is no FIFO or device',
  });
}

async function endsLine(handle: FileHandle, size: bigint): Promise<boolean> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1n);
  return bytesRead === 1 && buffer[0] === NEW_LINE;
}
