import type { Format, Member } from './format.ts';
import { AFTER_THE_END } from './inner-name.ts';

type Load = Format['load'];
type Traits = Omit<Format, 'id' | 'access' | 'load'>;

const streamed = (id: string, load: Load, traits: Traits = {}): Format => ({
  id,
  access: 'stream',
  load,
  ...traits,
});
const random = (id: string, load: Load, traits: Traits = {}): Format => ({
  id,
  access: 'random',
  load,
  ...traits,
});

/**
 * Every format that can be opened. One line each; their ids are what identify/ calls containers. What opens one is loaded with
 * the first such container: most scans meet a handful of them.
 */
export const FORMATS: readonly Format[] = [
  random('7z', async () => import('./formats/7z.ts')),
  streamed('activemime', async () => import('./formats/activemime.ts')),
  streamed('android-backup', async () => import('./formats/android-backup.ts')),
  random('apfs', async () => import('./formats/apfs.ts'), { sparse: true }),
  random('ar', async () => import('./formats/ar.ts')),
  random('arj', async () => import('./formats/arj.ts')),
  streamed('beam', async () => import('./formats/beam.ts'), { partial: true }),
  random('binary-plist', async () => import('./formats/binary-plist.ts'), { pieces: true, unchecked: true }),
  random('binhex', async () => import('./formats/binhex.ts')),
  streamed('brotli', async () => import('./formats/brotli.ts')),
  random('btrfs', async () => import('./formats/btrfs.ts'), { sparse: true }),
  streamed('bzip2', async () => import('./formats/bzip2.ts')),
  random('cab', async () => import('./formats/cab.ts')),
  random('chm', async () => import('./formats/chm.ts')),
  streamed('cms', async () => import('./formats/cms.ts')),
  random('compress', async () => import('./formats/compress.ts')),
  streamed('cpio', async () => import('./formats/cpio.ts')),
  random('dmg', async () => import('./formats/dmg.ts'), { sparse: true }),
  streamed('elf', async () => import('./formats/elf.ts'), { partial: true, sparse: true }),
  streamed('embedded', async () => import('./formats/embedded.ts'), {
    partial: true,
    searches: true,
    sparse: true,
  }),
  random('exfat', async () => import('./formats/exfat.ts'), { sparse: true }),
  random('ext', async () => import('./formats/ext.ts'), { sparse: true }),
  random('fat', async () => import('./formats/fat.ts'), { sparse: true }),
  streamed('gif', async () => import('./formats/gif.ts'), { partial: true, sparse: true }),
  streamed('git-blob', async () => import('./formats/git-blob.ts')),
  random('gpt', async () => import('./formats/gpt.ts')),
  streamed('gzip', async () => import('./formats/gzip.ts')),
  random('hfs', async () => import('./formats/hfs.ts'), { sparse: true }),
  random('iso', async () => import('./formats/iso.ts')),
  streamed('iso-media', async () => import('./formats/iso-media.ts'), { partial: true, sparse: true }),
  streamed('jpeg', async () => import('./formats/jpeg.ts'), { partial: true, sparse: true }),
  random('lvm', async () => import('./formats/lvm.ts')),
  streamed('lz4', async () => import('./formats/lz4.ts')),
  random('lzh', async () => import('./formats/lzh.ts')),
  random('lzip', async () => import('./formats/lzip.ts')),
  streamed('lzma', async () => import('./formats/lzma.ts')),
  streamed('lzop', async () => import('./formats/lzop.ts')),
  random('mail', async () => import('./formats/mail.ts'), { unchecked: true }),
  streamed('mbox', async () => import('./formats/mbox.ts'), { unchecked: true }),
  random('mbr', async () => import('./formats/mbr.ts')),
  streamed('mozlz4', async () => import('./formats/mozlz4.ts')),
  random('nsis', async () => import('./formats/nsis.ts')),
  random('ntfs', async () => import('./formats/ntfs.ts'), { sparse: true }),
  random('ole', async () => import('./formats/ole.ts'), { pieces: true, unchecked: true }),
  random('pdf', async () => import('./formats/pdf.ts'), { partial: true }),
  streamed('pe', async () => import('./formats/pe.ts'), { partial: true, sparse: true }),
  streamed('pg-dump', async () => import('./formats/pg-dump.ts'), { pieces: true }),
  streamed('png', async () => import('./formats/png.ts'), { partial: true, sparse: true }),
  random('qcow2', async () => import('./formats/qcow2.ts')),
  streamed('r-database', async () => import('./formats/r-database.ts'), { pieces: true }),
  random('rar', async () => import('./formats/rar.ts')),
  streamed('redis', async () => import('./formats/redis.ts'), { pieces: true, unchecked: true }),
  streamed('riff', async () => import('./formats/riff.ts'), { partial: true, sparse: true }),
  streamed('rpm', async () => import('./formats/rpm.ts')),
  random('rtf', async () => import('./formats/rtf.ts'), { pieces: true, unchecked: true }),
  streamed('shell-payload', async () => import('./formats/shell-payload.ts'), {
    partial: true,
    sparse: true,
  }),
  streamed('snappy', async () => import('./formats/snappy.ts')),
  streamed('sphinx-inventory', async () => import('./formats/sphinx-inventory.ts')),
  random('sqlite', async () => import('./formats/sqlite.ts'), { pieces: true }),
  random('sqlite-log', async () => import('./formats/sqlite-log.ts'), { pieces: true }),
  random('squashfs', async () => import('./formats/squashfs.ts')),
  streamed('swf', async () => import('./formats/swf.ts'), { partial: true }),
  streamed('tar', async () => import('./formats/tar.ts'), { sparse: true }),
  streamed('text-data', async () => import('./formats/text-data.ts'), {
    partial: true,
    searches: true,
    sparse: true,
  }),
  random('tnef', async () => import('./formats/tnef.ts'), { unchecked: true }),
  random('udf', async () => import('./formats/udf.ts'), { sparse: true }),
  random('uuencode', async () => import('./formats/uuencode.ts')),
  random('vdi', async () => import('./formats/vdi.ts')),
  random('vhd', async () => import('./formats/vhd.ts')),
  random('vhdx', async () => import('./formats/vhdx.ts')),
  random('vmdk', async () => import('./formats/vmdk.ts')),
  random('wim', async () => import('./formats/wim.ts')),
  random('xar', async () => import('./formats/xar.ts')),
  random('xfs', async () => import('./formats/xfs.ts'), { sparse: true }),
  streamed('xz', async () => import('./formats/xz.ts')),
  random('zip', async () => import('./formats/zip.ts')),
  streamed('zlib', async () => import('./formats/zlib.ts')),
  streamed('zstd', async () => import('./formats/zstd.ts')),
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
