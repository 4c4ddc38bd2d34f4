import type { Unpacker } from '../format.ts';
import type { Place } from '../mail/leaf.ts';
import { Walker } from '../mail/walker.ts';
import { Damaged } from '../trouble.ts';
import { Window } from '../window.ts';

// Every part is examined under each reading that a mail program may choose, which no library does.
// See docs/decisions/0007.
export const unpacker: Unpacker = {
  doc: {
    name: 'Mail',
    description:
      'Parts of a message (MIME), decoded from base64, quoted-printable, uuencode, yEnc and BinHex; attached messages part by part. Where it can be read in two ways, both are examined.',
    recognised: 'header fields of a message at its start',
    limits: ['1,000 multiparts open at once', '1,000,000 parts', '64 KiB a header field'],
    references: [
      'RFC 5322: https://www.rfc-editor.org/rfc/rfc5322',
      'RFC 2045: https://www.rfc-editor.org/rfc/rfc2045',
      'RFC 2046: https://www.rfc-editor.org/rfc/rfc2046',
      'RFC 2231: https://www.rfc-editor.org/rfc/rfc2231',
    ],
    limitations: [
      'A message without parts whose text ends early cannot be told from a whole one',
      'A message sent in pieces (message/partial) is a gap: the pieces are not put together',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const place: Place = { source, window: new Window(source), sink, context };
    const strict = new Walker(place, 'first');
    await strict.run();
    if (strict.doubts.boundaries) {
      sink.unsafe('conflicting-boundaries', 'a multipart declares different boundaries');
      await new Walker(place, 'last').run();
    }
    if (strict.doubts.boundaries || strict.doubts.delimiters) await new Walker(place, 'loose').run();
  },
};
