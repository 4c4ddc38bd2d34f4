import { tokensOf, type Token } from './rule-lexer.ts';
import { readSource, type RulePart } from './rule-source.ts';

/** A rule as its source declares it. */
export interface RuleDeclaration extends RulePart {
  /** Of its name. They count from 1, columns in UTF-16 units. */
  readonly line: number;
  readonly column: number;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string | number | boolean>>;
  readonly patterns: number;
  /** The strings and the condition without comments and spacing: equal for rules that find the same. */
  readonly body: string;
  /** Identifiers in the condition, among them the rules that it builds upon. */
  readonly uses: readonly string[];
}

/** All rules of a source that compiles, and as much as can be made out of one that does not. Never throws. */
export function declarationsIn(source: string): readonly RuleDeclaration[] {
  const placeOf = placesIn(source);
  return readSource(source).rules.map((part) => ({
    ...part,
    ...placeOf(part.nameAt),
    ...declaredIn([...tokensOf(source.slice(part.nameAt, part.end))].slice(1)),
  }));
}

const IN_HEX = /\/\*[^]*?\*\/|\/\/[^\n]*|\s+/g;

/** `tokens` are those after its name. */
function declaredIn(
  tokens: readonly Token[],
): Pick<RuleDeclaration, 'tags' | 'meta' | 'patterns' | 'body' | 'uses'> {
  const opened = tokens.findIndex(({ text }) => text === '{');
  const head = opened === -1 ? tokens : tokens.slice(0, opened);
  const { meta, strings, condition } = sectionsOf(opened === -1 ? [] : tokens.slice(opened + 1));
  return {
    tags: head.filter(({ kind }) => kind === 'word').map(({ text }) => text),
    meta: metaOf(meta),
    patterns: strings.filter(({ kind }, at) => kind === 'pattern' && strings[at + 1]?.text === '=').length,
    body: [...strings.map(plain), ':', ...condition.map(plain)].join(' '),
    uses: condition.filter(({ kind }) => kind === 'word').map(({ text }) => text),
  };
}

function sectionsOf(tokens: readonly Token[]): Record<Section, Token[]> {
  const sections: Record<Section, Token[]> = { meta: [], strings: [], condition: [] };
  let section: Token[] | null = null;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined || (token.kind === 'other' && token.text === '}')) break;
    const opened = tokens[at + 1]?.text === ':' && isSection(token.text) ? sections[token.text] : null;
    if (opened === null) section?.push(token);
    else {
      section = opened;
      at++;
    }
  }
  return sections;
}

type Section = 'meta' | 'strings' | 'condition';

function isSection(text: string): text is Section {
  return text === 'meta' || text === 'strings' || text === 'condition';
}

function plain({ kind, text }: Token): string {
  return kind === 'hex' ? text.replace(IN_HEX, ' ').replace(/ +/g, ' ') : text;
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

/** What a text in quotation marks says. */
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
function placesIn(source: string): (offset: number) => { readonly line: number; readonly column: number } {
  let line = 1;
  let begin = 0;
  let end = source.indexOf('\n');
  return (offset) => {
    for (; end !== -1 && end < offset; end = source.indexOf('\n', begin)) {
      line++;
      begin = end + 1;
    }
    return { line, column: offset - begin + 1 };
  };
}
