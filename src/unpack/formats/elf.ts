import { afterEnd, passWhole } from '../ends/after-end.ts';

/** Programs have a dozen segments; more than these do not move the end. */
const MAX_SEGMENTS = 256;
/** The table of segments follows the header in every program that Linux starts. */
const HEADER_BYTES = 64 * 1024;

export const unpacker = afterEnd(
  {
    name: 'ELF',
    description: 'Programs and libraries of Linux and Unix: what is appended to them.',
    recognised: '`\\x7FELF` at 0',
    limits: ['256 segments'],
    references: ['System V ABI, chapter 4: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.intro.html'],
    limitations: ['Sections are seen raw'],
  },
  async (reader) => {
    await passWhole(reader, endOf(await reader.peek(HEADER_BYTES)));
  },
);

/** The end of the last segment or of the section table, whichever is later. */
function endOf(head: Buffer): number {
  const wide = head[4] === 2;
  const big = head[5] === 2;
  const u16 = (at: number): number =>
    at + 2 > head.length ? 0 : big ? head.readUInt16BE(at) : head.readUInt16LE(at);
  const word = (at: number): number => {
    if (at + (wide ? 8 : 4) > head.length) return 0;
    if (wide) return Number(big ? head.readBigUInt64BE(at) : head.readBigUInt64LE(at));
    return big ? head.readUInt32BE(at) : head.readUInt32LE(at);
  };
  const [segments, sections, counts] = wide ? [word(32), word(40), 54] : [word(28), word(32), 42];
  let end = sections === 0 ? 0 : sections + u16(counts + 4) * u16(counts + 6);
  const size = u16(counts);
  for (let i = 0; i < Math.min(u16(counts + 2), MAX_SEGMENTS); i++) {
    const at = segments + i * size;
    end = Math.max(end, wide ? word(at + 8) + word(at + 32) : word(at + 4) + word(at + 16));
  }
  return end;
}
