/** One stretch of an artifact: its blocks' entropy in bits per byte. */
export interface EntropyStretch {
  readonly least: number;
  readonly mean: number;
  readonly most: number;
}

/** A measurement's name. Its value has three characters a stretch, from the beginning to the end: least, mean, most. */
export const ENTROPY_MAP = 'entropy_map';
/** `0` is 0 bits per byte, `z` is 8: what a column of a picture can show. */
const TOP = 35;
const MAP = /^(?:[0-9a-z]{3})+$/;

export function writeEntropyMap(stretches: readonly EntropyStretch[]): string {
  return stretches.flatMap(({ least, mean, most }) => [least, mean, most].map(digit)).join('');
}

/** Null where it is no such map. */
export function readEntropyMap(map: string): readonly EntropyStretch[] | null {
  if (!MAP.test(map)) return null;
  return Array.from({ length: map.length / 3 }, (_, at) => ({
    least: bits(map.charAt(3 * at)),
    mean: bits(map.charAt(3 * at + 1)),
    most: bits(map.charAt(3 * at + 2)),
  }));
}

function digit(bitsPerByte: number): string {
  return Math.round((Math.min(8, Math.max(0, bitsPerByte)) * TOP) / 8).toString(36);
}

function bits(character: string): number {
  return (Number.parseInt(character, 36) * 8) / TOP;
}
