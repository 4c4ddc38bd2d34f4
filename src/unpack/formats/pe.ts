import { afterEnd, passWhole } from '../ends/after-end.ts';

/** The PE header stands within this many bytes in every program that Windows starts. */
const HEADER_BYTES = 64 * 1024;
/** Windows accepts 96 sections (Microsoft PE/COFF specification). */
const MAX_SECTIONS = 96;
/** Linkers round the last section up and do not always write it whole; Windows loads pages. */
const PAGE_BYTES = 4096;
/** Place of the certificate table among the data directories; its address is an offset in the file. */
const CERTIFICATES = 4;

export const unpacker = afterEnd(
  {
    name: 'Windows program',
    description: 'PE files: what is appended to the program, as installers and self-extractors have it.',
    recognised: '`MZ` at 0 and `PE\\x00\\x00` where the word at 60 says',
    limits: ['96 sections'],
    references: ['PE format: https://learn.microsoft.com/windows/win32/debug/pe-format'],
    limitations: ['Resources are seen raw'],
  },
  async (reader) => {
    const head = await reader.peek(HEADER_BYTES);
    const { end, certificates } = layout(head);
    await passWhole(reader, end, PAGE_BYTES);
    // With nothing between the program and its signature, the signature is no member.
    if (certificates?.start === end) await reader.skip(certificates.size);
  },
);

interface Layout {
  /** Where the last section ends; 0 when the headers make no sense. */
  readonly end: number;
  readonly certificates: { readonly start: number; readonly size: number } | null;
}

function layout(head: Buffer): Layout {
  const u16 = (at: number): number => (at + 2 <= head.length ? head.readUInt16LE(at) : 0);
  const u32 = (at: number): number => (at + 4 <= head.length ? head.readUInt32LE(at) : 0);
  const coff = u32(0x3c) + 4;
  const optional = coff + 20;
  const table = optional + u16(coff + 16);
  let end = u32(optional + 60);
  for (let i = 0; i < Math.min(u16(coff + 2), MAX_SECTIONS); i++) {
    const size = u32(table + i * 40 + 16);
    if (size > 0) end = Math.max(end, u32(table + i * 40 + 20) + size);
  }
  // 64-bit programs have larger fields before their directories.
  const directories = optional + (u16(optional) === 0x20b ? 112 : 96);
  const start = u32(directories + CERTIFICATES * 8);
  const size = u32(directories + CERTIFICATES * 8 + 4);
  return { end, certificates: start === 0 || size === 0 ? null : { start, size } };
}
