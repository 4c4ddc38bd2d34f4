/*
 * One question at a time crosses shared memory: [state, length, bytes...]. The asker waits on `state`; the answer
 * is the MIME type in ASCII, in the same bytes.
 */
export const STATE = 0;
export const LENGTH = 1;
/** Words before the bytes. */
const HEADER_WORDS = 2;

export const IDLE = 0;
export const ASKED = 1;
export const ANSWERED = 2;
export const FAILED = 3;

/** What libmagic gets to see: nearly all of its tests look at the first few KiB. */
export const MAGIC_BYTES = 64 * 1024;

export interface SharedQuestion {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

export function sharedQuestion(memory: SharedArrayBuffer): SharedQuestion {
  return {
    words: new Int32Array(memory, 0, HEADER_WORDS),
    bytes: new Uint8Array(memory, HEADER_WORDS * 4),
  };
}

export const SHARED_BYTES = HEADER_WORDS * 4 + MAGIC_BYTES;
