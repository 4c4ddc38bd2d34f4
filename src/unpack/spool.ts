import type { Scratch, ScratchFile } from '../bytes/index.ts';
import { OverBudget } from './trouble.ts';

/** How often the free space is asked for, in bytes written. */
const CHECK_BYTES = 16 * 1024 * 1024;

export interface Spooled {
  readonly file: ScratchFile;
  readonly size: number;
  /** Why the stream ended early; what came before is in the file. */
  readonly brokeOff: { readonly error: unknown } | null;
}

/** Writes a stream to a scratch file, for formats that must be read at any place. Throws OverBudget on a full disk. */
export async function spool(
  stream: AsyncIterable<Buffer>,
  scratch: Scratch,
  signal: AbortSignal,
): Promise<Spooled> {
  const file = await scratch.file();
  let size = 0;
  let brokeOff: Spooled['brokeOff'] = null;
  try {
    const chunks = stream[Symbol.asyncIterator]();
    for (let allowed = 0; ;) {
      signal.throwIfAborted();
      let step;
      try {
        step = await chunks.next();
      } catch (error) {
        brokeOff = { error };
        break;
      }
      if (step.done === true) break;
      if (size + step.value.length > allowed) {
        const free = await scratch.freeBytes();
        if (free < step.value.length)
          throw new OverBudget(`no room in the scratch folder after ${size} bytes`);
        allowed = size + Math.min(free, Math.max(CHECK_BYTES, step.value.length));
      }
      await writeWhole(file, step.value);
      size += step.value.length;
    }
    return { file, size, brokeOff };
  } catch (error) {
    await file.remove();
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
      throw new OverBudget(`the scratch folder is full after ${size} bytes`);
    }
    throw error;
  }
}

async function writeWhole({ handle }: ScratchFile, bytes: Buffer): Promise<void> {
  for (let from = 0; from < bytes.length;) {
    from += (await handle.write(bytes, from, bytes.length - from)).bytesWritten;
  }
}
