/** What a yara-scanner takes in one piece, without the overlap. */
export const WINDOW_BYTES = 64 * 1024 * 1024;
/** What neighbouring windows share: a match up to this long is found wherever it lies. */
export const OVERLAP_BYTES = 1024 * 1024;

/** [start, end) of an artifact, of which the last `fresh` bytes were in no window before. */
export interface Window {
  readonly start: number;
  readonly end: number;
  readonly fresh: number;
}

/**
 * The windows of an artifact, in order: one if it fits. The last one is as long as the others, so that a rule for
 * small files does not take the end of a large one for such.
 */
export function* windowsOf(size: number): Generator<Window, void, undefined> {
  const length = WINDOW_BYTES + OVERLAP_BYTES;
  let seen = 0;
  do {
    const end = Math.min(size, seen === 0 ? length : seen + WINDOW_BYTES);
    yield { start: Math.max(0, end - length), end, fresh: end - seen };
    seen = end;
  } while (seen < size);
}
