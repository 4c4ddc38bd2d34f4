import { ByteReader } from '../byte-reader.ts';
import type { FormatSink } from '../format.ts';
import { handOnPackage, handOnRest, upTo } from './package.ts';

/** Embedded, as opposed to linked ([MS-OLEDS] 2.2.4). */
const EMBEDDED = 2;
const MAX_TEXT = 1024;
const HEAD_BYTES = 16 + 3 * (4 + MAX_TEXT);
/** A presentation of no kind, which mostly ends an object ([MS-OLEDS] 2.2.1). */
const NO_PRESENTATION = '0105000000000000';

interface ObjectHead {
  readonly className: string;
  readonly headBytes: number;
  /** Of the native data, in bytes. */
  readonly size: number;
}

/**
 * Hands on what an OLE 1 object holds ([MS-OLEDS] 2.2.5): its head, its native data (of a package, the file in it) and
 * what follows. What is no such object is handed on as it is. Every byte is in some member.
 */
export async function handOnObject(reader: ByteReader, name: string, sink: FormatSink): Promise<void> {
  const start = await reader.peek(HEAD_BYTES);
  if (start.length === 0) return;
  const head = parseHead(start);
  if (head === null) {
    await sink.member({ name, size: null, content: reader.rest() });
    await reader.skip(Infinity);
    return;
  }
  const bytes = await reader.exactly(head.headBytes);
  await sink.member({ name: `${name}/(head)`, size: bytes.length, content: only(bytes) });
  const at = reader.position;
  if (head.className.toLowerCase() === 'package') {
    await handOnPackage(new ByteReader(upTo(reader, head.size)), name, sink);
  } else {
    const content = upTo(reader, head.size);
    await sink.member({ name: `${name}/(native data)`, size: head.size, content });
  }
  await reader.skip(head.size - (reader.position - at));
  const missing = head.size - (reader.position - at);
  if (missing > 0) {
    sink.gap('corrupt', `the object ends ${missing} bytes too early`, { member: name, bytes: missing });
  }
  const last = await reader.peek(NO_PRESENTATION.length / 2 + 1);
  if (last.toString('hex') !== NO_PRESENTATION) await handOnRest(reader, `${name}/(after the object)`, sink);
}

function parseHead(bytes: Buffer): ObjectHead | null {
  if (bytes.length < 24 || bytes.readUInt32LE(4) !== EMBEDDED) return null;
  let at = 8;
  let className = '';
  for (const field of ['class', 'topic', 'item']) {
    if (at + 4 > bytes.length) return null;
    const length = bytes.readUInt32LE(at);
    if (length > MAX_TEXT || at + 4 + length > bytes.length) return null;
    if (field === 'class')
      className = bytes.toString('latin1', at + 4, at + 4 + length).replace(/\0.*$/s, '');
    at += 4 + length;
  }
  return at + 4 > bytes.length ? null : { className, headBytes: at + 4, size: bytes.readUInt32LE(at) };
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}
