import type { ByteReader } from '../byte-reader.ts';
import { afterEnd } from '../ends/after-end.ts';

/** ITU-T T.81, table B.1. */
const MARKER = 0xff;
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
const START = Buffer.from([MARKER, 0xd8, MARKER]);

export const unpacker = afterEnd(
  {
    name: 'JPEG',
    description: 'JPEG pictures: what follows their end, such as the film of a moving photo.',
    recognised: '`\\xFF\\xD8\\xFF` at 0',
    limits: [],
    references: ['ITU-T T.81: https://www.w3.org/Graphics/JPEG/itu-t81.pdf'],
    limitations: ['Only what follows the end is a member; what is hidden in valid segments is seen raw'],
  },
  async (reader) => {
    // Cameras put previews and depth maps behind the picture, as pictures of their own.
    while ((await reader.peek(3)).equals(START)) await passOne(reader);
  },
);

async function passOne(reader: ByteReader): Promise<void> {
  await reader.skip(2);
  for (;;) {
    const [first, code = 0] = await reader.peek(2);
    if (first !== MARKER) return;
    // A marker may be preceded by any number of fill bytes (B.1.1.2).
    if (code === MARKER) await reader.skip(1);
    else if (standsAlone(code)) await reader.skip(2);
    else if (code === END_OF_IMAGE) {
      await reader.skip(2);
      return;
    } else {
      const head = await reader.peek(4);
      if (head.length < 4 || head.readUInt16BE(2) < 2 || code < 0xc0) return;
      await reader.skip(2 + head.readUInt16BE(2));
      if (code === START_OF_SCAN) await passScan(reader);
    }
  }
}

/** TEM and the restart markers have no length. */
function standsAlone(code: number): boolean {
  return code === 0x01 || (code >= 0xd0 && code <= 0xd7);
}

/** Compressed data up to the next marker: FF 00 is a byte of data, restart markers stand within. */
async function passScan(reader: ByteReader): Promise<void> {
  for (let chunk = await reader.next(); chunk !== null; chunk = await reader.next()) {
    const at = chunk.indexOf(MARKER);
    if (at < 0) continue;
    reader.giveBack(chunk.length - at);
    const [, code = END_OF_IMAGE] = await reader.peek(2);
    if (code !== 0 && code !== MARKER && !standsAlone(code)) return;
    await reader.skip(code === MARKER ? 1 : 2);
  }
}
