import { chiSquare } from '../profile/chi-square.ts';
import { ENCODED_DEVIATIONS, LEAST_ENCODED_CHARS } from '../thresholds.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGITS = '0123456789';
/** RFC 4648, tables 1, 2, 3 and section 8; and what xxd, Wireshark and OpenSSL put between hexadecimal digits. */
const ALPHABETS: readonly (readonly [name: string, symbols: string, beside: string])[] = [
  ['hexadecimal digits', `${DIGITS}abcdef`, '\r\n :'],
  ['hexadecimal digits', `${DIGITS}ABCDEF`, '\r\n :'],
  ['base32', `${LETTERS}234567`, '=\r\n'],
  ['base64', `${LETTERS}${LETTERS.toLowerCase()}${DIGITS}+/`, '=\r\n'],
  ['base64 for addresses', `${LETTERS}${LETTERS.toLowerCase()}${DIGITS}-_`, '=\r\n'],
];

/**
 * A check sum alone on its line, MD5 to SHA-512: a list of them is as uniform as a cipher. In base64 it ends in `=`, as no line in the
 * midst of anything longer does; that of SHA-384 does not, and is as long as each line that OpenSSL and PEM (RFC 7468) write.
 */
const SUM =
  /^(?:[\da-f]{32}|[\da-f]{40}|[\da-f]{48}|[\da-f]{56}|[\da-f]{64}|[\da-f]{96}|[\da-f]{128}|(?=\S*=$)(?:\S{24}|\S{28}|\S{40}|\S{44}|\S{88}))$/i;
/** What compressed files and pictures begin with, once decoded: then it is no cipher's output. */
const MAGIC =
  // oxlint-disable-next-line no-control-regex
  /^(?:\x1f\x8b|PK|BZh|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd|\x89PNG|\xff\xd8\xff|GIF8|RIFF|%PDF|\0asm|wOF|OTTO|\0\x01\0\0|OggS|ID3|\x30\x82)/;
/** Characters of the beginning that are decoded, and lines that are measured. */
const SAMPLE = 4096;
/** What a text in UTF-16 (as PowerShell writes) consists of beside its digits. */
const WIDE = '\0\xff\xfe';

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
  const isWide = (counts[0] ?? 0) >= (bytes >> 1) - 1;
  for (const [as, symbols, plain] of ALPHABETS) {
    const beside = isWide ? plain + WIDE : plain;
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
    const sample = textOf(head);
    if (isListOfSums(sample) || MAGIC.test(decoded(sample, as))) return null;
    return { as, symbols: symbols.length, chi };
  }
  return null;
}

function textOf(head: Buffer): string {
  return head.toString('latin1', 0, SAMPLE).replaceAll(/[\0\xff\xfe]/g, '');
}

function isListOfSums(sample: string): boolean {
  const lines = sample.split(/\r?\n/).slice(0, -1);
  return lines.length > 3 && lines.every((line) => SUM.test(line));
}

function decoded(sample: string, as: string): string {
  const digits = sample.replaceAll(/[\s:]/g, '');
  const encoding = as.startsWith('hex') ? 'hex' : 'base64';
  return Buffer.from(digits, encoding).toString('latin1', 0, 16);
}
