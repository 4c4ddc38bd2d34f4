import type { ByteReader } from '../byte-reader.ts';
import { afterEnd } from '../ends/after-end.ts';

/** GIF89a specification: introducers of blocks, the trailer. */
const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;

export const unpacker = afterEnd(
  {
    name: 'GIF',
    description: 'GIF pictures: what follows their end.',
    recognised: '`GIF87a` or `GIF89a` at 0',
    limits: [],
    references: ['GIF89a: https://www.w3.org/Graphics/GIF/spec-gif89a.txt'],
    limitations: ['Only what follows the end is a member; what is hidden in valid blocks is seen raw'],
  },
  async (reader) => {
    while ((await reader.peek(4)).toString('latin1') === 'GIF8') await passOne(reader);
  },
);

async function passOne(reader: ByteReader): Promise<void> {
  const screen = await reader.exactly(13);
  if (screen.length < 13) return;
  await reader.skip(colours(screen.readUInt8(10)));
  for (;;) {
    const [introducer] = await reader.peek(1);
    if (introducer === TRAILER) {
      await reader.skip(1);
      return;
    }
    if (introducer === EXTENSION) await reader.skip(2);
    else if (introducer === IMAGE) {
      const image = await reader.exactly(10);
      // One more byte: the code size of the compressed data.
      await reader.skip((image.length < 10 ? 0 : colours(image.readUInt8(9))) + 1);
    } else return;
    await passSubBlocks(reader);
  }
}

/** Bytes of the colour table that a field of flags announces. */
function colours(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

async function passSubBlocks(reader: ByteReader): Promise<void> {
  for (;;) {
    const [length] = await reader.exactly(1);
    if (length === undefined || length === 0) return;
    await reader.skip(length);
  }
}
