import { isUtf8 } from 'node:buffer';

/**
 * A text as somebody reads it, for comparing: decoded, without mark-up, in lower case, without accents, each run of
 * blanks one blank. Takes time in proportion to its length, whatever it holds.
 */
export function plainText(bytes: Buffer, mime: string): string {
  const text = decoded(bytes);
  const isRtf = mime === 'application/rtf' || text.startsWith('{\\rtf');
  const isMarkup = /html|xml|hta/.test(mime) || /<(?:html|body|hta:|head|script|div|p|br)\b/i.test(text);
  return comparable(isRtf ? withoutRtf(text) : isMarkup ? withoutTags(text) : text);
}

function decoded(bytes: Buffer): string {
  const [first = 0, second = 0] = bytes;
  if (first === 0xff && second === 0xfe) return bytes.toString('utf16le', 2);
  if (first === 0xfe && second === 0xff) return swapped(bytes.subarray(2));
  if (bytes.includes(0)) return evenZeros(bytes) ? swapped(bytes) : bytes.toString('utf16le');
  if (isUtf8(bytes) || isUtf8(bytes.subarray(0, -3))) return bytes.toString('utf8').replace(/^\ufeff/, '');
  return eightBit(bytes);
}

/** UTF-16 in the other order; a byte too many is left out. */
function swapped(bytes: Buffer): string {
  return Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString('utf16le');
}

/** Latin text in UTF-16: which of the two bytes is zero tells the order. */
function evenZeros(bytes: Buffer): boolean {
  let even = 0;
  let odd = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    if (bytes[at] === 0) even++;
    if (bytes[at + 1] === 0) odd++;
  }
  return even > odd;
}

/** Windows-1251 where most letters are in its alphabet, GB 18030 where they go in pairs, else Windows-1252. */
function eightBit(bytes: Buffer): string {
  const high = bytes.filter((byte) => byte >= 0x80).length;
  if (high < bytes.length * MOSTLY_FOREIGN) return new TextDecoder('windows-1252').decode(bytes);
  const chinese = new TextDecoder('gb18030').decode(bytes);
  const ideographs = (chinese.match(/\p{Script=Han}/gu) ?? []).length;
  const russian = new TextDecoder('windows-1251').decode(bytes);
  const stems = (russian.toLowerCase().match(/файл|данны|ваш|для|или/g) ?? []).length;
  return stems > 2 || ideographs * 2 < high * MOSTLY_PAIRS ? russian : chinese;
}

const MOSTLY_FOREIGN = 0.2;
const MOSTLY_PAIRS = 0.8;

function withoutTags(text: string): string {
  return text
    .replace(/<(script|style)\b[^>]*>[^<]*(?:<(?!\/\1)[^<]*)*<\/\1\s*>/gi, ' ')
    .replace(/<!--[^-]*(?:-(?!->)[^-]*)*-->/g, '')
    .replace(/<(\/?[a-z0-9]{1,10})?[^<>]{0,2000}>/gi, (_all, tag: string | undefined) =>
      tag !== undefined && WITHIN_WORDS.test(tag) ? '' : ' ',
    )
    .replace(
      /&#(?:x([0-9a-f]{1,6})|(\d{1,7}));?/gi,
      (_all, hex: string | undefined, decimal: string | undefined) =>
        character(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)),
    )
    .replace(/&(?:shy|zwj|zwnj|ZeroWidthSpace|NoBreak|lrm|rlm);/g, '')
    .replace(/&(amp|lt|gt|quot|apos|nbsp);/gi, (_all, name: string) => ENTITIES[name.toLowerCase()] ?? ' ');
}

/** What is shown with nothing between it and the letters around it (HTML, phrasing content). */
const WITHIN_WORDS =
  /^\/?(?:a|abbr|b|bdi|bdo|big|cite|code|em|font|i|ins|kbd|mark|s|samp|small|span|strong|sub|sup|tt|u|wbr)$/i;

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

function character(code: number): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
}

/** What is left of RTF: its text, with hexadecimal characters in the code page that it names (Russian or Western). */
function withoutRtf(text: string): string {
  const decoder = new TextDecoder(/\\ansicpg1251|\\fcharset204/.test(text) ? 'windows-1251' : 'windows-1252');
  return text
    .replace(/\{\\\*[^{}]{0,2000}\}/g, '')
    .replace(/\\u(-?\d{1,6})\s?\??/g, (_all, code: string) => character((Number(code) + 65536) % 65536))
    .replace(/(?:\\'[0-9a-f]{2})+/gi, (run) => decoder.decode(Buffer.from(run.replaceAll("\\'", ''), 'hex')))
    .replace(/\\(?:par|line|tab|cell|row)\b/g, ' ')
    .replace(/\\[a-z]{1,32}-?\d{0,10} ?/gi, '')
    .replace(/[{}]|\\[^a-z]/gi, ' ');
}

/** Letters only as they look alike to a reader: no capitals, accents, ligatures, or characters without ink. */
function comparable(text: string): string {
  const letters = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, '');
  return inOneScript(letters)
    .replace(/[\u2018\u2019\u02bc\u0060\u00b4]/g, "'")
    .replace(/[\s_*]+/g, ' ');
}

/** Letters that look like Latin ones: Cyrillic and Greek, and small capitals of the phonetic alphabet (Unicode, confusables). */
const LOOK_ALIKE: ReadonlyMap<string, string> = new Map(
  [
    ['аеорсухіјѕһԁԛԝвнкмтɡ', 'aeopcyxijshdqwbhkmtg'],
    ['αερονικτυχ', 'aepoviktux'],
    ['ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢғ', 'abcdefghijklmnoprstuvwyzf'],
  ].flatMap(([from = '', to = '']) => Array.from(from, (letter, at) => [letter, to.charAt(at)] as const)),
);
const LOOKS_ALIKE = new RegExp(`[${[...LOOK_ALIKE.keys()].join('')}]`, 'gu');
/** Slips of the keyboard are fewer. */
const MANY_MIXED = 3;
const MIXED = /[a-z][\p{Script=Cyrillic}\p{Script=Greek}]|[\p{Script=Cyrillic}\p{Script=Greek}][a-z]|[ᴀ-ᴢ]/gu;

/** Words of letters of several scripts, in a text that is mostly Latin: it is read as if all of it were. */
function inOneScript(text: string): string {
  const count = (of: RegExp): number => text.match(of)?.length ?? 0;
  if (count(MIXED) < MANY_MIXED) return text;
  if (count(/\p{Script=Latin}/gu) < count(/[\p{Script=Cyrillic}\p{Script=Greek}]/gu)) return text;
  return text.replace(LOOKS_ALIKE, (letter) => LOOK_ALIKE.get(letter) ?? letter);
}
