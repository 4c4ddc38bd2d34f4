import type { Format } from './format.ts';
import { gzip } from './formats/gzip.ts';
import { lz4 } from './formats/lz4.ts';
import { lzip } from './formats/lzip.ts';
import { sevenZip } from './formats/7z.ts';
import { rar } from './formats/rar.ts';
import { cab } from './formats/cab.ts';
import { arj } from './formats/arj.ts';
import { lzh } from './formats/lzh.ts';
import { cpio } from './formats/cpio.ts';
import { ar } from './formats/ar.ts';
import { rpm } from './formats/rpm.ts';
import { iso } from './formats/iso.ts';
import { wim } from './formats/wim.ts';
import { xar } from './formats/xar.ts';
import { chm } from './formats/chm.ts';
import { dmg } from './formats/dmg.ts';
import { nsis } from './formats/nsis.ts';
import { ext } from './formats/ext.ts';
import { fat } from './formats/fat.ts';
import { ntfs } from './formats/ntfs.ts';
import { squashfs } from './formats/squashfs.ts';
import { udf } from './formats/udf.ts';
import { hfs } from './formats/hfs.ts';
import { apfs } from './formats/apfs.ts';
import { sevenZipArchives } from './formats/seven-zip-archives.ts';
import { bzip2, compress, lzma, xz } from './formats/seven-zip-streams.ts';
import { elf } from './formats/elf.ts';
import { gif } from './formats/gif.ts';
import { isoMedia } from './formats/iso-media.ts';
import { jpeg } from './formats/jpeg.ts';
import { pe } from './formats/pe.ts';
import { png } from './formats/png.ts';
import { riff } from './formats/riff.ts';
import { tar } from './formats/tar.ts';
import { zip } from './formats/zip.ts';
import { zstd } from './formats/zstd.ts';

/** Every format that can be opened. One line each; their ids are what identify/ calls containers. */
export const FORMATS: readonly Format[] = [
  tar,
  gzip,
  bzip2,
  xz,
  zstd,
  lz4,
  lzip,
  lzma,
  compress,
  zip,
  sevenZip,
  rar,
  cab,
  arj,
  lzh,
  cpio,
  ar,
  rpm,
  iso,
  wim,
  xar,
  chm,
  dmg,
  nsis,
  ext,
  fat,
  ntfs,
  squashfs,
  udf,
  hfs,
  apfs,
  ...sevenZipArchives,
  elf,
  gif,
  isoMedia,
  jpeg,
  pe,
  png,
  riff,
];

const BY_ID: ReadonlyMap<string, Format> = new Map(FORMATS.map((format) => [format.id, format]));

export function formatOf(id: string): Format | null {
  return BY_ID.get(id) ?? null;
}

export function canOpen(id: string): boolean {
  return BY_ID.has(id);
}

/** Whether its members together hold all that it holds. */
export function opensWhole(id: string): boolean {
  const format = formatOf(id);
  return format !== null && format.partial !== true;
}
