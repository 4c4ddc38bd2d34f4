import { Damaged } from '../trouble.ts';
import { base64 } from './transfer.ts';

type Lines = AsyncIterable<Buffer>;

/** Lines up to `end` (POSIX uuencode, "Historical algorithm"). Throws Damaged when the lines end before. */
export async function* uuDecoded(lines: Lines): AsyncGenerator<Buffer, void, undefined> {
  let over = false;
  for await (const line of lines) {
    // A line of no bytes ends the data; some decoders go on to `end` all the same.
    if (over && !isUuLine(line)) return;
    over ||= line.length <= 2 && (line[0] === 0x60 || line[0] === 0x20);
    if (/^end\s*$/.test(line.toString('latin1', 0, 16))) return;
    const bytes = uuLine(line);
    if (bytes.length > 0) yield bytes;
  }
  if (!over) throw new Damaged('uuencoded data without their end');
}

/** Whether a line can be one of uuencoded data: its length fits its first character. */
export function isUuLine(line: Buffer): boolean {
  const first = line[0] ?? 0;
  if (first < 0x20 || first > 0x60) return false;
  const wanted = Math.ceil(((first - 0x20) & 63) / 3) * 4;
  // Blanks at the end get lost; some programs put a check character there.
  return line.length - 1 >= wanted - 3 && line.length - 1 <= wanted + 4;
}

function uuLine(line: Buffer): Buffer {
  const length = ((line[0] ?? 0x20) - 0x20) & 63;
  const out = Buffer.alloc(Math.ceil(length / 3) * 3);
  for (let group = 0, at = 1; group < out.length; group += 3, at += 4) {
    const [a, b, c, d] = [six(line, at), six(line, at + 1), six(line, at + 2), six(line, at + 3)];
    out[group] = (a << 2) | (b >> 4);
    out[group + 1] = (b << 4) | (c >> 2);
    out[group + 2] = (c << 6) | d;
  }
  return out.subarray(0, length);
}

function six(line: Buffer, at: number): number {
  return ((line[at] ?? 0x20) - 0x20) & 63;
}

/** Lines up to `====` (POSIX uuencode, "Base64 algorithm"). */
export function uuBase64(lines: Lines): AsyncGenerator<Buffer, void, undefined> {
  return base64(untilEquals(lines));
}

async function* untilEquals(lines: Lines): AsyncGenerator<Buffer, void, undefined> {
  for await (const line of lines) {
    if (line.toString('latin1', 0, 4) === '====') return;
    yield line;
  }
  throw new Damaged('uuencoded data without their end');
}
