import type { ByteReader } from './byte-reader.ts';
import type { FormatSink } from './format.ts';
import { AFTER_THE_END } from './inner-name.ts';

/**
 * Hands on a compressed stream as one member, decodes what the examiner left of it (only so is known where it ends),
 * and hands on what follows its end, zero bytes apart. `between` runs before that.
 */
export async function wholeStream(
  sink: FormatSink,
  name: string,
  content: AsyncGenerator<Buffer, void, undefined>,
  reader: ByteReader,
  between: () => Promise<void> = async () => {},
): Promise<void> {
  try {
    // Without `return`: leaving the loop must not end the decoder.
    const left = { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) };
    await sink.member({ name, size: null, content: left });
    for await (const _ of content);
  } finally {
    await content.return();
  }
  await between();
  if (await reader.skipZeros())
    await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
}
