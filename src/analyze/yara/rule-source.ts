/**
 * What a YARA source declares, read without compiling it: no engine tells which rules a file has, where they stand, or
 * what their conditions say. Of a source that does not compile it tells what it can make out.
 */
export interface SourceFacts {
  readonly imports: readonly Named[];
  readonly includes: readonly Named[];
  readonly rules: readonly RuleDeclaration[];
}

/** Lines and columns count from 1, columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Named extends Place {
  readonly name: string;
}

export interface RuleDeclaration extends Named {
  readonly isPrivate: boolean;
  readonly isGlobal: boolean;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string | number | boolean>>;
  readonly patterns: number;
  /** The strings and the condition without comments and spacing: equal for rules that find the same. */
  readonly body: string;
  /** Identifiers in the condition, among them the rules that it builds upon. */
  readonly uses: readonly string[];
  /** [start, end) in the source, modifiers included. */
  readonly start: number;
  readonly end: number;
}

// In YARA a slash is never a division (that is a backslash), so it begins a comment or a regular expression.
const TOKEN =
  /\s+|\/\*[^]*?(?:\*\/|$)|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"?|\/(?:\\.|[^\\/\n])+\/[is]*|[$#@!]\w*\*?|[A-Za-z_]\w*|\d\w*(?:\.\d+)?|[^]/y;
/** A hexadecimal string; comments may stand in it. */
const HEX = /\{(?:\/\*[^]*?\*\/|\/\/[^\n]*|[^}/])*\}/y;
const COMMENT = /\/\*[^]*?\*\/|\/\/[^\n]*/g;

interface Token {
  readonly kind: 'text' | 'regex' | 'pattern' | 'word' | 'number' | 'other' | 'hex';
  readonly text: string;
  readonly start: number;
}

/** All of a source that compiles, and as much as can be made out of one that does not. Never throws. */
export function readSource(source: string): SourceFacts {
  const tokens = tokensOf(source);
  const placeOf = placesIn(source);
  const imports: Named[] = [];
  const includes: Named[] = [];
  const rules: RuleDeclaration[] = [];
  let modifiers: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    const next = tokens[at + 1];
    if (token === undefined || next === undefined) break;
    if (token.kind === 'word' && (token.text === 'private' || token.text === 'global')) {
      modifiers.push(token);
      continue;
    }
    if (token.text === 'rule' && next.kind === 'word') {
      const [rule, end] = readRule(tokens, at, modifiers, placeOf);
      rules.push(rule);
      at = end;
    } else if (next.kind === 'text' && (token.text === 'import' || token.text === 'include')) {
      const named = { name: unquoted(next.text), ...placeOf(token.start) };
      (token.text === 'import' ? imports : includes).push(named);
      at++;
    }
    modifiers = [];
  }
  return { imports, includes, rules };
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  // After one that does not end nothing compiles; looking for the end again and again would take for ever.
  let hexEnds = true;
  for (let at = 0; at < source.length;) {
    if (hexEnds && source[at] === '{' && tokens.at(-1)?.text === '=') {
      HEX.lastIndex = at;
      const hex = HEX.exec(source)?.[0];
      if (hex !== undefined) {
        tokens.push({ kind: 'hex', text: hex.replace(COMMENT, '').replace(/\s+/g, ' '), start: at });
        at += hex.length;
        continue;
      }
      hexEnds = false;
    }
    TOKEN.lastIndex = at;
    const text = TOKEN.exec(source)?.[0] ?? '';
    const kind = kindOf(text);
    if (kind !== null) tokens.push({ kind, text, start: at });
    at += Math.max(1, text.length);
  }
  return tokens;
}

/** null for what is only between tokens. */
function kindOf(text: string): Token['kind'] | null {
  if (/^\s/.test(text) || text.startsWith('//') || text.startsWith('/*')) return null;
  if (text.startsWith('"')) return 'text';
  if (text.startsWith('/') && text.length > 1) return 'regex';
  if (/^[$#@!]/.test(text)) return 'pattern';
  if (/^\d/.test(text)) return 'number';
  return /^\w/.test(text) ? 'word' : 'other';
}

/** The rule whose `rule` is at `at`, and the index of its last token. */
function readRule(
  tokens: readonly Token[],
  at: number,
  modifiers: readonly Token[],
  placeOf: (offset: number) => Place,
): [RuleDeclaration, number] {
  const first = modifiers[0] ?? tokens[at];
  const name = tokens[at + 1];
  let index = at + 2;
  const tags: string[] = [];
  for (; index < tokens.length && tokens[index]?.text !== '{'; index++) {
    if (tokens[index]?.kind === 'word') tags.push(tokens[index]?.text ?? '');
  }
  const sections = { meta: [] as Token[], strings: [] as Token[], condition: [] as Token[] };
  let section: Token[] | null = null;
  for (index++; index < tokens.length && tokens[index]?.text !== '}'; index++) {
    const token = tokens[index];
    if (token === undefined) break;
    const opened = tokens[index + 1]?.text === ':' && isSection(token.text) ? sections[token.text] : null;
    if (opened === null) section?.push(token);
    else {
      section = opened;
      index++;
    }
  }
  const last = tokens[Math.min(index, tokens.length - 1)];
  const rule: RuleDeclaration = {
    name: name?.text ?? '',
    ...placeOf(name?.start ?? 0),
    isPrivate: modifiers.some(({ text }) => text === 'private'),
    isGlobal: modifiers.some(({ text }) => text === 'global'),
    tags,
    meta: metaOf(sections.meta),
    patterns: sections.strings.filter(
      ({ kind }, token) => kind === 'pattern' && sections.strings[token + 1]?.text === '=',
    ).length,
    body: [...sections.strings, { text: ':' }, ...sections.condition].map(({ text }) => text).join(' '),
    uses: sections.condition.filter(({ kind }) => kind === 'word').map(({ text }) => text),
    start: first?.start ?? 0,
    end: last === undefined ? 0 : last.start + last.text.length,
  };
  return [rule, index];
}

function isSection(text: string): text is 'meta' | 'strings' | 'condition' {
  return text === 'meta' || text === 'strings' || text === 'condition';
}

function metaOf(tokens: readonly Token[]): RuleDeclaration['meta'] {
  const meta = new Map<string, string | number | boolean>();
  for (const [at, token] of tokens.entries()) {
    if (token.text !== '=') continue;
    const key = tokens[at - 1]?.text ?? '';
    const negative = tokens[at + 1]?.text === '-';
    const value = tokens[at + (negative ? 2 : 1)];
    if (value?.kind === 'text') meta.set(key, unquoted(value.text));
    else if (value?.kind === 'number') meta.set(key, (negative ? -1 : 1) * Number(value.text));
    else if (value !== undefined) meta.set(key, value.text === 'true');
  }
  return Object.fromEntries(meta);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function unquoted(text: string): string {
  return text
    .replace(/^"|"$/g, '')
    .replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_all, code: string | undefined, letter: string | undefined) =>
      code === undefined
        ? (ESCAPES[letter ?? ''] ?? letter ?? '')
        : String.fromCharCode(Number.parseInt(code, 16)),
    );
}

/** Offsets have to be asked for in order. */
function placesIn(source: string): (offset: number) => Place {
  let line = 1;
  let begin = 0;
  return (offset) => {
    for (
      let end = source.indexOf('\n', begin);
      end !== -1 && end < offset;
      end = source.indexOf('\n', begin)
    ) {
      line++;
      begin = end + 1;
    }
    return { line, column: offset - begin + 1 };
  };
}
