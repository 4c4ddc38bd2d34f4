import type { ByteReader } from '../byte-reader.ts';
import { afterEnd, passWhole } from '../ends/after-end.ts';

/** PNG specification, 5.2. */
const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

export const unpacker = afterEnd(
  {
    name: 'PNG',
    description: 'PNG pictures: what follows their end.',
    recognised: '`\\x89PNG\\r\\n\\x1A\\n` at 0',
    limits: [],
    references: ['PNG specification: https://www.w3.org/TR/png-3/'],
    limitations: ['Only what follows the end is a member; what is hidden in valid chunks is seen raw'],
  },
  async (reader) => {
    while ((await reader.peek(SIGNATURE.length)).equals(SIGNATURE)) await passOne(reader);
  },
);

async function passOne(reader: ByteReader): Promise<void> {
  await reader.skip(SIGNATURE.length);
  for (;;) {
    // Length, four letters, data, check sum (5.3).
    const head = await reader.peek(8);
    const type = head.toString('latin1', 4, 8);
    if (head.length < 8 || !/^[A-Za-z]{4}$/.test(type)) return;
    await passWhole(reader, 12 + head.readUInt32BE(0));
    if (type === 'IEND') return;
  }
}
