import { createHash } from 'node:crypto';

/**
 * One encoder per sink. Every name, rule, signature, version and message in a report may have been chosen by
 * whoever wants to be overlooked; nothing of it reaches a sink except through one of these.
 *
 * All of them make invisible things visible the same way: `\n`, `\x1b`, `\u{202e}`. Different texts stay
 * different: a backslash that would read like one of these escapes is itself written `\x5c`, and the `\xE9` that
 * bytes/name.ts writes for a byte that is not UTF-8 (upper case, 80 to FF) is never written here.
 */

/** In UTF-16 units. A path of PATH_MAX bytes (Linux: 4096) is shown whole; longer text is cut in its middle. */
const MAX_UNITS = 4096;
const KEPT_AT_START = 2400;
const KEPT_AT_END = 1200;

/** More marks than this on one letter are not a script of this world but paint over the neighbouring lines. */
const MAX_MARKS = 4;

/**
 * Controls, formats (bidi, zero width, tags), lone surrogates, private use, unassigned; line and paragraph
 * separators; whatever else leaves no ink (fillers, variation selectors, blanks other than a plain space inside);
 * marks without a letter or too many on one; a backslash that would read like an escape of ours.
 */
const UNSEEN = new RegExp(
  [
    String.raw`[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]`,
    String.raw`(?! )\p{Zs}|^ | $`,
    String.raw`^\p{M}+|(?<=\p{M}{${MAX_MARKS}})\p{M}`,
    String.raw`\\(?=[nrt]|x(?:[01][0-9a-f]|20|5c|7f)|u\{)`,
  ].join('|'),
  'gu',
);
const PLAIN = /^(?! )[\x20-\x5b\x5d-\x7e]*(?<! )$/;

/** Text as one line for a terminal or a log: no control, nothing invisible, at most about 4,000 characters. */
export function forTerminal(text: string): string {
  if (text.length <= MAX_UNITS) return visible(text);
  const hash = createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 16);
  const middle = `…[${text.length} characters, sha256 ${hash}]…`;
  return visible(text.slice(0, KEPT_AT_START)) + middle + visible(text.slice(-KEPT_AT_END));
}

function visible(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSEEN, (run) => Array.from(run, escaped).join(''));
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code <= 0x7f ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for HTML: in an element or in a quoted attribute. */
export function forHtml(text: string): string {
  return forTerminal(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/**
 * Text for Markdown, and for SARIF's `message.text`, where `[text](1)` is a link and `{0}` a placeholder
 * (SARIF 2.1.0, 3.11.5 and 3.11.6). Only what begins something is escaped, so that ordinary names stay readable
 * where Markdown is not rendered.
 */
export function forMarkdown(text: string): string {
  return forTerminal(text)
    .replace(/[\\`*{}[\]<>|~&@]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=www)\./giu, '\\$&')
    .replace(/^[-+=#]/, '\\$&')
    .replace(/^\d+(?=[.)])/, '$&\\');
}

/** Characters of a cell; spreadsheets take 32,767 and move the rest to the next one, where it could begin anew. */
const MAX_CELL_UNITS = 32_000;
/** What makes a formula of a cell (OWASP, "CSV Injection"), also in full width. */
const FORMULA = /^(?=[=+\-@'\uff1d\uff0b\uff0d\uff20])/u;
/**
 * Where a reader takes another separator than the comma, what stands behind it is a cell of its own, whatever the
 * quotes; a backslash that would read like this escape is written `\\x5c`.
 */
const OTHER_SEPARATOR = /;(?=[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20])|\\(?=x3b)/gu;

/**
 * Text as a quoted cell of CSV (RFC 4180), of which no spreadsheet makes a formula: a leading `=`, `+`, `-`, `@` gets
 * an apostrophe before it, as does an apostrophe, so that different texts stay different. Names in it were made
 * visible before: there is no line break and no tab.
 */
export function forCsv(visibleText: string): string {
  const whole = visibleText.length <= MAX_CELL_UNITS;
  const text = whole ? visibleText : `${visibleText.slice(0, MAX_CELL_UNITS).toWellFormed()}…`;
  const safe = text
    .replace(OTHER_SEPARATOR, (found) => (found === ';' ? '\\x3b' : '\\x5c'))
    .replace(FORMULA, "'");
  return `"${safe.replaceAll('"', '""')}"`;
}

/** `nightly.tar › home/a/clam.exe`. A name that holds the separator cannot pass for two. */
export function trailInText(trail: readonly string[]): string {
  return trail.map((name) => forTerminal(name).replaceAll('›', '\\u{203a}')).join(' › ');
}

/** What JSON allows raw and a terminal, a log or a splitter of lines does not take as text. */
const RAW =
  // oxlint-disable-next-line no-control-regex
  /[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g;
const LONE_SURROGATE = /\\ud[89a-f]/;

/**
 * A value as one line of JSON: valid UTF-16 (a lone surrogate becomes U+FFFD, since most readers refuse it), and
 * what is invisible is written `\u202e`, which loses nothing.
 */
export function forJson(value: unknown): string {
  let json = JSON.stringify(value);
  if (LONE_SURROGATE.test(json)) json = JSON.stringify(value, wellFormed);
  return json.replace(RAW, (run) =>
    Array.from(
      { length: run.length },
      (_, at) => `\\u${run.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

function wellFormed(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key.toWellFormed(), held]));
}

/** A path as a URI reference: its exact bytes where `base64` gives them; never anything that reads as a scheme. */
export function forUri(path: string, base64?: string): string {
  if (base64 === undefined) return path.toWellFormed().split('/').map(encodeURIComponent).join('/');
  return Array.from(Buffer.from(base64, 'base64'), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9._~/-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
