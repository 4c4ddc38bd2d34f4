import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { AFTER_THE_END, innerName } from '../inner-name.ts';
import { Damaged } from '../trouble.ts';

/** `blob `, at most twenty digits, and a NUL. */
const MAX_HEADER_BYTES = 32;

export const unpacker: Unpacker = {
  doc: {
    name: 'Git blob',
    description:
      'A file as git keeps it: behind a header, which would hide what it is. The objects folder of every repository is full of them, compressed with zlib.',
    recognised: '`blob`, a blank, the size in decimal digits and a NUL at 0.',
    limits: [],
    references: ['Pro Git, 10.2: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects'],
    limitations: [
      'Trees, commits and tags hold names and check sums only: they are examined as they are.',
      'Packs are not opened: a gap.',
    ],
  },
  async unpack(container, sink) {
    const reader = new ByteReader(container.stream);
    const head = await reader.peek(MAX_HEADER_BYTES);
    const end = head.indexOf(0);
    const declared = Number(head.toString('latin1', 'blob '.length, end));
    if (end < 0 || !Number.isSafeInteger(declared)) throw new Damaged('its header makes no sense');
    await reader.skip(end + 1);
    let size = 0;
    const content = (async function* () {
      for (let chunk; size < declared && (chunk = await reader.next(declared - size)) !== null;) {
        size += chunk.length;
        yield chunk;
      }
    })();
    await sink.member({ name: innerName(container.name), size: declared, content });
    // Whoever examined it may have left before its end.
    size += await reader.skip(declared - size);
    if (size < declared) throw new Damaged(`${declared} bytes declared, ${size} are there`);
    if ((await reader.peek(1)).length > 0)
      await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
  },
};
