import { isEncryptedByDesign, type ContentType } from '../domain/index.ts';

/** Kinds of content between which names are mixed up in everyday life, or not. */
export const FAMILIES = [
  'text',
  'rtf',
  'image',
  'media',
  'zip',
  'ole',
  'archive',
  'compressed',
  'disk',
  'executable',
  'font',
  'pdf',
  'postscript',
  'database',
  'dump',
  'encrypted',
  'other',
] as const;
export type Family = (typeof FAMILIES)[number];

const BY_CONTAINER: Readonly<Record<string, Family>> = {
  tar: 'archive',
  '7z': 'archive',
  rar: 'archive',
  cab: 'archive',
  arj: 'archive',
  lzh: 'archive',
  cpio: 'archive',
  ar: 'archive',
  rpm: 'archive',
  wim: 'archive',
  xar: 'archive',
  chm: 'archive',
  gzip: 'compressed',
  bzip2: 'compressed',
  xz: 'compressed',
  zstd: 'compressed',
  lz4: 'compressed',
  lzip: 'compressed',
  lzma: 'compressed',
  compress: 'compressed',
  zip: 'zip',
  ole: 'ole',
  nsis: 'executable',
  dmg: 'disk',
  iso: 'disk',
  udf: 'disk',
  ext: 'disk',
  btrfs: 'disk',
  exfat: 'disk',
  xfs: 'disk',
  fat: 'disk',
  ntfs: 'disk',
  hfs: 'disk',
  apfs: 'disk',
  squashfs: 'disk',
  lvm: 'disk',
  mbr: 'disk',
  gpt: 'disk',
  qcow2: 'disk',
  vmdk: 'disk',
  vhd: 'disk',
  vhdx: 'disk',
  vdi: 'disk',
};

const BY_MIME: Readonly<Record<string, Family>> = {
  'application/pdf': 'pdf',
  'application/postscript': 'postscript',
  'application/rtf': 'rtf',
  'application/ogg': 'media',
  'application/x-riff': 'media',
  'application/x-brotli': 'compressed',
  'application/x-android-backup': 'compressed',
  'application/x-lzop': 'compressed',
  'application/x-lrzip': 'compressed',
  'application/x-snappy-framed': 'compressed',
  'application/zlib': 'compressed',
  'application/x-ace-compressed': 'archive',
  'application/x-zoo': 'archive',
  'application/x-zpaq': 'archive',
  'application/x-dar': 'archive',
  'application/x-installshield': 'archive',
  'application/x-postgresql-dump': 'dump',
  'application/x-oracle-dump': 'dump',
  'application/x-ms-tape-format': 'dump',
  'application/x-object': 'executable',
  'application/x-executable': 'executable',
  'application/x-sharedlib': 'executable',
  'application/x-coredump': 'executable',
  'application/x-elf': 'executable',
  'application/vnd.appimage': 'executable',
  'application/vnd.microsoft.portable-executable': 'executable',
  'application/x-dosexec': 'executable',
  'application/x-mach-binary': 'executable',
  'application/java-vm': 'executable',
  'application/wasm': 'executable',
  'application/x-ms-shortcut': 'executable',
  'application/x-dex': 'executable',
  'application/x-bytecode.python': 'executable',
  'application/x-erlang-beam': 'executable',
  'application/x-llvm-bitcode': 'executable',
  'application/vnd.sqlite3': 'database',
  'application/vnd.ms-access': 'database',
  'application/x-font-type1': 'font',
  'application/x-font-cff': 'font',
};

/** The kind of content. Its own type stands before a container behind it: a picture with a zip is a picture. */
export function family(found: Pick<ContentType, 'mime' | 'by' | 'container'>): Family {
  if (found.by === 'text') return 'text';
  const named = BY_MIME[found.mime];
  if (named !== undefined) return named;
  if (isEncryptedByDesign(found.mime)) return 'encrypted';
  if (found.mime.startsWith('image/')) return 'image';
  if (found.mime.startsWith('audio/') || found.mime.startsWith('video/')) return 'media';
  if (found.mime.startsWith('font/')) return 'font';
  return (found.container === null ? undefined : BY_CONTAINER[found.container]) ?? 'other';
}
