import type { ContentType } from '../../domain/index.ts';

/** A name that is made to be read as another one. */
export interface Deception {
  readonly rule: string;
  readonly detail: string;
  /** Characters as code points, extensions: never the name itself, which may hold anything. */
  readonly evidence: Readonly<Record<string, string | number>>;
}

/** What is run, or runs something, when somebody opens it: Windows (PATHEXT and the shell's own) and Linux desktops decide by these endings. */
const RUN =
  'exe|scr|com|pif|bat|cmd|vbs|vbe|jse|wsf|wsh|hta|lnk|cpl|msi|ps1|jar|js|apk|dmg|chm|scf|xll|desktop|application|appref-ms|library-ms|settingcontent-ms';
const RUNS = new RegExp(String.raw`^(?:${RUN})$`);
/** What people open without a thought. */
const DOCUMENT =
  /^(?:pdf|docx?|docm|xlsx?|xlsm|pptx?|rtf|odt|ods|odp|txt|csv|jpe?g|png|gif|bmp|tiff?|heic|mp3|mp4|avi|mov|mkv|wav|zip|rar|7z|eml|msg)$/;
/** Endings that programs put behind others (`page.txt.js`, `image.png.js` of a bundler): only beside office documents. */
const ALSO_SOURCES = new Set(['js', 'jar', 'apk', 'dmg', 'ps1', 'cmd', 'bat', 'com']);
const OFFICE = /^(?:pdf|docx?|docm|xlsx?|xlsm|pptx?|rtf|odt)$/;

/** LRO and RLO turn what follows around, whatever letters it has (Unicode Standard Annex 9). */
const OVERRIDE = /[\u202d\u202e]/u;
/** Embeddings and isolates order text in two directions: no reason for them in a name with one. */
const DIRECTED = /[\u202a-\u202c\u2066-\u2069]/u;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
/** Blanks, and what looks like one: fillers, the empty Braille pattern. */
const BLANK = String.raw`[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800\u3164\u115f\u1160\uffa0]`;
/** A run of them at the end, looked for once: not from each of its characters. */
const BLANKS_AT_END = new RegExp(`(?<!${BLANK})${BLANK}+$`, 'u');
/** Longer than any slip of the hand; before what is run, less is enough. */
const MANY = 8;
const MANY_BEFORE_PROGRAM = 3;
const FILLER = /[\u2800\u3164\u115f\u1160\uffa0]/u;
/** Looks like the dot before an ending, or like another end of the name. */
const DOT_ALIKE = /[\u2024\ufe52\uff0e\ua4f8](?:[a-z0-9]{2,4})(?:[^a-z0-9]|$)/iu;

/** How the name deceives; null when it does not. `name` is without folders; the time is linear in its length. */
export function deceptionOf(name: string, type: Pick<ContentType, 'mime' | 'by'>): Deception | null {
  return direction(name) ?? blanks(name) ?? lookAlike(name) ?? doubleExtension(name, type);
}

function direction(name: string): Deception | null {
  const character =
    OVERRIDE.exec(name)?.[0] ?? (RIGHT_TO_LEFT.test(name) ? undefined : DIRECTED.exec(name)?.[0]);
  if (character === undefined) return null;
  return {
    rule: 'right-to-left-name',
    detail: `the name holds ${codePoint(character)}, which turns a part of it around on the screen: what looks like its ending is not`,
    evidence: { character: codePoint(character), ending: endingOf(name) },
  };
}

function blanks(name: string): Deception | null {
  const dot = name.lastIndexOf('.');
  const ending = endingOf(name);
  const runs = RUNS.test(ending);
  const run = dot < 1 || ending === '' ? '' : (BLANKS_AT_END.exec(name.slice(0, dot))?.[0] ?? '');
  const enough = run.length >= (runs ? MANY_BEFORE_PROGRAM : MANY);
  const character = enough ? run[0] : runs ? FILLER.exec(name)?.[0] : undefined;
  if (character === undefined) return null;
  const shown = codePoint(character);
  return {
    rule: 'blanks-before-ending',
    detail: enough
      ? `${run.length} blanks (${shown}) push the real ending of the name out of sight`
      : `the name holds ${shown}, a character without ink, before an ending that is run`,
    evidence: { blanks: enough ? run.length : 1, character: shown, ending },
  };
}

/** Letters of another script that look like Latin ones, within an ending that is otherwise Latin. */
function lookAlike(name: string): Deception | null {
  const ending = endingOf(name);
  const foreign = /[\p{Script=Cyrillic}\p{Script=Greek}]/u.exec(ending)?.[0];
  const mixed = foreign !== undefined && /[a-z]/.test(ending);
  const dot = DOT_ALIKE.exec(name)?.[0][0];
  const character = mixed ? foreign : dot;
  if (character === undefined) return null;
  return {
    rule: 'look-alike-name',
    detail: mixed
      ? `the ending mixes ${codePoint(character)} with Latin letters that look the same`
      : `the name holds ${codePoint(character)}, which looks like the dot before an ending`,
    evidence: { character: codePoint(character), ending },
  };
}

/** `invoice.pdf.exe`. What is really a document (a PDF called `.pdf.exe`) contradicts its claim instead. */
function doubleExtension(name: string, { mime, by }: Pick<ContentType, 'mime' | 'by'>): Deception | null {
  const [last = '', before = '', ...rest] = asSeen(name).toLowerCase().split('.').toReversed();
  if (rest.join('') === '' || !RUNS.test(last) || by === 'empty') return null;
  const shown = before.replace(PADDING_AT_END, '').trim();
  if (!(ALSO_SOURCES.has(last) ? OFFICE : DOCUMENT).test(shown)) return null;
  return {
    rule: 'double-extension',
    detail: `the name is made to look like .${shown}, and ends in .${last}, which is run when it is opened; the content is ${mime}`,
    evidence: { looks_like: shown, ending: last, mime },
  };
}

/** `invoice.pdf______.exe`: where the name is cut short on the screen, it ends there. */
const PADDING_AT_END = /(?<![\s_-])[\s_-]+$/;
/** Windows leaves blanks and dots at the end of a name out. */
const LEFT_OUT_AT_END = /(?<![\s.])[\s.]+$/;

/** Without what has no ink, and compatible characters (full width, ligatures) as what they look like. */
function asSeen(name: string): string {
  return name
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC')
    .replace(LEFT_OUT_AT_END, '');
}

const MAX_ENDING = 16;

function endingOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot === -1 ? '' : name.slice(dot + 1, dot + 1 + MAX_ENDING).toLowerCase();
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
