/**
 * Gives the memory of pieces back at once that nobody looks at any more. Left to the collector, 64 MiB of bodies set off
 * a collection of the whole heap, and those took more than half of what a megabyte costs here. Whatever shares its
 * memory with others is left alone.
 */
export function giveBack(pieces: readonly Buffer[]): void {
  for (const { buffer, length } of pieces) {
    if (length >= LEAST_BYTES && buffer instanceof ArrayBuffer && buffer.byteLength === length) {
      buffer.transfer(0);
    }
  }
}

/** Below, letting go costs more than it gives; Node's own pool hands out pieces of up to half of 8 KiB. */
const LEAST_BYTES = 8 * 1024;
