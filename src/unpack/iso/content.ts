import { sliceOf, type ByteSource } from '../../bytes/index.ts';
import type { Extent } from './record.ts';

/** What is smaller is not worth a source of its own. */
const MIN_SLICE_BYTES = 64 * 1024;

/** A file in one piece can be read at any place, where it lies: none that is larger is written out for that. */
export function sliceFor(source: ByteSource, extents: readonly Extent[]): { readonly source?: ByteSource } {
  const [extent] = extents;
  if (extent === undefined || extents.length > 1 || extent.length < MIN_SLICE_BYTES) return {};
  return { source: sliceOf(source, extent.start, extent.start + extent.length) };
}

/** The bytes of these extents in order, as far as they lie within the image. */
export async function* contentOf(
  source: ByteSource,
  extents: readonly Extent[],
): AsyncGenerator<Buffer, void, undefined> {
  for (const { start, length } of extents) {
    if (start < source.size) yield* source.stream(start, Math.min(start + length, source.size));
  }
}
