/** UTF-16 units of one text; the head of a longer one. */
const MAX_TEXT = 1024;
const MAX_KEYS = 32;
const MAX_ITEMS = 20;

/**
 * Control and format characters (bidi, zero width), lone surrogates, private use, unassigned; line and paragraph
 * separators; and the backslash, so that what is escaped here cannot be written by somebody else. A byte of a name that is no text
 * comes as `\xE9` (bytes/name.ts, where a backslash that would read like that is `\x5C`), and stays as it is.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]|\\(?!x[0-9A-F]{2})/gu;

/** Text as it may stand in a log: one line, nothing invisible, bounded. */
function plain(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…[${text.length} characters]` : text;
  return cut.replace(UNSEEN, (seen) => `\\u{${(seen.codePointAt(0) ?? 0).toString(16)}}`);
}

type Plain = string | number | boolean | null | readonly string[];

/** The values of what somebody else has chosen; keys are ours. */
export function plainValues(values: Readonly<Record<string, unknown>>): Readonly<Record<string, Plain>> {
  return Object.fromEntries(
    Object.entries(values)
      .slice(0, MAX_KEYS)
      .map(([key, value]) => [key, plainValue(value)]),
  );
}

function plainValue(value: unknown): Plain {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Error) return plain(`${value.name}: ${value.message}`);
  if (Array.isArray(value))
    return value
      .slice(0, MAX_ITEMS)
      .map((item) => plain(typeof item === 'string' ? item : (JSON.stringify(item) ?? typeof item)));
  return plain(typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value));
}
