/** Of a tar archive, in bytes: headers and data are counted in them. */
export const TAR_BLOCK = 512;
const CHECK_SUM = { at: 148, end: 156 } as const;

/** The check sum is right: this is a header of a tar archive, not data. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < TAR_BLOCK) return false;
  const stored = tarOctal(block.subarray(CHECK_SUM.at, CHECK_SUM.end));
  if (stored === null) return false;
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < TAR_BLOCK; at++) {
    if (at === CHECK_SUM.at) at = CHECK_SUM.end;
    const byte = block[at] ?? 0;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  // Some old programs summed signed characters.
  return stored === unsigned || stored === signed;
}

/** A number field of octal text; an empty one is 0. null: it is something else. */
export function tarOctal(field: Buffer): number | null {
  const digits = field
    .toString('latin1')
    .replace(/^[ \0]+/, '')
    .replace(/[ \0][^]*$/, '');
  if (digits === '') return 0;
  return /^[0-7]{1,17}$/.test(digits) ? Number.parseInt(digits, 8) : null;
}
