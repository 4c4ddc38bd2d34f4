import type { Format } from './format.ts';
import { androidBackup } from './formats/android-backup.ts';
import { brotli } from './formats/brotli.ts';
import { gzip } from './formats/gzip.ts';
import { lz4 } from './formats/lz4.ts';
import { pgDump } from './formats/pg-dump.ts';
import { sqlite } from './formats/sqlite.ts';
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
import { gpt } from './formats/gpt.ts';
import { mbr } from './formats/mbr.ts';
import { vdi } from './formats/vdi.ts';
import { vhd } from './formats/vhd.ts';
import { vhdx } from './formats/vhdx.ts';
import { qcow2 } from './formats/qcow2.ts';
import { vmdk } from './formats/vmdk.ts';
import { lvm } from './formats/lvm.ts';
import { bzip2, compress, lzma, xz } from './formats/seven-zip-streams.ts';
import { elf } from './formats/elf.ts';
import { gif } from './formats/gif.ts';
import { isoMedia } from './formats/iso-media.ts';
import { jpeg } from './formats/jpeg.ts';
import { ole } from './formats/ole.ts';
import { rtf } from './formats/rtf.ts';
import { pe } from './formats/pe.ts';
import { png } from './formats/png.ts';
import { riff } from './formats/riff.ts';
import { shellPayload } from './formats/shell-payload.ts';
import { snappy } from './formats/snappy.ts';
import { cms } from './formats/cms.ts';
import { dataUri } from './formats/data-uri.ts';
import { mail } from './formats/mail.ts';
import { mbox } from './formats/mbox.ts';
import { pdf } from './formats/pdf.ts';
import { swf } from './formats/swf.ts';
import { tnef } from './formats/tnef.ts';
import { binhex, uuencode } from './formats/uuencode.ts';
import { lzop } from './formats/lzop.ts';
import { tar } from './formats/tar.ts';
import { zip } from './formats/zip.ts';
import { zlib } from './formats/zlib.ts';
import { zstd } from './formats/zstd.ts';

/** Every format that can be opened. One line each; their ids are what identify/ calls containers. */
export const FORMATS: readonly Format[] = [
  tar,
  gzip,
  bzip2,
  xz,
  zstd,
  lz4,
  pgDump,
  sqlite,
  lzip,
  lzma,
  compress,
  zlib,
  brotli,
  lzop,
  snappy,
  androidBackup,
  shellPayload,
  zip,
  ole,
  rtf,
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
  qcow2,
  vmdk,
  lvm,
  mbr,
  gpt,
  vhd,
  vhdx,
  vdi,
  elf,
  gif,
  isoMedia,
  jpeg,
  pe,
  png,
  riff,
  pdf,
  mail,
  mbox,
  tnef,
  uuencode,
  binhex,
  cms,
  swf,
  dataUri,
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
