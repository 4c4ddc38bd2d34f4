import type { Format } from '../format.ts';
import { handOnEncoded } from '../mail/encoded.ts';
import { Damaged } from '../trouble.ts';
import { Window } from '../window.ts';

/** A text that is one encoded file, or several of them. */
function encodedText(id: string, doc: Format['doc']): Format {
  return {
    id,
    access: 'random',
    doc,
    async unpack({ source }, sink, { signal }) {
      if (source === null) throw new Damaged('not a readable file');
      const place = { source, window: new Window(source) };
      const count = await handOnEncoded(place, { start: 0, end: source.size }, sink, signal);
      if (count === 0) throw new Damaged('no encoded data behind their first line');
    },
  };
}

export const uuencode = encodedText('uuencode', {
  name: 'uuencode and yEnc',
  description:
    'Files encoded as text: uuencode (also its base64 kind) and yEnc; several may follow each other.',
  recognised: '`begin`, a mode and a name, or `=ybegin`, in the first line',
  references: [
    'POSIX uuencode: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/uuencode.html',
    'yEnc: http://www.yenc.org/yenc-draft.1.3.txt',
  ],
  limitations: ['yEnc parts of one file are examined one by one', 'Check sums are not compared'],
});

export const binhex = encodedText('binhex', {
  name: 'BinHex 4.0',
  description: 'A Macintosh file as text: its data fork and its resource fork.',
  recognised: '`(This file must be converted with BinHex` at 0',
  references: ['RFC 1741, appendix A: https://www.rfc-editor.org/rfc/rfc1741'],
  limitations: ['Check sums are not compared'],
});
