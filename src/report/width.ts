/** Columns on a terminal. All of this expects text that went through `forTerminal`. */

// East Asian Width W and F (Unicode Standard Annex 11), in blocks; what is drawn as an emoji is as wide.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const MARK = /\p{M}/u;
const NARROW = /^[\x20-\x7e·…›]*$/;
const TOKENS = /\\(?:[nrt]|x[0-9a-f]{2}|u\{[0-9a-f]+\})|[^]\p{M}*/gu;

/** How many columns the text takes. */
export function width(text: string): number {
  if (NARROW.test(text)) return text.length;
  let columns = 0;
  for (const character of text) {
    if (!MARK.test(character)) columns += WIDE.test(character) ? 2 : 1;
  }
  return columns;
}

/** The text in at most `columns`, its middle replaced by `…`. An escape such as `\u{202e}` is never cut in two. */
export function shorten(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  const tokens = text.match(TOKENS) ?? [];
  // The end of a path says more than its beginning.
  const start = take(tokens, Math.floor((columns - 1) * 0.4));
  const end = take(tokens.toReversed(), columns - 1 - width(start.join('')));
  return `${start.join('')}…${end.toReversed().join('')}`;
}

/** The text in at most `columns`, its end replaced by `…`. */
export function shortenEnd(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  return `${take(text.match(TOKENS) ?? [], columns - 1).join('')}…`;
}

function take(tokens: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let left = columns;
  for (const token of tokens) {
    left -= width(token);
    if (left < 0) break;
    taken.push(token);
  }
  return taken;
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}
