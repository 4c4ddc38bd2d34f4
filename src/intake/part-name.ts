/** How the parts of one archive are told from each other by their names. */
export type Naming = 'numbered' | 'zip' | 'rar' | 'vmdk' | 'swm' | 'letters' | 'tar';

/** What a file's name says of it as a part of something larger. */
export interface PartName {
  readonly naming: Naming;
  /** The same for all parts of one set in one folder. */
  readonly set: string;
  /** From 1. The last part of a zip set has the largest number there is. */
  readonly number: number;
  /** Nothing else is called like that: without the others it is a part that nobody can look into. */
  readonly certain: boolean;
  /** Whether it can be the first that is met of its set: `.zip` and `.rar` alone say nothing of parts. */
  readonly begins: boolean;
  /** Set where the others come right behind it, in the order of their names: what those begin with. */
  readonly run?: string;
}

/** One set of one folder. */
export function setOf({ naming, set }: PartName): string {
  return `${naming} ${set}`;
}

/** A number that no part is counted to. */
export const LAST = Number.MAX_SAFE_INTEGER;

/** What is called so before `.001` is an archive or image that was split, not something else that is counted. */
const SPLIT =
  /\.(?:7z|zip|tar|t?gz|tgz|t?bz2|t?xz|zst|tzst|lz4|rar|iso|img|wim|cab|arj|cpio|vhdx?|vmdk|qcow2|vdi|dmg|dump|sql)$/i;
const LETTER_A = 97;
/** Longer names than file systems allow are not looked at. */
const MAX_CHARACTERS = 1024;

/**
 * What 7-Zip (`x.7z.001`), Info-ZIP (`x.z01` … `x.zip`), RAR (`x.part1.rar`, `x.rar` `x.r00`), VMware (`x.vmdk` `x-s001.vmdk`, `x-flat.vmdk`), Windows (`x.swm` `x2.swm`) and split(1) (`x.aa`, `xaa`)
 * call the parts that they write, and people those of GNU tar (`x.tar` `x.tar-2`, `x1.tar` `x2.tar`, `vol1` `vol2`); null for any other name.
 */
export function partName(name: string): PartName | null {
  if (name.length > MAX_CHARACTERS) return null;
  const dot = name.lastIndexOf('.');
  const stem = name.slice(0, Math.max(0, dot));
  const ending = dot < 0 ? '' : name.slice(dot + 1).toLowerCase();
  if (stem !== '') {
    if (/^\d{3,4}$/.test(ending)) {
      const certain = SPLIT.test(stem);
      const number = Number(ending);
      return { naming: 'numbered', set: stem, number, certain, begins: certain || number === 1 };
    }
    if (/^z\d{2,3}$/.test(ending)) {
      return { naming: 'zip', set: stem, number: Number(ending.slice(1)), certain: true, begins: true };
    }
    if (ending === 'zip') return { naming: 'zip', set: stem, number: LAST, certain: false, begins: false };
    if (ending === 'rar') return rarName(stem);
    if (ending === 'vmdk') return vmdkName(stem);
    if (ending === 'swm') return swmName(stem);
    if (/^r\d{2}$/.test(ending)) {
      const number = Number(ending.slice(1)) + 2;
      return { naming: 'rar', set: stem, number, certain: false, begins: number === 2 };
    }
  }
  return lettersName(name) ?? tarName(name, stem, ending);
}

function rarName(stem: string): PartName {
  const part = /\.part(\d{1,4})$/i.exec(stem);
  if (part === null) return { naming: 'rar', set: stem, number: 1, certain: false, begins: false };
  const set = stem.slice(0, part.index);
  // A set of its own, whatever else in the folder is called the same.
  return { naming: 'rar', set: `${set}.part`, number: Number(part[1]), certain: true, begins: true };
}

/** The descriptor comes first; alone, it and a flat file are called like any disk. */
function vmdkName(stem: string): PartName {
  const extent = /-(?:[sf](\d{3,6})|flat)$/i.exec(stem);
  if (extent === null) return { naming: 'vmdk', set: stem, number: 1, certain: true, begins: false };
  const counted = extent[1] !== undefined;
  const number = counted ? Number(extent[1]) + 1 : 2;
  return { naming: 'vmdk', set: stem.slice(0, extent.index), number, certain: counted, begins: true };
}

/** The first has no number. */
function swmName(stem: string): PartName {
  const counted = /^(.*?)([2-9]|[1-9]\d{1,3})$/.exec(stem);
  const number = Number(counted?.[2] ?? 1);
  return { naming: 'swm', set: counted?.[1] ?? stem, number, certain: false, begins: true };
}

const COUNTED_BEHIND = /^(.+\.tar)[-._]?(?:vol(?:ume)?|part|dis[ck]|v|p)?[-._]?(\d{1,4})$/i;
const COUNTED_BEFORE = /^(.*?)(\d{1,4})$/;
const VOLUME = /^(.*(?:^|[^a-z])(?:vol(?:ume)?|dis[ck]|tape|part)[-._ ]?)(\d{1,4})$/i;

/** Nearly every archive is called so: only what they hold tells. GNU's manual counts as in `x.tar-2`. */
function tarName(name: string, stem: string, ending: string): PartName | null {
  if (ending === 'tar') {
    const [, before, number] = COUNTED_BEFORE.exec(stem) ?? [];
    return before === undefined ? tarPart(name, 1, name) : tarPart(`${before}#.tar`, Number(number), before);
  }
  const [, archive, behind] = COUNTED_BEHIND.exec(name) ?? [];
  if (archive !== undefined) return tarPart(archive, Number(behind), archive);
  const [, before, number] = VOLUME.exec(name) ?? [];
  return before === undefined ? null : tarPart(`${before}#`, Number(number), before);
}

function tarPart(set: string, number: number, run: string): PartName {
  return { naming: 'tar', set, number, certain: false, begins: true, run };
}

/** `split` counts in letters: aa, ab … zz. */
function lettersName(name: string): PartName | null {
  const set = name.slice(0, -2);
  if (!/^[a-z]{2}$/.test(name.slice(-2)) || !(set === 'x' || /[._-]$/.test(set))) return null;
  const [high, low] = [name.charCodeAt(set.length) - LETTER_A, name.charCodeAt(set.length + 1) - LETTER_A];
  const number = high * 26 + low + 1;
  return { naming: 'letters', set, number, certain: false, begins: number === 1 };
}
