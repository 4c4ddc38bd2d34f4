import { afterEnd } from '../ends/after-end.ts';

export const unpacker = afterEnd(
  {
    name: 'RIFF',
    description: 'WAVE, AVI and WebP files: what follows their end.',
    recognised: '`RIFF` at 0 and `WAVE`, `AVI ` or `WEBP` at 8',
    limits: [],
    references: [
      'RIFF: https://learn.microsoft.com/windows/win32/xaudio2/resource-interchange-file-format--riff-',
    ],
    limitations: [
      'A size that lies about more than there is covers what stands behind the true end',
      'Only what follows the end is a member',
      'RF64 files over 4 GiB are taken as they are',
    ],
  },
  async (reader) => {
    for (;;) {
      const head = await reader.peek(8);
      // Long films are several RIFF chunks, one after the other (OpenDML AVI 1.02).
      if (head.length < 8 || !/^R(?:IFF|F64)$/.test(head.toString('latin1', 0, 4))) return;
      const size = head.readUInt32LE(4);
      await reader.skip(size === 0xffffffff ? Infinity : 8 + size + (size % 2));
    }
  },
);
