import type { Archive } from './archive.ts';
import { LOCAL_BYTES, SIGNATURE, type CentralHeader } from './headers.ts';
import { localAt } from './member.ts';

/** The next local header follows a member at once, or its descriptor of at most 24 bytes. */
const SEARCH_BYTES = 64;

/** Turns the offsets of a directory into places. */
export interface Places {
  /** null: the part that it lies in is missing. */
  placeOf(entry: CentralHeader): Promise<number | null>;
}

/** Everything is in one file, `base` bytes behind its beginning. */
export function oneFile(base: number): Places {
  return { placeOf: async ({ offset }) => base + offset };
}

/**
 * The parts of a split archive in one piece: offsets count from the beginning of a part, and where that is shows only
 * where the first member of the part follows the last one of the part before.
 */
export class JoinedParts implements Places {
  readonly #archive: Archive;
  readonly #starts = new Map<number, number>([[0, 0]]);
  #last: { readonly at: number; readonly entry: CentralHeader } | null = null;

  constructor(archive: Archive) {
    this.#archive = archive;
  }

  async placeOf(entry: CentralHeader): Promise<number | null> {
    const start = this.#starts.get(entry.disk) ?? (await this.#found(entry));
    if (start === null) return null;
    const at = start + entry.offset;
    this.#last = { at, entry };
    return at;
  }

  async #found(entry: CentralHeader): Promise<number | null> {
    if (this.#last === null) return null;
    const { at, entry: before } = this.#last;
    const header = await localAt(this.#archive, at, before.name.length, 0);
    if (header === null) return null;
    const end = at + header.local.bytes + before.reading.packed;
    const block = await this.#archive.members.at(end, SEARCH_BYTES + LOCAL_BYTES);
    const signature = Buffer.alloc(4);
    signature.writeUInt32LE(SIGNATURE.local);
    const found = block.indexOf(signature);
    const start = end + found - entry.offset;
    if (found < 0 || start < 0) return null;
    this.#starts.set(entry.disk, start);
    return start;
  }
}
