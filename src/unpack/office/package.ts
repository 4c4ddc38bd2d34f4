import type { ByteReader } from '../byte-reader.ts';
import type { FormatSink } from '../format.ts';

/** A label or a path that is longer than this is none. */
const MAX_TEXT = 1024;
/** What stands before the embedded file can be as long as this: two texts, a path and numbers. */
const HEAD_BYTES = 4 * MAX_TEXT;

interface PackageHead {
  readonly label: string;
  readonly headBytes: number;
  /** Of the file, in bytes. */
  readonly size: number;
}

/**
 * Hands on the file in what the packager of Windows wrote (the stream `\x01Ole10Native` after its first number, and
 * OLE 1 objects of class Package; there is no public specification: Wine's packager and libgsf read it alike), and
 * what follows it. What does not parse is handed on as one member. `prefix` is the trail within the container.
 */
export async function handOnPackage(reader: ByteReader, prefix: string, sink: FormatSink): Promise<void> {
  const head = parseHead(await reader.peek(HEAD_BYTES));
  if (head === null) {
    await handOnRest(reader, `${prefix}/(native data)`, sink);
    return;
  }
  await reader.skip(head.headBytes);
  const start = reader.position;
  await sink.member({
    name: `${prefix}/${head.label === '' ? '(embedded file)' : head.label}`,
    size: head.size,
    content: upTo(reader, head.size),
  });
  const taken = reader.position - start;
  const skipped = await reader.skip(head.size - taken);
  if (taken + skipped < head.size) {
    const bytes = head.size - taken - skipped;
    sink.gap('corrupt', `the embedded file is cut off ${bytes} bytes before its end`, {
      member: prefix,
      bytes,
    });
  }
  await handOnRest(reader, `${prefix}/(after the embedded file)`, sink);
}

/** Everything that is left, unless it is nothing but zero bytes. */
export async function handOnRest(reader: ByteReader, name: string, sink: FormatSink): Promise<void> {
  if (!(await reader.skipZeros())) return;
  await sink.member({ name, size: null, content: reader.rest() });
  await reader.skip(Infinity);
}

/** The next `size` bytes of a reader; leaving it early leaves the rest with the reader. */
export async function* upTo(reader: ByteReader, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let left = size; left > 0;) {
    const part = await reader.next(left);
    if (part === null) return;
    left -= part.length;
    yield part;
  }
}

function parseHead(bytes: Buffer): PackageHead | null {
  const label = textAt(bytes, 2);
  if (label === null) return null;
  const file = textAt(bytes, label.end);
  // After the two names: what kind of package, in 4 bytes, and the length of the path it once had.
  if (file === null || file.end + 8 > bytes.length) return null;
  const path = bytes.readUInt32LE(file.end + 4);
  const at = file.end + 8 + path;
  if (path > MAX_TEXT || at + 4 > bytes.length) return null;
  return { label: label.text, headBytes: at + 4, size: bytes.readUInt32LE(at) };
}

function textAt(bytes: Buffer, start: number): { readonly text: string; readonly end: number } | null {
  const end = bytes.subarray(0, start + MAX_TEXT).indexOf(0, start);
  return end < 0 ? null : { text: bytes.toString('latin1', start, end), end: end + 1 };
}
