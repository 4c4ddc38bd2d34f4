/*
 * When single files that look encrypted are an attack. Measured: of 115,000 files of ordinary trees, fewer than 10 look
 * encrypted (docs/detection.md), so that each of these is far from chance; the smallest attack that has to be found is 1 % of
 * 5,000 files, and of those a quarter are seen where most are smaller than 1 KiB (the tests of binutils: 12 of 43).
 */

/** So many files at least, and such a share of all. */
export interface Bound {
  readonly least: number;
  readonly share: number;
}

/** Of a whole (a given folder, the members of a container). */
export const OF_MANY: Bound = { least: 10, share: 0.002 };
/**
 * The same, of what only statistics accuse. A kind of file that nobody here knows yet may look so, and then all of its kind
 * do: 15 of 5,000 loose objects of git did, 17 of 5,000 files of translations, before they were known.
 */
export const OF_MANY_BY_STATISTICS: Bound = { least: 10, share: 0.005 };
/** Rules of the entropy analyzer that go by statistics alone: no structure is gone, no block begins or ends sharply. */
export const STATISTICAL_RULES: ReadonlySet<string> = new Set([
  'noise-behind-header',
  'noise-between-trimmings',
  'noise-in-strides',
  'encoded-noise',
  'xor-one-byte',
]);
/** Of a smaller whole, and of a small one, where 10 files would be much of it. */
export const OF_SOME: Bound = { least: 8, share: 0.05 };
export const OF_FEW: Bound = { least: 5, share: 0.2 };
/** Within a folder of a folder: test data and key stores lie close together. */
export const WITHIN: Bound = { least: 20, share: 0.2 };
/** Whatever the share is: in a million files, one attacked folder is little. */
export const ABSOLUTE = 200;
/** Files that look encrypted and whose names got one and the same ending appended. */
export const ALIKE = 10;
/** The same with an ending that is known of ransomware. */
export const ALIKE_AND_KNOWN = 3;
/** Endings that are counted; an attack uses one, or one a file. */
export const MOST_ENDINGS = 256;
/** Folders of a folder that are named. */
export const MOST_NAMED = 20;
