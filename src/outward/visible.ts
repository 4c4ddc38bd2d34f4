/**
 * Controls, formats (bidi, zero width, tags), lone surrogates, private use, unassigned; line and paragraph separators; and
 * whatever else leaves no ink.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Text as one line in which nothing is invisible (`\u{202e}`), of at most `most` UTF-16 units before that. */
export function visible(text: string, most: number): string {
  const cut = text.length <= most ? text : `${text.slice(0, most)}…`;
  return cut.replace(UNSEEN, (seen) => `\\u{${(seen.codePointAt(0) ?? 0).toString(16)}}`);
}
