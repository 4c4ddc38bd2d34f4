const FIRST_MS = 1000;
/** What a receiver may ask for with Retry-After. */
const LONGEST_ASKED_MS = 3_600_000;

/**
 * How long to wait after so many failures in a row: twice as long every time up to `most`, between half and all of it, so
 * that many services do not come back in step.
 */
export function backOffMs(failures: number, most: number, asked = 0, random = Math.random): number {
  const full = Math.min(most, FIRST_MS * 2 ** Math.min(failures - 1, 30));
  return Math.max(full * (0.5 + random() / 2), Math.min(asked, LONGEST_ASKED_MS));
}
