import type { ExtentMap } from '../../bytes/index.ts';

/** What crosses between the main thread and a 7-Zip thread. Bytes go in chunks with credit; nothing piles up. */

/** Int32 cells of the shared control block. */
export const CELL = {
  /** Messages that the main thread has taken; the thread waits when it is `WINDOW` ahead. */
  taken: 0,
  /** Slots of the input ring that are filled, and those that are read. */
  filled: 1,
  drained: 2,
  /** 1: nothing more comes into the input ring. */
  inputEnded: 3,
  /** Number of the member that nobody wants to see any more of, plus one. */
  unwanted: 4,
  /** First of the cells with the lengths of the ring's slots. */
  lengths: 8,
} as const;

/** One message to the main thread carries at most this many bytes; WINDOW of them may be under way: 2 MiB. */
export const CHUNK_BYTES = 128 * 1024;
export const WINDOW = 16;

/** The input ring: 4 slots of 256 KiB. */
export const SLOTS = 4;
export const SLOT_BYTES = 256 * 1024;

export const CONTROL_CELLS = CELL.lengths + SLOTS;

/** Where the archive's bytes are. The descriptor stays the main thread's. */
export type Input =
  | { readonly kind: 'file'; readonly fd: number; readonly size: number }
  | { readonly kind: 'memory'; readonly bytes: Uint8Array }
  | { readonly kind: 'joined'; readonly parts: readonly Input[] }
  /** Several archives that are one, each under the name that leads to the next. */
  | { readonly kind: 'volumes'; readonly names: readonly string[]; readonly parts: readonly Input[] }
  | { readonly kind: 'mapped'; readonly base: Input; readonly map: ExtentMap }
  | { readonly kind: 'ring'; readonly slots: SharedArrayBuffer };

export interface Job {
  /**
   * `list`: what is in it. `extract`: every member, as messages. `prove`: as extract, but nothing is handed on; ends
   * when the file with the number `provenBy` came out whole.
   */
  readonly task: 'list' | 'extract' | 'prove';
  /** 7-Zip's name of the format; null: let it find out, and open what is inside a disk image in one step. */
  readonly type: string | null;
  readonly password: string | null;
  readonly provenBy: number;
  /** `prove`: this many bytes of that file without complaint are proof too. */
  readonly enough: number;
  readonly input: Input;
  readonly control: SharedArrayBuffer;
  /** Ceiling of the program's memory, in bytes. */
  readonly memoryBytes: number;
}

/** What a thread is started with. */
export interface ThreadData {
  readonly program: WebAssembly.Module;
}

/** What 7-Zip says of an archive before anything is unpacked. */
export interface Listing {
  /** Everything but folders. Entries are numbered in the order of the list. */
  entries: number;
  encrypted: {
    count: number;
    bytes: number;
    /** At most 100. */
    readonly names: string[];
    /** Number of the first one that has content; -1 without. */
    first: number;
    /** How that one is packed, in 7-Zip's words; empty when it does not say. */
    method: string;
  };
  /** Number of an entry to its name, where unpacking would clean the name: at most 10,000. */
  readonly rawNames: Map<number, string>;
  /** Entries that are listed as folders and hold something all the same. */
  readonly hidden: { count: number; bytes: number };
  /** Bytes of the file after the archive's end. */
  tail: number;
  /** Bytes after the end of what is inside, where several formats were opened in one step. */
  innerTail: number;
}

export interface Ending {
  readonly kind: 'end';
  /** How the program died, when it did (a trap of its own, not a complaint about the archive). */
  readonly died: string | null;
  /** 7-Zip's exit code: 0 fine, 1 warnings, 2 errors, 8 memory. null: it gave up, `errors` says how. */
  readonly code: number | null;
  /** What it complained of: bounded in number and length. */
  readonly errors: readonly string[];
  /** It only complained of what is dealt with elsewhere: its code means nothing. */
  readonly harmless: boolean;
  /** The memory ceiling was hit. */
  readonly starved: boolean;
  /** Members and links that came out. */
  readonly entries: number;
  /** Members of which nothing came out for want of a password. */
  readonly refused: number;
  /** `prove`: the file came out whole. */
  readonly proven: boolean;
  readonly listing: Listing | null;
}

export type Message =
  | {
      /** A piece of the member that is entry `number`; the first one brings the name, `last` closes it. */
      readonly kind: 'piece';
      readonly number: number;
      readonly name: Uint8Array | null;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly last: boolean;
    }
  | {
      readonly kind: 'link';
      readonly how: 'symbolic' | 'hard';
      readonly name: Uint8Array;
      readonly target: Uint8Array;
    }
  | Ending;
