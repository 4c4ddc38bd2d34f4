/** A piece of a YARA source that means something; blanks and comments are left out. */
export interface Token {
  readonly kind: 'text' | 'regex' | 'pattern' | 'word' | 'number' | 'hex' | 'other';
  readonly text: string;
  readonly start: number;
}

// In YARA a slash is never a division (that is a backslash), so it begins a comment or a regular expression.
const SIMPLE =
  /(\s+|\/\*[^]*?(?:\*\/|$)|\/\/[^\n]*)|("(?:\\.|[^"\\\n])*"?)|([$#@!]\w*\*?)|([A-Za-z_]\w*)|(\d\w*(?:\.\d+)?)|[^]/y;
const REGEX = /\/(?:\\.|[^\\/\n])+\/\w*/y;
const KINDS = ['text', 'pattern', 'word', 'number'] as const;
/** Of a hexadecimal string, between its comments. */
const HEX_DIGITS = /[0-9A-Fa-f?~[\]()|\s-]*/y;
const COMMENT = /\/\*[^]*?\*\/|\/\/[^\n]*/y;

/** The tokens of any text, whether it compiles or not. Takes time in proportion to its length, whatever it holds. */
export function* tokensOf(source: string): Generator<Token, void, undefined> {
  let before = '';
  /** A regular expression that does not end on its line: none of this line is looked for again. */
  let noRegexBefore = 0;
  for (let start = 0; start < source.length;) {
    let token: Token | null = null;
    let end: number;
    const first = source[start];
    if (first === '{' && before === '=') {
      end = endOfHex(source, start);
      if (end > start) token = { kind: 'hex', text: source.slice(start, end), start };
    } else if (first === '/' && start >= noRegexBefore && !'*/'.includes(source[start + 1] ?? '*')) {
      const text = at(REGEX, source, start);
      if (text !== '') token = { kind: 'regex', text, start };
      else noRegexBefore = endOfLine(source, start);
    }
    if (token === null) {
      SIMPLE.lastIndex = start;
      const [text = '', blank, ...kinds] = SIMPLE.exec(source) ?? [];
      end = start + Math.max(1, text.length);
      const kind = KINDS[kinds.findIndex((found) => found !== undefined)] ?? 'other';
      if (blank === undefined) token = { kind, text, start };
    } else end = start + token.text.length;
    start = end;
    if (token === null) continue;
    before = token.text;
    yield token;
  }
}

/** Behind its last brace; its beginning when it has none, or holds anything else. */
function endOfHex(source: string, start: number): number {
  for (let end = start + 1; ;) {
    end += at(HEX_DIGITS, source, end).length;
    if (source[end] === '}') return end + 1;
    const comment = at(COMMENT, source, end);
    if (comment === '') return start;
    end += comment.length;
  }
}

function at(pattern: RegExp, source: string, start: number): string {
  pattern.lastIndex = start;
  return pattern.exec(source)?.[0] ?? '';
}

function endOfLine(source: string, start: number): number {
  const end = source.indexOf('\n', start);
  return end === -1 ? source.length : end;
}
