import { chiSquare } from '../profile/chi-square.ts';
import { ENCODED_DEVIATIONS, LEAST_ENCODED_CHARS } from '../thresholds.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGITS = '0123456789';
/** RFC 4648, tables 1, 2, 3 and section 8. */
const ALPHABETS: readonly (readonly [name: string, symbols: string, beside: string])[] = [
  ['hexadecimal digits', `${DIGITS}abcdef`, '\r\n '],
  ['hexadecimal digits', `${DIGITS}ABCDEF`, '\r\n '],
  ['base32', `${LETTERS}234567`, '=\r\n'],
  ['base64', `${LETTERS}${LETTERS.toLowerCase()}${DIGITS}+/`, '=\r\n'],
  ['base64 for addresses', `${LETTERS}${LETTERS.toLowerCase()}${DIGITS}-_`, '=\r\n'],
];

/** Lengths of check sums in digits: a list of them, one a line, is as uniform as a cipher. MD5 to SHA-512, and their base64. */
const SUM_LENGTHS: ReadonlySet<number> = new Set([24, 28, 32, 40, 44, 48, 56, 64, 88, 96, 128]);
/** What compressed files and pictures begin with, once decoded: then it is no cipher's output. */
const MAGIC =
  // oxlint-disable-next-line no-control-regex
  /^(?:\x1f\x8b|PK|BZh|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd|\x89PNG|\xff\xd8\xff|GIF8|RIFF|%PDF|\0asm|wOF|OTTO|\0\x01\0\0|OggS|ID3|\x30\x82)/;
/** Characters of the beginning that are decoded, and lines that are measured. */
const SAMPLE = 4096;

export interface Encoded {
  readonly as: string;
  readonly symbols: number;
  readonly chi: number;
}

/**
 * Content that is nothing but the digits of an encoding, with all of them equally often: a cipher's output written as text.
 * What is compressed has a known beginning or is less even.
 */
export function encodedNoise(counts: Float64Array, bytes: number, head: Buffer): Encoded | null {
  if (bytes < LEAST_ENCODED_CHARS) return null;
  for (const [as, symbols, beside] of ALPHABETS) {
    const ofSymbols = Float64Array.from(symbols, (symbol) => counts[symbol.charCodeAt(0)] ?? 0);
    const total = ofSymbols.reduce((sum, count) => sum + count, 0);
    const others = Array.from(beside, (other) => counts[other.charCodeAt(0)] ?? 0).reduce(
      (sum, count) => sum + count,
      0,
    );
    if (total + others !== bytes || total < LEAST_ENCODED_CHARS) continue;
    const chi = chiSquare(ofSymbols, total);
    const mean = symbols.length - 1;
    if (Math.abs(chi - mean) > ENCODED_DEVIATIONS * Math.sqrt(2 * mean)) continue;
    if (isListOfSums(head) || MAGIC.test(decoded(head, as))) return null;
    return { as, symbols: symbols.length, chi };
  }
  return null;
}

function isListOfSums(head: Buffer): boolean {
  const lines = head.toString('latin1', 0, SAMPLE).split(/\r?\n/).slice(0, -1);
  return lines.length > 3 && lines.every((line) => SUM_LENGTHS.has(line.length));
}

function decoded(head: Buffer, as: string): string {
  const text = head.toString('latin1', 0, SAMPLE).replaceAll(/\s/g, '');
  const encoding = as.startsWith('hex') ? 'hex' : 'base64';
  return Buffer.from(text, encoding).toString('latin1', 0, 16);
}
