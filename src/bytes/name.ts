import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';

/** CONTRACTS 2: names of 1 KB, then a hash. */
export const MAX_NAME_BYTES = 1024;
const KEPT_BYTES = 960;

/**
 * A file or member name as text, from its bytes. Different bytes always give different text: what is not UTF-8
 * is written `\xE9`, and a backslash that would read like that becomes `\x5C`. Longer than 1 KiB, the rest is
 * replaced by a hash of the whole. Control characters stay as they are: whoever prints escapes (report/escape.ts).
 */
export function nameFromBytes(raw: Uint8Array): string {
  if (raw.length <= MAX_NAME_BYTES) return decode(raw);
  const hash = createHash('sha256').update(raw).digest('hex').slice(0, 16);
  return `${decode(raw.subarray(0, KEPT_BYTES))}…[${raw.length} bytes, sha256 ${hash}]`;
}

/** How a name ends of which only the beginning is kept. */
const CUT = /…\[\d+ bytes, sha256 [0-9a-f]{16}\]$/u;

/** The bytes that `nameFromBytes` made this text of; null where it did not keep all of them. */
export function bytesFromName(text: string): Buffer | null {
  if (text.length >= KEPT_BYTES / 4 && CUT.test(text)) return null;
  const parts = text.split(/\\x([0-9A-F]{2})/);
  return Buffer.concat(parts.map((part, at) => Buffer.from(part, at % 2 === 0 ? 'utf8' : 'hex')));
}

function decode(raw: Uint8Array): string {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  if (isUtf8(bytes)) return bytes.toString('utf8').replace(/\\(?=x[0-9A-F]{2})/g, '\\x5C');
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length > 0) text += bytes.toString('utf8', at, at + length).replace('\\', '\\x5C');
    else text += `\\x${bytes.readUInt8(at).toString(16).toUpperCase().padStart(2, '0')}`;
    at += Math.max(1, length);
  }
  return text;
}

/** Length of the valid UTF-8 sequence at `at`, 0 if there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}
