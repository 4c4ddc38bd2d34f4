import { FileSource, JoinedSource, MemorySource, type ByteSource, type LastBytes } from '../bytes/index.ts';
import { HEAD_BYTES, TAIL_BYTES } from '../identify/index.ts';
import { HELD_BYTES } from './held-bytes.ts';

/** The bytes of one artifact, as its producer gives them. */
export interface Feed {
  /** Set when they can be read again at any place. */
  readonly source: ByteSource | null;
  readonly stream: AsyncIterable<Buffer>;
}

/** The last bytes of what can be read anywhere and is longer than the head; null otherwise. */
export async function tailOf(source: ByteSource | null): Promise<Buffer | null> {
  if (source === null || source.size <= HEAD_BYTES) return null;
  const length = Math.min(TAIL_BYTES, source.size - HEAD_BYTES);
  if (source instanceof FileSource) return source.keepTail(length);
  const tail = Buffer.allocUnsafe(length);
  const got = await source.readAt(tail, source.size - tail.length);
  return tail.subarray(0, got);
}

export interface Held {
  /** The first bytes: up to HELD_BYTES, or all there is. */
  readonly head: Buffer;
  /** All of it, when it fits. */
  readonly whole: MemorySource | null;
  /** Everything from the first byte on, once. */
  readonly chunks: AsyncIterable<Buffer>;
}

/** Reads ahead until the artifact is known to be small, or its head is complete. What breaks off early is kept for the pass. */
export async function hold(feed: Feed): Promise<Held> {
  if (feed.source !== null && feed.source.bytes !== null) {
    const { bytes } = feed.source;
    return { head: bytes, whole: new MemorySource(bytes), chunks: feed.stream };
  }
  const iterator = feed.stream[Symbol.asyncIterator]();
  // Of a large file nothing but the head is looked at before it goes past: its first chunk is copied no further.
  const most = feed.source instanceof FileSource && feed.source.size > HELD_BYTES ? HEAD_BYTES : HELD_BYTES;
  const parts: Buffer[] = [];
  let length = 0;
  let failure: { error: unknown } | null = null;
  let ended = false;
  try {
    while (length < most) {
      const next = await iterator.next();
      if (next.done === true) {
        ended = true;
        break;
      }
      parts.push(Buffer.from(next.value));
      length += next.value.length;
    }
  } catch (error) {
    failure = { error };
  }
  const head = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, length);
  if (ended) {
    const whole = new MemorySource(head);
    // A mapped source leaves holes out of its stream: what can be read anywhere is not what was held.
    // Of volumes it matters where each begins.
    if (feed.source instanceof JoinedSource) return { head, whole: null, chunks: whole.stream() };
    const isAll = feed.source === null || feed.source.fd !== null || feed.source.size === head.length;
    return { head, whole: isAll ? whole : null, chunks: whole.stream() };
  }
  return { head, whole: null, chunks: rest(head, iterator, failure) };
}

async function* rest(
  head: Buffer,
  iterator: AsyncIterator<Buffer>,
  failure: { error: unknown } | null,
): AsyncGenerator<Buffer, void, undefined> {
  let done = false;
  try {
    if (head.length > 0) yield head;
    if (failure !== null) throw failure.error;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) {
        done = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (!done && failure === null) await iterator.return?.();
  }
}

/** The same chunks, on their way past whoever keeps the last bytes. */
export async function* seen(
  chunks: AsyncIterable<Buffer>,
  last: LastBytes,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    last.push(chunk);
    yield chunk;
  }
}
