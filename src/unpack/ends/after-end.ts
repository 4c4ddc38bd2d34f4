import { ByteReader } from '../byte-reader.ts';
import type { FormatDoc, Unpacker } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import { Damaged } from '../trouble.ts';

/** Fewer bytes than this behind the end are no container: every archive has a longer header and content. */
const LEAST_BYTES = 16;

/**
 * A file that is no container but has an end of its own: viewers ignore what follows it, so that is where archives hide. Its
 * one member is what comes after.
 */
export function afterEnd(
  doc: FormatDoc,
  /**
   * Takes the bytes up to the file's own end. Where the structure breaks off earlier it stops there: what is no part of the
   * structure is examined like what comes behind it.
   */
  pass: (reader: ByteReader) => Promise<void>,
): Unpacker {
  return {
    doc,
    async unpack({ stream }, sink) {
      const reader = new ByteReader(stream);
      await pass(reader);
      // Handing on all of it would go on for ever.
      if (reader.position === 0) throw new Damaged('its headers do not say where it ends');
      if (!(await reader.skipZeros())) return;
      if ((await reader.peek(LEAST_BYTES)).length < LEAST_BYTES) return;
      await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
    },
  };
}

/**
 * Passes over a part whose size a header gives. Throws Damaged when it is not all there: it is cut off, or the size is a lie
 * that covers what stands behind the true end. The last `padding` bytes may be missing.
 */
export async function passWhole(reader: ByteReader, size: number, padding = 0): Promise<void> {
  const there = await reader.skip(size);
  if (there < size - padding)
    throw new Damaged(`its headers announce ${size - there} more bytes than there are`);
}
