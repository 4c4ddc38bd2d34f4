import { createHash } from 'node:crypto';
import { errorCode, FileSource, type ByteSource, type Scratch, type ScratchFile } from '../bytes/index.ts';

export interface Content {
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

/** Bytes of which the hash is known before they go past anybody. */
export interface KnownAhead {
  /** Everything from the first byte on, once. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Null: they broke off, are more than was said, or found no room. What there is of them goes past as it comes. */
  readonly content: Content | null;
  /** Lets go of what was put by; after the last chunk. */
  readonly remove: () => Promise<void>;
}

/**
 * Puts what only streams past into scratch, up to the `size` that its producer declared, and hashes it on its way. Nothing is lost
 * where that does not come to an end: what was put by is followed by what comes.
 */
export async function putBy(
  given: AsyncIterable<Buffer>,
  size: number,
  scratch: Scratch,
): Promise<KnownAhead> {
  const file = (await scratch.freeBytes()) < size ? null : await scratch.file();
  if (file === null) return { chunks: given, content: null, remove: async () => {} };
  const coming = given[Symbol.asyncIterator]();
  const hash = createHash('sha256');
  const remove = async (): Promise<void> => file.remove();
  let length = 0;
  const broken = (end: End): KnownAhead => ({
    chunks: replayed(new FileSource(file.handle, length), coming, end),
    content: null,
    remove,
  });
  for (;;) {
    let step;
    try {
      step = await coming.next();
    } catch (error) {
      return broken({ error });
    }
    if (step.done === true) break;
    if (length + step.value.length > size || !(await isWritten(file, step.value, length)))
      return broken({ next: step.value });
    hash.update(step.value);
    length += step.value.length;
  }
  const content = { sha256: hash.digest('hex'), size: length };
  return { chunks: new FileSource(file.handle, length).stream(), content, remove };
}

/** Of what can be read at any place: it is read once more. Null where it has holes, which its stream may leave out. */
export async function contentOf(source: ByteSource): Promise<Content | null> {
  const run = source.nextRun === undefined ? { start: 0, end: source.size } : source.nextRun(0);
  if (run === null || run.start > 0 || run.end < source.size) return null;
  const hash = createHash('sha256');
  try {
    for await (const chunk of source.stream()) hash.update(chunk);
  } catch {
    return null; // Whoever reads it next says why.
  }
  return { sha256: hash.digest('hex'), size: source.size };
}

/** What follows that which was put by: what broke it off, or one chunk more, and the rest. */
type End = { readonly error: unknown } | { readonly next: Buffer };

async function* replayed(
  before: FileSource,
  coming: AsyncIterator<Buffer>,
  end: End,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* before.stream();
    if ('error' in end) throw end.error;
    yield end.next;
    for (let step = await coming.next(); step.done !== true; step = await coming.next()) yield step.value;
  } finally {
    await coming.return?.();
  }
}

/** False: there is no room for it. */
async function isWritten({ handle }: ScratchFile, bytes: Buffer, at: number): Promise<boolean> {
  try {
    for (let from = 0; from < bytes.length;) {
      from += (await handle.write(bytes, from, bytes.length - from, at + from)).bytesWritten;
    }
    return true;
  } catch (error) {
    if (['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'].includes(errorCode(error))) return false;
    throw error;
  }
}
