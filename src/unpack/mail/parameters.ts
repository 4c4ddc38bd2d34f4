import { extendedValue, withoutEncodedWords } from './words.ts';

/** Parameters of one field; honest ones have five. */
const MAX_PARAMETERS = 200;

/** A field such as Content-Type: its value, and its parameters in the order they stand (names in lower case). */
export interface Parameterized {
  readonly value: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/** Separators, a parameter, or one character of junk: each alternative ends where the next begins. */
const PARAMETER = /[;\s]+|([^\s=;"]{1,100})[ \t\r\n]*=[ \t\r\n]*(?:"((?:[^"\\]|\\[^])*)"?|([^;\s]*))|[^]/y;

/** RFC 2045, 5.1, read as forgivingly as mail programs do. `text` is unfolded. */
export function parseParameters(text: string): Parameterized {
  const semicolon = text.indexOf(';');
  const value = (semicolon < 0 ? text : text.slice(0, semicolon)).replace(/\([^)]{0,200}\)/g, '').trim();
  const parameters: [string, string][] = [];
  PARAMETER.lastIndex = semicolon < 0 ? text.length : semicolon;
  while (PARAMETER.lastIndex < text.length && parameters.length < MAX_PARAMETERS) {
    const match = PARAMETER.exec(text);
    if (match === null) break;
    const [, name, quoted, token] = match;
    if (name === undefined) continue;
    parameters.push([name.toLowerCase(), quoted === undefined ? (token ?? '') : unescaped(quoted)]);
  }
  return { value: value.toLowerCase(), parameters: joined(parameters) };
}

function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\([^])/g, '$1') : text;
}

/** RFC 2231, 3 and 4: `name*0*=`, `name*1=` become one `name`. */
function joined(parameters: readonly [string, string][]): [string, string][] {
  const plain: [string, string][] = [];
  const pieces = new Map<string, { index: number; text: string; extended: boolean }[]>();
  for (const [name, text] of parameters) {
    const match = /^([^*]+)(?:\*(\d{1,3}))?(\*)?$/.exec(name);
    const [, base = name, index, star] = match ?? [];
    if (index === undefined && star === undefined) plain.push([name, text]);
    else {
      const piece = { index: Number(index ?? 0), text, extended: star !== undefined };
      pieces.set(base, [...(pieces.get(base) ?? []), piece]);
    }
  }
  for (const [base, list] of pieces) {
    const sorted = list.toSorted((a, b) => a.index - b.index);
    const text = sorted.map((piece) => piece.text).join('');
    plain.push([base, sorted.some(({ extended }) => extended) ? extendedValue(text) : text]);
  }
  return plain;
}

/** The file name that a field gives; null: none. */
export function fileNameIn({ parameters }: Parameterized): string | null {
  const found = parameters.find(([name, value]) => (name === 'filename' || name === 'name') && value !== '');
  return found === undefined ? null : withoutEncodedWords(found[1]);
}
