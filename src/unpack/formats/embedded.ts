import { isAscii } from 'node:buffer';
import { ByteReader } from '../byte-reader.ts';
import { Finds, MAX_FINDS } from '../embedded/finds.ts';
import { AHEAD_BYTES, findArchive } from '../embedded/marks.ts';
import type { Unpacker } from '../format.ts';

/** As far as 7-Zip itself looks (1 << 23, its default for the beginning of an archive). */
const SEARCHED_BYTES = 8 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;

// 7-Zip, unrar, cabextract, arj, lha, GNU tar and cpio open an archive behind anything: so do we.
export const unpacker: Unpacker = {
  doc: {
    name: 'Archive behind something else',
    description:
      'Where an archive begins in a file that is none: in data of no known kind, and behind pictures, sounds, films and programs that have no reader here. What follows from there on is a member.',
    recognised: 'a file for which there is nothing else, searched for the headers of archives.',
    limits: [
      'The archive begins in the first 8 MiB, which is as far as 7-Zip looks.',
      'Behind three archives that were found so, what follows is not searched again: a gap.',
      `Where ${MAX_FINDS} that were found turn out to be damaged, nothing more is looked for: a gap.`,
    ],
    references: ['7-Zip: https://www.7-zip.org/'],
    limitations: [
      'Databases, logs, fonts and other known kinds without a reader are not searched: they compress pieces of their own',
      'When what was found in a member that streams past turns out to be damaged, what stands behind it is only seen as a part of it: a gap',
    ],
  },
  async unpack(container, sink, { signal }) {
    const finds = new Finds(container, sink);
    let from = 0;
    for (let bytes: AsyncIterable<Buffer> | null = container.stream; bytes !== null;) {
      const reader = new ByteReader(bytes);
      const at = await placeOfArchive(reader, from, signal);
      bytes = at === null ? null : await finds.take(at, reader.rest());
      from = (at ?? 0) + 1;
    }
  },
};

/** Where the next archive begins, which is where the reader then stands; null: nowhere. The reader begins at `from`. */
async function placeOfArchive(reader: ByteReader, from: number, signal: AbortSignal): Promise<number | null> {
  while (from + reader.position < SEARCHED_BYTES) {
    signal.throwIfAborted();
    const last = (await reader.peek(2 * AHEAD_BYTES)).length < 2 * AHEAD_BYTES;
    const start = from + reader.position;
    const piece = await reader.next(PIECE_BYTES);
    if (piece === null) return null;
    const end = last ? piece.length : piece.length - AHEAD_BYTES;
    const first = start === 0 ? 1 : 0;
    const at = isText(piece) ? -1 : findArchive(piece, first, end, first + (-(start + first) & 511));
    reader.giveBack(piece.length - (at < 0 ? end : at));
    if (at >= 0) return start + at;
    if (last) return null;
  }
  return null;
}

/** No archive's header is without a zero byte or one beyond ASCII. */
function isText(piece: Buffer): boolean {
  return isAscii(piece) && !piece.includes(0);
}
