import type { RtfLexer } from './lexer.ts';

/** Groups that hold a file in hex digits, and what they are called here. */
export const HEX_GROUPS: ReadonlyMap<string, string> = new Map([
  ['objdata', 'object'],
  ['pict', 'picture'],
  ['datastore', 'data store'],
  ['themedata', 'theme'],
  ['colorschememapping', 'color scheme'],
  ['fontemb', 'font'],
]);

/**
 * What digits in a group within the data count as: Word takes those of plain groups for data, and skips groups that
 * begin with `\*` or with a destination of their own; a less careful reader takes everything. Within a picture, groups
 * only hold its properties.
 */
export type Nested = 'plain groups' | 'everything' | 'nothing';

export interface HexEnd {
  /** The file ended before the group did. */
  cutOff: boolean;
}

/**
 * The bytes of the group that the lexer stands in, to its end. `found` is called at each further group of data within
 * it, which is not read here.
 */
export async function* hexData(
  lexer: RtfLexer,
  nested: Nested,
  end: HexEnd,
  found: (word: string) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const { depth } = lexer;
  let ignoredFrom: number | null = null;
  lexer.startByte();
  lexer.collecting = true;
  for (;;) {
    const token = await lexer.next();
    if (token === 'end' || (token === 'close' && lexer.depth < depth)) {
      end.cutOff = token === 'end';
      break;
    }
    const within = lexer.depth > depth;
    if (token === 'hex') yield lexer.collected();
    else if (token === 'close' && ignoredFrom !== null && lexer.depth < ignoredFrom) ignoredFrom = null;
    else if (token === 'word' && HEX_GROUPS.has(lexer.word)) {
      found(lexer.word);
      if (within && nested !== 'everything') ignoredFrom ??= lexer.depth;
    } else if (token === 'star' && within && nested !== 'everything') ignoredFrom ??= lexer.depth;
    else if (token === 'open' && nested === 'nothing') ignoredFrom ??= lexer.depth;
    lexer.ignoring = ignoredFrom !== null;
    lexer.collecting = ignoredFrom === null;
  }
  lexer.ignoring = false;
  lexer.collecting = false;
  const last = lexer.collected();
  if (last.length > 0) yield last;
}
