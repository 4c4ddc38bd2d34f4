import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';
import { inflated } from '../zlib-pump.ts';

/** Name of the format, project, version, and how the rest is compressed. */
const LINES = 4;
/** Of all of them. */
const MAX_HEADER_BYTES = 4096;

export const unpacker: Unpacker = {
  doc: {
    name: 'Sphinx inventory (objects.inv)',
    description:
      'The index that lies beside every documentation made by Sphinx: four lines of text, and a zlib stream.',
    recognised: '`# Sphinx inventory version 2` at 0.',
    limits: [`The four lines have at most ${MAX_HEADER_BYTES} bytes.`],
    references: ['Sphinx: https://www.sphinx-doc.org/en/master/usage/extensions/intersphinx.html'],
    limitations: [],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const head = await reader.peek(MAX_HEADER_BYTES);
    let at = 0;
    for (let line = 0; line < LINES; line++) {
      const end = head.indexOf(0x0a, at);
      if (end < 0) throw new Damaged('its header breaks off');
      at = end + 1;
    }
    await reader.skip(at);
    await wholeStream({ name: 'objects', content: inflated(reader), reader }, sink, context);
  },
};
