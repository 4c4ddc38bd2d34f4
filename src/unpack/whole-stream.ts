import type { ByteReader } from './byte-reader.ts';
import type { FormatSink, UnpackContext } from './format.ts';
import { AFTER_THE_END } from './inner-name.ts';
import { OverBudget } from './trouble.ts';

/** One member made of a whole stream. */
export interface WholeStream {
  readonly name: string;
  readonly content: AsyncGenerator<Buffer, void, undefined>;
  /** Stands where the compressed data end once `content` has ended. */
  readonly reader: ByteReader;
  /** Runs once the end is reached, before what follows it is handed on. */
  readonly between?: () => Promise<void>;
}

/**
 * Hands on a compressed stream as one member, decodes what the examiner left of it (only so is known where it ends),
 * and hands on what follows its end, zero bytes apart. Throws OverBudget when the member is larger than one may be.
 */
export async function wholeStream(
  { name, content, reader, between }: WholeStream,
  sink: FormatSink,
  { budget }: Pick<UnpackContext, 'budget'>,
): Promise<void> {
  const most = budget.limits.max_member_bytes ?? Infinity;
  let size = 0;
  const next = async (): Promise<IteratorResult<Buffer, void>> => {
    const step = await content.next();
    if (step.done !== true) size += step.value.length;
    return step;
  };
  try {
    // Without `return`: leaving the loop must not end the decoder.
    const left = { [Symbol.asyncIterator]: () => ({ next }) };
    await sink.member({ name, size: null, content: left });
    if (size <= most) while ((await next()).done !== true) if (size > most) break;
    if (size > most) {
      throw new OverBudget(`what follows its ${most}th byte was not decoded: one member may have no more`);
    }
  } finally {
    await content.return();
  }
  await between?.();
  if (await reader.skipZeros())
    await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
}
