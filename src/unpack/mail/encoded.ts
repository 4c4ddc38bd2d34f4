import type { ByteSource } from '../../bytes/index.ts';
import { ByteReader } from '../byte-reader.ts';
import type { FormatSink } from '../format.ts';
import { Damaged } from '../trouble.ts';
import type { Window } from '../window.ts';
import { binhexDecoded, binhexHeader } from './binhex.ts';
import { lineAt, type Line } from './header.ts';
import { linesOf } from './lines.ts';
import { isUuLine, uuBase64, uuDecoded } from './uu.ts';
import { yencDecoded } from './yenc.ts';

/** Any of the words that begin encoded data within text; each is looked at more closely. */
const WORDS = ['begin ', 'begin-base64 ', '=ybegin ', 'with BinHex'];
const LONGEST = 16;

export interface Range {
  readonly start: number;
  readonly end: number;
}

interface Marked {
  readonly name: string;
  /** Where the data begin. */
  readonly from: number;
  readonly decode: (reader: ByteReader) => AsyncGenerator<Buffer, void, undefined>;
}

/** Files that stand in a text: uuencoded, yEnc, BinHex. Returns how many it handed on. */
export async function handOnEncoded(
  { source, window }: { readonly source: ByteSource; readonly window: Window },
  { start, end }: Range,
  sink: FormatSink,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for (let at = start; at < end;) {
    signal.throwIfAborted();
    const line = await nextMark(window, at, end);
    if (line === null) return count;
    const text = await lineAt(window, line);
    const found = text === null ? null : await marked(window, text);
    at = text === null ? line + 1 : Math.max(line + 1, Math.min(text.next, end));
    if (found === null) continue;
    count++;
    const taken = await handOn(found, source, end, sink);
    at = Math.max(at, found.from + taken);
  }
  return count;
}

/** Where the next line begins that holds one of the words. */
async function nextMark(window: Window, from: number, end: number): Promise<number | null> {
  for (let at = from; at < end;) {
    const base = Math.max(0, at - LONGEST * 2);
    const piece = (await window.ahead(base)).subarray(0, end - base);
    const hits = WORDS.map((word) => piece.indexOf(word, at - base, 'latin1')).filter((hit) => hit >= 0);
    const hit = Math.min(...hits);
    if (hits.length > 0) {
      let line = hit;
      // BinHex's words stand within their line.
      while (line > 0 && hit - line < 40 && piece[line - 1] !== 10 && piece[line - 1] !== 13) line--;
      return Math.max(from, base + line);
    }
    if (base + piece.length >= end) return null;
    at = base + piece.length - LONGEST;
  }
  return null;
}

async function marked(window: Window, { text, next }: Line): Promise<Marked | null> {
  const uu = /^begin [0-7]{3,4} ([^]{1,1000})$/.exec(text);
  if (uu !== null) {
    const first = await lineAt(window, next);
    const fits =
      first !== null && (isUuLine(Buffer.from(first.text, 'latin1')) || /^end\s*$/.test(first.text));
    return fits
      ? { name: nameFrom(uu[1]), from: next, decode: (reader) => uuDecoded(linesOf(reader)) }
      : null;
  }
  const b64 = /^begin-base64 [0-7]{3,4} ([^]{1,1000})$/.exec(text);
  if (b64 !== null)
    return { name: nameFrom(b64[1]), from: next, decode: (reader) => uuBase64(linesOf(reader)) };
  const yenc = /^=ybegin .{0,200}\bname=([^]{1,1000})$/.exec(text);
  if (yenc !== null)
    return { name: nameFrom(yenc[1]), from: next, decode: (reader) => yencDecoded(linesOf(reader)) };
  if (!/converted with BinHex 4/.test(text)) return null;
  return { name: '', from: next, decode: binhexDecoded };
}

function nameFrom(text: string | undefined): string {
  return (text ?? '').trim();
}

/** Returns how many bytes of the text were encoded data. */
async function handOn(found: Marked, source: ByteSource, end: number, sink: FormatSink): Promise<number> {
  const reader = new ByteReader(source.stream(found.from, end));
  const content = found.decode(reader);
  try {
    if (found.name === '') await forks(content, sink);
    else await sink.member({ name: found.name, size: null, content: unreturned(content) });
    for await (const _ of content);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    sink.gap('corrupt', error.message, found.name === '' ? {} : { member: found.name });
  } finally {
    await content.return();
  }
  return reader.position;
}

/** Leaving it early does not end it. */
function unreturned(content: AsyncGenerator<Buffer, void, undefined>): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) };
}

/** A BinHex file has a data fork and a resource fork, each with a check sum of two bytes. */
async function forks(content: AsyncGenerator<Buffer, void, undefined>, sink: FormatSink): Promise<void> {
  const reader = new ByteReader(unreturned(content));
  const { name, data, resources } = await binhexHeader(reader);
  if (data > 0) await fork(name, data, reader, sink);
  await reader.skip(2);
  const label = Buffer.concat([name, Buffer.from(' (resource fork)')]);
  if (resources > 0) await fork(label, resources, reader, sink);
  await reader.skip(2);
}

async function fork(name: Buffer, size: number, reader: ByteReader, sink: FormatSink): Promise<void> {
  const end = reader.position + size;
  await sink.member({ name, size, content: exactly(reader, size, name) });
  await reader.skip(end - reader.position);
}

async function* exactly(
  reader: ByteReader,
  size: number,
  member: Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  for (let left = size; left > 0;) {
    const part = await reader.next(left);
    if (part === null) throw new Damaged(`${left} bytes are missing`, { member, bytes: left });
    left -= part.length;
    yield part;
  }
}
