import { ByteReader } from '../byte-reader.ts';
import type { Format, FormatDoc } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';

/** Fewer bytes than this behind the end are no container: every archive has a longer header and content. */
const LEAST_BYTES = 16;

/**
 * A file that is no container but has an end of its own: viewers ignore what follows it, so that is where archives hide. Its
 * one member is what comes after.
 */
export function afterEnd(
  id: string,
  doc: FormatDoc,
  /**
   * Takes the bytes up to the file's own end. Where the structure breaks off earlier it stops there: what is no part of the
   * structure is examined like what comes behind it.
   */
  pass: (reader: ByteReader) => Promise<void>,
): Format {
  return {
    id,
    access: 'stream',
    partial: true,
    // Nothing is unpacked: what comes out was there.
    sparse: true,
    doc,
    async unpack({ stream }, sink) {
      const reader = new ByteReader(stream);
      await pass(reader);
      // Headers that make no sense: handing on all of it would go on for ever.
      if (reader.position === 0) return;
      if (!(await reader.skipZeros())) return;
      if ((await reader.peek(LEAST_BYTES)).length < LEAST_BYTES) return;
      await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
    },
  };
}
