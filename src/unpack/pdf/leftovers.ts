import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import { ByteReader } from '../byte-reader.ts';
import type { FormatSink } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';

const MAX_LINE = 256;
/** What stands between objects: cross-reference tables (ISO 32000-1, 7.5.4), end marks, comments. */
const PLAIN =
  /^[\0\s]*(?:xref|startxref|endobj|endstream|\d{1,10}(?:[ \t]+\d{1,5}(?:[ \t]*[nf])?)?[ \t]*|%.{0,255})?[\0\s]*$/;

/** Hands on what lies in no object and is neither table nor comment. */
export async function handOnLeftovers(
  ledger: ByteLedger,
  source: ByteSource,
  sink: FormatSink,
  signal: AbortSignal,
): Promise<void> {
  for (const { start, end } of ledger.unclaimed()) {
    signal.throwIfAborted();
    const reader = new ByteReader(source.stream(start, end));
    const from = start + (await plainLength(reader, signal));
    if (from >= end) continue;
    await sink.member({
      name: nameOf(from, end, source.size),
      size: end - from,
      content: source.stream(from, end),
    });
  }
}

function nameOf(from: number, end: number, size: number): string {
  if (end === size) return AFTER_THE_END;
  return from === 0 ? '(data before the document)' : `(bytes ${from}-${end - 1}, in no object)`;
}

/** How many bytes from the beginning are lines of a known kind. */
async function plainLength(reader: ByteReader, signal: AbortSignal): Promise<number> {
  for (let length = 0; ;) {
    signal.throwIfAborted();
    const ahead = await reader.peek(MAX_LINE);
    if (ahead.length === 0) return length;
    const line = ahead.subarray(0, lineLength(ahead));
    if (!PLAIN.test(line.toString('latin1'))) return length;
    length += await reader.skip(line.length);
  }
}

/** With its line end; a line that does not end in sight is taken up to there. */
function lineLength(ahead: Buffer): number {
  for (let at = 0; at < ahead.length; at++) if (ahead[at] === 10 || ahead[at] === 13) return at + 1;
  return ahead.length;
}
