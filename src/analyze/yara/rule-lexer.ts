/**
 * What a source consists of, read without compiling it, also when it does not compile: no engine tells how many rules
 * there are, where a broken one ends, or what is included.
 */
export interface SourceParts {
  readonly rules: readonly RulePart[];
  readonly includes: readonly IncludePart[];
  /** Words outside of comments and texts, but no fields (`hash.md5` gives only `hash`). */
  readonly words: ReadonlySet<string>;
}

/** [start, end) in the source, modifiers included. */
interface Part {
  readonly start: number;
  readonly end: number;
}
export interface RulePart extends Part {
  /** False when its last brace is missing: it then ends where the next rule begins. */
  readonly closed: boolean;
}
export interface IncludePart extends Part {
  readonly path: string;
}

// A slash is never a division in YARA: it begins a comment or a regular expression.
const TOKEN =
  /\/\*[^]*?(?:\*\/|$)|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"?|\/(?:\\.|[^\\/\n])+\/\w*|[$#@!]\w*|[A-Za-z_]\w*|\s+|[^]/g;

export function partsOf(source: string): SourceParts {
  const rules: RulePart[] = [];
  const includes: IncludePart[] = [];
  const words = new Set<string>();
  let rule: { start: number } | null = null;
  let depth = 0;
  /** Where `private` and `global` began that belong to a rule which may follow. */
  let modifiers: number | null = null;
  let before = '';
  /** Of the last `rule` or `include`, whose name or path may follow. */
  let keyword: { readonly text: string; readonly start: number } | null = null;

  for (const { 0: text, index } of source.matchAll(TOKEN)) {
    if (/^(?:\s|\/\/|\/\*)/.test(text)) continue;
    const isWord = /^[A-Za-z_]/.test(text);
    if (isWord && before !== '.') words.add(text);
    if (keyword?.text === 'rule' && isWord) {
      if (rule !== null) rules.push({ ...rule, end: keyword.start, closed: false });
      rule = { start: keyword.start };
      depth = 0;
    } else if (keyword?.text === 'include' && text.startsWith('"')) {
      includes.push({ start: keyword.start, end: index + text.length, path: text.replaceAll('"', '') });
    }
    const starts: number = modifiers ?? index;
    if (text === 'rule') keyword = { text, start: starts };
    else if (text === 'include' && rule === null) keyword = { text, start: index };
    else keyword = null;
    modifiers = text === 'private' || text === 'global' ? starts : null;
    if (text === '{' && rule !== null) depth++;
    if (text === '}' && rule !== null && --depth === 0) {
      rules.push({ ...rule, end: index + 1, closed: true });
      rule = null;
    }
    before = text;
  }
  if (rule !== null) rules.push({ ...rule, end: source.length, closed: false });
  return { rules, includes, words };
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
