import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Folder, writeAll } from '../../bytes/index.ts';

const APPEND =
  constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const NEW_LINE = 0x0a;

/** Appends a line, durably, to a regular file, which is made where it is missing; its folder has to be there. */
export async function appendCheckpoint(path: string, line: string): Promise<void> {
  const folder = await Folder.open(Buffer.from(dirname(path)));
  try {
    const handle = await open(folder.at(basename(path)), APPEND, 0o640);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new Error('not a regular file');
      const last = Buffer.alloc(1);
      if (stats.size > 0) await handle.read(last, 0, 1, stats.size - 1);
      // What a crash has cut stays a line of its own.
      const cut = stats.size > 0 && last[0] !== NEW_LINE ? '\n' : '';
      await writeAll(handle, Buffer.from(`${cut}${line}\n`), stats.size);
      await handle.sync();
      if (stats.size === 0) await folder.sync();
    } finally {
      await handle.close();
    }
  } finally {
    await folder.close();
  }
}
