import { HASH_BYTES } from './record.ts';

/** What follows the hash on a line. */
export interface Words {
  readonly name: string;
  readonly source: string;
}

const NONE: Words = { name: '', source: '' };

/** Of each character what it counts as a hexadecimal digit; 255: none. */
const DIGITS = new Uint8Array(256).fill(255);
for (const [value, digit] of Array.from('0123456789abcdef').entries()) {
  DIGITS[digit.charCodeAt(0)] = value;
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

const COMMA = 0x2c;
const HASH_SIGN = 0x23;
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;
/** Digits of the sums that people have lists of. */
const OTHER_SUMS: Readonly<Record<number, string>> = {
  32: 'an MD5',
  40: 'a SHA-1',
  96: 'a SHA-384',
  128: 'a SHA-512',
};
const EXPECTED = 'expected a SHA-256 (64 hexadecimal digits), or SHA-256,name,source';

/**
 * Reads the line in `bytes` from `start` to `end` (without its end), and writes its hash to `into` at `at`. null: it is empty
 * or a comment. A string: what is wrong with it.
 */
export function readLine(
  bytes: Buffer,
  start: number,
  end: number,
  into: Buffer,
  at: number,
): Words | string | null {
  let first = start;
  let last = end;
  while (first < last && isBlank(bytes[first] ?? 0)) first++;
  while (last > first && isBlank(bytes[last - 1] ?? 0)) last--;
  if (first === last || bytes[first] === HASH_SIGN) return null;
  const after = first + 2 * HASH_BYTES;
  for (let digit = first, to = at; digit < after; digit += 2, to++) {
    const high = digit + 1 < last ? (DIGITS[bytes[digit] ?? 0] ?? 255) : 255;
    const low = DIGITS[bytes[digit + 1] ?? 0] ?? 255;
    if (high === 255 || low === 255) return complaint(bytes, first, last);
    into[to] = (high << 4) | low;
  }
  if (after === last) return NONE;
  if (bytes[after] !== COMMA) return complaint(bytes, first, last);
  const [name = '', source = ''] = fields(bytes.toString('utf8', after + 1, last));
  return { name, source };
}

function complaint(bytes: Buffer, first: number, last: number): string {
  let end = first;
  while (end < last && DIGITS[bytes[end] ?? 0] !== 255) end++;
  const other = OTHER_SUMS[end - first];
  if (other !== undefined) return `${EXPECTED}; this is ${other}`;
  const isSum = end - first === 2 * HASH_BYTES;
  return isSum ? `${EXPECTED}; \`backuplens hashes import\` reads other formats` : EXPECTED;
}

/** As RFC 4180 has it, of one line: a field in quotes may hold commas, and quotes twice. */
export function fields(text: string): string[] {
  if (!text.includes('"')) return text.split(',').map((field) => field.trim());
  const found: string[] = [];
  for (let at = 0; at <= text.length;) {
    while (text[at] === ' ' || text[at] === '\t') at++;
    if (text[at] !== '"') {
      const comma = text.indexOf(',', at);
      const end = comma === -1 ? text.length : comma;
      found.push(text.slice(at, end).trim());
      at = end + 1;
      continue;
    }
    let value = '';
    for (at++; at < text.length; at++) {
      if (text[at] !== '"') value += text[at];
      else if (text[at + 1] === '"') value += text[at++];
      else break;
    }
    found.push(value);
    const comma = text.indexOf(',', at + 1);
    at = comma === -1 ? text.length + 1 : comma + 1;
  }
  return found;
}
