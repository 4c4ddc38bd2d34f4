/** How many bytes a unit of the text has, and which of them comes first. */
export type Wide = 'utf-16le' | 'utf-16be' | 'utf-32le' | 'utf-32be';

/** Of Latin text without a mark, so many of every other byte are zero; as identify/text.ts has it. */
const ZERO_SHARE = 0.7;
/** Of text in four bytes a character: of the last bytes, those of U+0100, U+0200 … */
const FEW_ZEROS = 0.05;
const LAST_CODE_POINT = 0x10_ffff;

/** How the text that begins so is written, where that is in more than one byte a character; null: in bytes. */
export function wideOf(head: Buffer): Wide | null {
  if (head.length < 4) return null;
  if (head.readUInt32LE(0) === 0xfeff) return 'utf-32le';
  if (head.readUInt32BE(0) === 0xfeff) return 'utf-32be';
  const mark = head.readUInt16LE(0);
  if (mark === 0xfeff) return 'utf-16le';
  if (mark === 0xfffe) return 'utf-16be';
  const zeros = [0, 0, 0, 0];
  for (let at = 0; at < head.length; at++) if (head[at] === 0) zeros[at & 3] = (zeros[at & 3] ?? 0) + 1;
  const [first = 0, second = 0, third = 0, fourth = 0] = zeros;
  const units = head.length >> 2;
  // In two bytes a character, one of the middle ones is zero, too; never both.
  const least = units * ZERO_SHARE;
  if (fourth >= units && third > least && first < units * FEW_ZEROS) return 'utf-32le';
  if (first >= units && second > least && fourth < units * FEW_ZEROS) return 'utf-32be';
  const even = first + third;
  const odd = second + fourth;
  const enough = (head.length / 2) * ZERO_SHARE;
  if (even === 0 && odd > enough) return 'utf-16le';
  return odd === 0 && even > enough ? 'utf-16be' : null;
}

/** The same text in UTF-8. What is no character becomes U+FFFD. */
export async function* asUtf8(
  stream: AsyncIterable<Buffer>,
  wide: Wide,
): AsyncGenerator<Buffer, void, undefined> {
  if (wide === 'utf-32le' || wide === 'utf-32be') yield* fromUtf32(stream, wide === 'utf-32le');
  else {
    const decoder = new TextDecoder(wide);
    for await (const chunk of stream) yield Buffer.from(decoder.decode(chunk, { stream: true }));
    yield Buffer.from(decoder.decode());
  }
}

async function* fromUtf32(
  stream: AsyncIterable<Buffer>,
  littleEndian: boolean,
): AsyncGenerator<Buffer, void, undefined> {
  let held = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = Buffer.concat([held, chunk]);
    const whole = bytes.length & ~3;
    let text = '';
    for (let at = 0; at < whole; at += 4) {
      const point = littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
      if (point !== 0xfeff) text += point <= LAST_CODE_POINT ? String.fromCodePoint(point) : '\ufffd';
    }
    held = bytes.subarray(whole);
    yield Buffer.from(text);
  }
}
