/** Of one line, in bytes: a row of a collection has some hundreds. */
const MAX_LINE = 64 * 1024;
const NEWLINE = 0x0a;

/** The lines of a stream, without their ends; null in place of one that is too long. Bounded memory. */
export async function* linesOf(
  stream: AsyncIterable<Buffer>,
): AsyncGenerator<string | null, void, undefined> {
  let rest = Buffer.alloc(0);
  let tooLong = false;
  let first = true;
  for await (const chunk of stream) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (first && bytes.length >= 3) {
      first = false;
      if (bytes.subarray(0, 3).toString('latin1') === '\u00ef\u00bb\u00bf') bytes = bytes.subarray(3);
    }
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      yield tooLong || end - start > MAX_LINE ? null : text(bytes.subarray(start, end));
      tooLong = false;
      start = end + 1;
    }
    rest = Buffer.from(bytes.subarray(start));
    if (rest.length > MAX_LINE) {
      tooLong = true;
      rest = Buffer.alloc(0);
    }
  }
  if (tooLong) yield null;
  else if (rest.length > 0) yield text(rest);
}

function text(bytes: Buffer): string {
  const line = bytes.toString('utf8');
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
