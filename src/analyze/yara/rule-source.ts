import { tokensOf } from './rule-lexer.ts';

/**
 * What a source consists of, read without compiling it, also when it does not compile: no engine tells how many rules
 * there are, where a broken one ends, or what is included.
 */
export interface SourceParts {
  readonly imports: readonly NamedPart[];
  readonly includes: readonly NamedPart[];
  readonly rules: readonly RulePart[];
  /** Words outside of comments and texts, but no fields (`hash.md5` gives only `hash`). */
  readonly words: ReadonlySet<string>;
}

/** [start, end) in the source. */
interface Part {
  readonly start: number;
  readonly end: number;
}
export interface NamedPart extends Part {
  /** As it stands there, without quotation marks: a path may hold backslashes. */
  readonly name: string;
}
/** Modifiers included. */
export interface RulePart extends NamedPart {
  /** Where its name stands. */
  readonly nameAt: number;
  readonly isPrivate: boolean;
  readonly isGlobal: boolean;
  /** False when its last brace is missing: it then ends where the next rule begins. */
  readonly closed: boolean;
}

/** Never throws. */
export function readSource(source: string): SourceParts {
  const reader = new Reader(source.length);
  for (const token of tokensOf(source)) reader.read(token.kind, token.text, token.start);
  return reader.parts();
}

/** The same source, in which these places hold only spaces: lines and columns of the rest stay what they are. */
export function without(source: string, parts: readonly Part[]): string {
  let text = '';
  let at = 0;
  for (const { start, end } of parts.toSorted((one, other) => one.start - other.start)) {
    if (start < at) continue;
    text += source.slice(at, start) + source.slice(start, end).replace(/[^\r\n]/gu, ' ');
    at = end;
  }
  return text + source.slice(at);
}

class Reader {
  readonly #length: number;
  readonly #imports: NamedPart[] = [];
  readonly #includes: NamedPart[] = [];
  readonly #rules: RulePart[] = [];
  readonly #words = new Set<string>();
  #rule: Omit<RulePart, 'end' | 'closed'> | null = null;
  #depth = 0;
  /** `private` and `global` that belong to a rule which may follow. */
  #modifiers: { readonly start: number; readonly words: readonly string[] } | null = null;
  /** Of the last `rule`, `import` or `include`, whose name may follow. */
  #keyword: { readonly text: string; readonly start: number; readonly modifiers: readonly string[] } | null =
    null;
  #before = '';

  constructor(length: number) {
    this.#length = length;
  }

  read(kind: string, text: string, at: number): void {
    const isWord = kind === 'word';
    if (isWord && this.#before !== '.') this.#words.add(text);
    this.#before = text;
    const keyword = this.#keyword;
    this.#keyword = null;
    if (keyword?.text === 'rule' && isWord) this.#begin(keyword, text, at);
    else if (keyword !== null && keyword.text !== 'rule' && kind === 'text') {
      const named = { name: text.replaceAll('"', ''), start: keyword.start, end: at + text.length };
      (keyword.text === 'import' ? this.#imports : this.#includes).push(named);
    }
    const { start, words } = this.#modifiers ?? { start: at, words: [] };
    this.#modifiers = null;
    if (isWord && text === 'rule') this.#keyword = { text, start, modifiers: words };
    else if (isWord && (text === 'include' || text === 'import') && this.#rule === null)
      this.#keyword = { text, start: at, modifiers: [] };
    else if (isWord && (text === 'private' || text === 'global'))
      this.#modifiers = { start, words: [...words.slice(0, 2), text] };
    if (this.#rule === null || kind !== 'other') return;
    if (text === '{') this.#depth++;
    if (text === '}' && --this.#depth === 0) this.#end(at + 1, true);
  }

  parts(): SourceParts {
    this.#end(this.#length, false);
    return { imports: this.#imports, includes: this.#includes, rules: this.#rules, words: this.#words };
  }

  #begin(keyword: { start: number; modifiers: readonly string[] }, name: string, nameAt: number): void {
    this.#end(keyword.start, false);
    const { start, modifiers } = keyword;
    const isPrivate = modifiers.includes('private');
    this.#rule = { name, nameAt, start, isPrivate, isGlobal: modifiers.includes('global') };
    this.#depth = 0;
  }

  #end(end: number, closed: boolean): void {
    if (this.#rule !== null) this.#rules.push({ ...this.#rule, end, closed });
    this.#rule = null;
  }
}
