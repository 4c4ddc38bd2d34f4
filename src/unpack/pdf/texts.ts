import { Lexer } from './lexer.ts';
import { parseValue } from './parse.ts';
import { isArray, PdfDict, PdfString, type PdfValue } from './values.ts';

/** Texts handed on of one object; a form of a thousand fields with a script each is rare. */
const MAX_TEXTS = 10_000;
/** A string that is an object of its own and shorter than that is a title. */
const MIN_TEXT = 32;

/** Scripts, and strings that are objects of their own (which /JS may point to): their bytes, escapes resolved. */
export function textsIn(value: PdfValue): Buffer[] {
  const found: Buffer[] = [];
  if (value instanceof PdfString && value.bytes.length >= MIN_TEXT) found.push(value.bytes);
  const open: PdfValue[] = [value];
  for (let inner = open.pop(); inner !== undefined && found.length < MAX_TEXTS; inner = open.pop()) {
    if (isArray(inner)) for (const item of inner) open.push(item);
    if (!(inner instanceof PdfDict)) continue;
    for (const [key, item] of inner.entries) {
      if (key === 'JS' && item instanceof PdfString) found.push(item.bytes);
      else open.push(item);
    }
  }
  return found;
}

/** The objects in an object stream, one after another; its table of offsets is never believed. */
export function* objectsIn(bytes: Buffer): Generator<PdfValue, void, undefined> {
  const lexer = new Lexer(Buffer.concat([bytes, Buffer.from(' ')]));
  for (;;) {
    const before = lexer.at;
    const { value, ending } = parseValue(lexer);
    yield value;
    if (ending === 'cut') return;
    if (lexer.at === before || ending === 'odd') lexer.next();
  }
}

/** UTF-16 with its mark becomes UTF-8, so that rules for text match (ISO 32000-1, 7.9.2.2). */
export function plainText(bytes: Buffer): Buffer {
  if (bytes[0] !== 0xfe || bytes[1] !== 0xff) return bytes;
  const swapped = Buffer.from(bytes.subarray(2, bytes.length & ~1)).swap16();
  return Buffer.from(swapped.toString('utf16le'));
}
