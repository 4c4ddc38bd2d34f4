import { PdfWord, type Lexer, type PdfToken } from './lexer.ts';
import { PdfDict, PdfRef, type PdfValue } from './values.ts';

/** Arrays and dictionaries in each other; honest ones stay below 20. */
const MAX_DEPTH = 500;

export interface Parsed {
  readonly value: PdfValue;
  /**
   * `cut`: the bytes ended first. `odd`: a word that belongs to no value came first (`endobj`, junk), or it was nested
   * too deep. The value is then what could be read so far.
   */
  readonly ending: 'whole' | 'cut' | 'odd';
}

interface Frame {
  readonly kind: '[' | '<<';
  readonly items: PdfValue[];
}

/** Words that end whatever is open. */
const ENDINGS = new Set(['obj', 'endobj', 'stream', 'endstream', 'xref', 'trailer', 'startxref']);

/** Reads one value; leaves the lexer behind it (before a word that ended it too early). */
export function parseValue(lexer: Lexer): Parsed {
  const frames: Frame[] = [];
  for (;;) {
    const before = lexer.at;
    const token = lexer.next();
    if (token === null) return { value: unwound(frames), ending: 'cut' };
    const opens = token instanceof PdfWord && (token.text === '[' || token.text === '<<') ? token.text : null;
    if (opens !== null) {
      if (frames.length === MAX_DEPTH) return { value: unwound(frames), ending: 'odd' };
      frames.push({ kind: opens, items: [] });
      continue;
    }
    const top = frames.at(-1);
    if (top === undefined) {
      const value = scalar(token);
      if (value === undefined) lexer.at = before;
      return { value: value ?? null, ending: value === undefined ? 'odd' : 'whole' };
    }
    if (token instanceof PdfWord) {
      if (ENDINGS.has(token.text)) {
        lexer.at = before;
        return { value: unwound(frames), ending: 'odd' };
      }
      if (token.text === ']' || token.text === '>>') {
        frames.pop();
        const value = closed(top);
        const parent = frames.at(-1);
        if (parent === undefined) return { value, ending: 'whole' };
        parent.items.push(value);
        continue;
      }
      if (token.text === 'R') {
        reference(top.items);
        continue;
      }
    }
    const value = scalar(token);
    if (value !== undefined) top.items.push(value);
  }
}

/** undefined: a word that is no value. */
function scalar(token: PdfToken): PdfValue | undefined {
  if (!(token instanceof PdfWord)) return token;
  if (token.text === 'true') return true;
  if (token.text === 'false') return false;
  return token.text === 'null' ? null : undefined;
}

function reference(items: PdfValue[]): void {
  const number = items.at(-2);
  if (typeof number !== 'number' || typeof items.at(-1) !== 'number') return;
  items.splice(-2, 2, new PdfRef(number));
}

function closed({ kind, items }: Frame): PdfValue {
  return kind === '[' ? items : new PdfDict(items);
}

function unwound(frames: Frame[]): PdfValue {
  let value: PdfValue = null;
  for (let frame = frames.pop(); frame !== undefined; frame = frames.pop()) {
    if (value !== null) frame.items.push(value);
    value = closed(frame);
  }
  return value;
}
