import type { ByteSource } from '../../../bytes/index.ts';

/** ELF-64 Object File Format, figures 2 and 4: where the headers of sections begin and how many there are, and what is nought in the first. */
const LAYOUTS = {
  1: { at: 0x20, word: 4, entry: 0x2e, count: 0x30, nought: 20 },
  2: { at: 0x28, word: 8, entry: 0x3a, count: 0x3c, nought: 32 },
} as const;
const CLASS_AT = 4;
const ORDER_AT = 5;
const BIG_ENDIAN = 2;
const HEAD_BYTES = 64;

/**
 * The headers of an ELF file's sections mostly stand at its end, and the first of them is nought but for its counts (gABI, figure
 * 4-10): noise there is no program's. null: there are none, they lie beyond the end, or they are in order, which proves nothing of
 * the rest.
 */
export async function elf(source: ByteSource): Promise<'broken' | null> {
  const head = Buffer.alloc(HEAD_BYTES);
  if ((await source.readAt(head, 0)) < HEAD_BYTES) return null;
  const kind = head[CLASS_AT];
  if (kind !== 1 && kind !== 2) return null;
  const { at, word, entry, count, nought } = LAYOUTS[kind];
  const isBig = head[ORDER_AT] === BIG_ENDIAN;
  const short = (offset: number): number => (isBig ? head.readUInt16BE(offset) : head.readUInt16LE(offset));
  const bytes = head.subarray(at, at + word);
  const start = Number(`0x${(isBig ? bytes : Buffer.from(bytes.toReversed())).toString('hex')}`);
  const length = short(entry) * Math.max(1, short(count));
  if (start === 0 || length < nought || start + length > source.size) return null;
  const first = Buffer.alloc(nought);
  if ((await source.readAt(first, start)) < nought) return null;
  return first.every((byte) => byte === 0) ? null : 'broken';
}
