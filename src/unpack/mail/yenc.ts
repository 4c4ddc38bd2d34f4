import { Damaged } from '../trouble.ts';

const ESCAPE = 0x3d;

/** Lines up to `=yend` (yEnc 1.3). Throws Damaged when the lines end before. */
export async function* yencDecoded(lines: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  for await (const line of lines) {
    const word = line[0] === ESCAPE && line[1] === 0x79 ? line.toString('latin1', 0, 6) : '';
    if (word.startsWith('=yend')) return;
    if (word.startsWith('=ypart')) continue;
    const out = Buffer.allocUnsafe(line.length);
    let length = 0;
    for (let at = 0; at < line.length; at++) {
      const byte = line[at] ?? 0;
      if (byte === ESCAPE) out[length++] = ((line[++at] ?? 0) - 64 - 42) & 0xff;
      else out[length++] = (byte - 42) & 0xff;
    }
    if (length > 0) yield out.subarray(0, length);
  }
  throw new Damaged('yEnc data without their end');
}
