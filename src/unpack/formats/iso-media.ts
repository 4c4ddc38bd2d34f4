import { afterEnd } from '../ends/after-end.ts';

/** ISO/IEC 14496-12, 4.2: four printable characters, also the copyright sign of QuickTime. */
const BOX_TYPE = /^[\x20-\x7e\xa9][\x20-\x7e]{3}$/;

export const unpacker = afterEnd(
  {
    name: 'ISO base media',
    description: 'MP4, QuickTime, HEIC and AVIF files: what is no box of theirs.',
    recognised: '`ftyp` at 4',
    limits: [],
    references: [
      'ISO/IEC 14496-12: https://www.iso.org/standard/83102.html',
      'Registered types: https://mp4ra.org/',
    ],
    limitations: [
      'A size that lies about more than there is covers what stands behind the true end',
      'Only what stands where a box should be is a member',
    ],
  },
  async (reader) => {
    for (;;) {
      const head = await reader.peek(16);
      if (head.length < 8 || !BOX_TYPE.test(head.toString('latin1', 4, 8))) return;
      let size = head.readUInt32BE(0);
      // 0: to the end of the file; 1: the size is a number of 64 bits.
      if (size === 0) size = Infinity;
      else if (size === 1) size = head.length < 16 ? 0 : Number(head.readBigUInt64BE(8));
      if (size < 8) return;
      await reader.skip(size);
    }
  },
);
