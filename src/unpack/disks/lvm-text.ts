/** LVM2, lib/config: `name = value`, `name { … }`, lists in brackets, comments after `#`. */
export type LvmValue = string | number | readonly (string | number)[] | LvmSection;
export interface LvmSection {
  readonly [name: string]: LvmValue;
}

/** Sections within sections; LVM itself goes four deep. */
const MAX_DEPTH = 8;
const TOKEN = /\s+|#[^\n]*|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?)(?![\w.+-])|([\w.+][\w.+-]*)|([{}[\]=,])/y;

/** Reads the text of a volume group. Throws SyntaxError; its work is bounded by the text's length. */
export function parseLvmText(text: string): LvmSection {
  const tokens = tokensOf(text);
  const [section] = readSection(tokens, 0, 0);
  return section;
}

type Token =
  | { readonly kind: 'value'; readonly value: string | number }
  | { readonly kind: 'name' | 'mark'; readonly text: string };

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (match === null) throw new SyntaxError(`not understood at character ${at}`);
    const [, quoted, number, name, mark] = match;
    if (quoted !== undefined) tokens.push({ kind: 'value', value: quoted.replace(/\\(.)/g, '$1') });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (number !== undefined) tokens.push({ kind: 'value', value: Number(number) });
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark });
  }
  return tokens;
}

function readSection(tokens: readonly Token[], from: number, depth: number): [LvmSection, number] {
  if (depth > MAX_DEPTH) throw new SyntaxError('too many sections within sections');
  const section = new Map<string, LvmValue>();
  let at = from;
  for (; at < tokens.length && !isMark(tokens[at], '}');) {
    const name = tokens[at];
    if (name?.kind !== 'name') throw new SyntaxError('a value without a name');
    if (isMark(tokens[at + 1], '{')) {
      const [inner, after] = readSection(tokens, at + 2, depth + 1);
      if (!isMark(tokens[after], '}')) throw new SyntaxError('a section that does not end');
      section.set(name.text, inner);
      at = after + 1;
    } else if (isMark(tokens[at + 1], '=')) {
      const [value, after] = readValue(tokens, at + 2);
      section.set(name.text, value);
      at = after;
    } else throw new SyntaxError('a name without a value');
  }
  // A map, so that no name of theirs means anything to an object.
  return [Object.assign(Object.create(null), Object.fromEntries(section)), at];
}

function readValue(tokens: readonly Token[], from: number): [LvmValue, number] {
  const first = tokens[from];
  if (first?.kind === 'value') return [first.value, from + 1];
  if (!isMark(first, '[')) throw new SyntaxError('a name without a value');
  const list: (string | number)[] = [];
  for (let at = from + 1; at < tokens.length; at++) {
    const token = tokens[at];
    if (isMark(token, ']')) return [list, at + 1];
    if (token?.kind === 'value') list.push(token.value);
    else if (!isMark(token, ',')) break;
  }
  throw new SyntaxError('a list that does not end');
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}

/** The section of that name; empty when there is none. */
export function sectionOf(section: LvmSection, name: string): LvmSection {
  const value = section[name];
  return typeof value === 'object' && !isList(value) ? value : {};
}

/** The whole number of that name; null when there is none, or one that cannot be counted with. */
export function numberOf(section: LvmSection, name: string): number | null {
  const value = section[name];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

export function textOf(section: LvmSection, name: string): string {
  const value = section[name];
  return typeof value === 'string' ? value : '';
}

export function listOf(section: LvmSection, name: string): readonly (string | number)[] {
  const value = section[name];
  return value !== undefined && isList(value) ? value : [];
}

function isList(value: LvmValue): value is readonly (string | number)[] {
  return Array.isArray(value);
}
