import type { Format, Member } from './format.ts';
import { AFTER_THE_END } from './inner-name.ts';
import { sevenZip } from './formats/7z.ts';
import { activemime } from './formats/activemime.ts';
import { androidBackup } from './formats/android-backup.ts';
import { apfs } from './formats/apfs.ts';
import { ar } from './formats/ar.ts';
import { arj } from './formats/arj.ts';
import { beam } from './formats/beam.ts';
import { binaryPlist } from './formats/binary-plist.ts';
import { binhex } from './formats/binhex.ts';
import { brotli } from './formats/brotli.ts';
import { btrfs } from './formats/btrfs.ts';
import { bzip2 } from './formats/bzip2.ts';
import { cab } from './formats/cab.ts';
import { chm } from './formats/chm.ts';
import { cms } from './formats/cms.ts';
import { compress } from './formats/compress.ts';
import { cpio } from './formats/cpio.ts';
import { dmg } from './formats/dmg.ts';
import { elf } from './formats/elf.ts';
import { embedded } from './formats/embedded.ts';
import { exfat } from './formats/exfat.ts';
import { ext } from './formats/ext.ts';
import { fat } from './formats/fat.ts';
import { gif } from './formats/gif.ts';
import { gitBlob } from './formats/git-blob.ts';
import { gpt } from './formats/gpt.ts';
import { gzip } from './formats/gzip.ts';
import { hfs } from './formats/hfs.ts';
import { iso } from './formats/iso.ts';
import { isoMedia } from './formats/iso-media.ts';
import { jpeg } from './formats/jpeg.ts';
import { lvm } from './formats/lvm.ts';
import { lz4 } from './formats/lz4.ts';
import { lzh } from './formats/lzh.ts';
import { lzip } from './formats/lzip.ts';
import { lzma } from './formats/lzma.ts';
import { lzop } from './formats/lzop.ts';
import { mail } from './formats/mail.ts';
import { mbox } from './formats/mbox.ts';
import { mbr } from './formats/mbr.ts';
import { mozlz4 } from './formats/mozlz4.ts';
import { nsis } from './formats/nsis.ts';
import { ntfs } from './formats/ntfs.ts';
import { ole } from './formats/ole.ts';
import { pdf } from './formats/pdf.ts';
import { pe } from './formats/pe.ts';
import { pgDump } from './formats/pg-dump.ts';
import { png } from './formats/png.ts';
import { qcow2 } from './formats/qcow2.ts';
import { rDatabase } from './formats/r-database.ts';
import { rar } from './formats/rar.ts';
import { redis } from './formats/redis.ts';
import { riff } from './formats/riff.ts';
import { rpm } from './formats/rpm.ts';
import { rtf } from './formats/rtf.ts';
import { shellPayload } from './formats/shell-payload.ts';
import { snappy } from './formats/snappy.ts';
import { sphinxInventory } from './formats/sphinx-inventory.ts';
import { sqlite } from './formats/sqlite.ts';
import { sqliteLog } from './formats/sqlite-log.ts';
import { squashfs } from './formats/squashfs.ts';
import { swf } from './formats/swf.ts';
import { tar } from './formats/tar.ts';
import { textData } from './formats/text-data.ts';
import { tnef } from './formats/tnef.ts';
import { udf } from './formats/udf.ts';
import { uuencode } from './formats/uuencode.ts';
import { vdi } from './formats/vdi.ts';
import { vhd } from './formats/vhd.ts';
import { vhdx } from './formats/vhdx.ts';
import { vmdk } from './formats/vmdk.ts';
import { wim } from './formats/wim.ts';
import { xar } from './formats/xar.ts';
import { xfs } from './formats/xfs.ts';
import { xz } from './formats/xz.ts';
import { zip } from './formats/zip.ts';
import { zlib } from './formats/zlib.ts';
import { zstd } from './formats/zstd.ts';

/** Every format that can be opened. One line each; their ids are what identify/ calls containers. */
export const FORMATS: readonly Format[] = [
  sevenZip,
  activemime,
  androidBackup,
  apfs,
  ar,
  arj,
  beam,
  binaryPlist,
  binhex,
  brotli,
  btrfs,
  bzip2,
  cab,
  chm,
  cms,
  compress,
  cpio,
  dmg,
  elf,
  embedded,
  exfat,
  ext,
  fat,
  gif,
  gitBlob,
  gpt,
  gzip,
  hfs,
  iso,
  isoMedia,
  jpeg,
  lvm,
  lz4,
  lzh,
  lzip,
  lzma,
  lzop,
  mail,
  mbox,
  mbr,
  mozlz4,
  nsis,
  ntfs,
  ole,
  pdf,
  pe,
  pgDump,
  png,
  qcow2,
  rDatabase,
  rar,
  redis,
  riff,
  rpm,
  rtf,
  shellPayload,
  snappy,
  sphinxInventory,
  sqlite,
  sqliteLog,
  squashfs,
  swf,
  tar,
  textData,
  tnef,
  udf,
  uuencode,
  vdi,
  vhd,
  vhdx,
  vmdk,
  wim,
  xar,
  xfs,
  xz,
  zip,
  zlib,
  zstd,
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

/** What is appended to programs is mostly theirs: an installer's data, a signature. */
const PROGRAMS: readonly string[] = ['elf', 'pe'];

/** Such a member is a piece of what holds it, and no file that somebody keeps. What follows the end of a picture is none. */
export function isPiece(id: string, name: Member['name']): boolean {
  const format = formatOf(id);
  if (format === null || !(format.partial === true || format.pieces === true)) return false;
  return name !== AFTER_THE_END || PROGRAMS.includes(id);
}

/** That it was opened to its end proves that it is what it says: foreign bytes would have been noticed. */
export function checksItself(id: string): boolean {
  return formatOf(id)?.unchecked !== true;
}
