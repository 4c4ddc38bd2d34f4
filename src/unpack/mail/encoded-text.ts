import type { FormatDoc, Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';
import { Window } from '../window.ts';
import { handOnEncoded } from './encoded.ts';

/** A text that is one encoded file, or several of them. */
export function encodedText(doc: FormatDoc): Unpacker {
  return {
    doc,
    async unpack({ source }, sink, { signal }) {
      if (source === null) throw new Damaged('not a readable file');
      const place = { source, window: new Window(source) };
      const count = await handOnEncoded(place, { start: 0, end: source.size }, sink, signal);
      if (count === 0) throw new Damaged('no encoded data behind their first line');
    },
  };
}
