import type { Format } from '../format.ts';
import { unpackArchive } from '../seven-zip/unpack.ts';
import { Damaged } from '../trouble.ts';

interface Row {
  readonly name: string;
  readonly description: string;
  readonly reference: string;
  readonly limitations?: readonly string[];
  /** 7-Zip's name of the format; null: it finds out, and opens what is inside a disk image in one step. */
  readonly type: string | null;
  readonly sparse?: true;
}

const SEVEN_ZIP = '7-Zip: https://www.7-zip.org/';
const DELETED = 'Deleted files and free space are not looked at';
const ONE_STEP =
  'With one file system inside, its files are members at once; the gaps around it are not looked at';

/** What 7-Zip opens, in a thread of its own. One line each. */
const ROWS: Readonly<Record<string, Row>> = {
  '7z': {
    name: '7z',
    description: 'Archives of 7-Zip: LZMA, LZMA2, PPMd, BZip2, Deflate, AES-256.',
    reference: 'https://www.7-zip.org/7z.html',
    type: '7z',
    limitations: ['Methods of other programs (Zstandard, Brotli, LZ4) are a gap'],
  },
  rar: {
    name: 'RAR',
    description: 'RAR 2 to 5, also encrypted.',
    reference: 'https://www.rarlab.com/technote.htm',
    type: null,
    limitations: ['Parts of archives in several volumes are a gap'],
  },
  cab: {
    name: 'Cabinet',
    description: 'Cabinets of Windows: MSZIP, LZX, Quantum.',
    reference: 'https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-cab/',
    type: 'cab',
  },
  arj: { name: 'ARJ', description: 'Archives of ARJ.', reference: SEVEN_ZIP, type: 'arj' },
  lzh: { name: 'LZH', description: 'Archives of LHA.', reference: SEVEN_ZIP, type: 'lzh' },
  cpio: {
    name: 'cpio',
    description: 'Old, portable and new cpio archives.',
    reference: 'https://www.gnu.org/software/cpio/',
    type: 'cpio',
  },
  ar: {
    name: 'ar',
    description: 'Archives of Unix ar: Debian packages, static libraries.',
    reference: 'https://manpages.debian.org/ar.5',
    type: 'ar',
  },
  rpm: {
    name: 'RPM',
    description: 'Packages of RPM: the compressed payload is the member.',
    reference: 'https://rpm.org/docs/',
    type: 'rpm',
    limitations: ['The header (with its scripts) is only seen as part of the whole file'],
  },
  iso: {
    name: 'ISO 9660',
    description: 'Images of optical disks with Joliet and Rock Ridge names.',
    reference: 'https://ecma-international.org/publications-and-standards/standards/ecma-119/',
    type: 'iso',
    sparse: true,
  },
  wim: { name: 'WIM', description: 'Windows images: XPRESS, LZX, LZMS.', reference: SEVEN_ZIP, type: 'wim' },
  xar: {
    name: 'xar',
    description: 'Archives of xar: installers of macOS.',
    reference: 'https://github.com/apple-oss-distributions/xar',
    type: 'xar',
  },
  chm: { name: 'CHM', description: 'Compiled help of Windows.', reference: SEVEN_ZIP, type: 'chm' },
  ole: {
    name: 'OLE compound file',
    description: 'Documents and installers of Microsoft before 2007: every stream.',
    reference: 'https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb/',
    type: 'compound',
    limitations: ['VBA source stays compressed within its stream'],
  },
  dmg: {
    name: 'Apple disk image',
    description: 'UDIF images: zlib, bzip2, LZFSE, ADC.',
    reference: SEVEN_ZIP,
    type: null,
    sparse: true,
    limitations: [ONE_STEP],
  },
  nsis: {
    name: 'NSIS',
    description: 'Installers made with NSIS.',
    reference: 'https://nsis.sourceforge.io/',
    type: 'nsis',
  },
  ext: {
    name: 'ext2/3/4',
    description: 'File systems of Linux.',
    reference: 'https://docs.kernel.org/filesystems/ext4/',
    type: 'ext',
    sparse: true,
    limitations: [DELETED],
  },
  fat: {
    name: 'FAT',
    description: 'FAT12, FAT16, FAT32.',
    reference: SEVEN_ZIP,
    type: 'fat',
    sparse: true,
    limitations: [DELETED, 'exFAT is a gap'],
  },
  ntfs: {
    name: 'NTFS',
    description: 'File systems of Windows.',
    reference: SEVEN_ZIP,
    type: 'ntfs',
    sparse: true,
    limitations: [DELETED],
  },
  squashfs: {
    name: 'SquashFS',
    description: 'Compressed read-only file systems.',
    reference: 'https://docs.kernel.org/filesystems/squashfs.html',
    type: 'squashfs',
  },
  qcow2: {
    name: 'QCOW2',
    description: 'Disk images of QEMU.',
    reference: 'https://www.qemu.org/docs/master/interop/qcow2.html',
    type: null,
    sparse: true,
    limitations: [ONE_STEP, 'Snapshots are not looked at', 'Images with a backing file are a gap'],
  },
  vmdk: {
    name: 'VMDK',
    description: 'Disk images of VMware.',
    reference: SEVEN_ZIP,
    type: null,
    sparse: true,
    limitations: [ONE_STEP, 'Images in several files are a gap'],
  },
  vhd: {
    name: 'VHD',
    description: 'Disk images of Virtual PC.',
    reference: SEVEN_ZIP,
    type: null,
    sparse: true,
    limitations: [ONE_STEP, 'Differencing images are a gap'],
  },
  vhdx: {
    name: 'VHDX',
    description: 'Disk images of Hyper-V.',
    reference: 'https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/',
    type: null,
    sparse: true,
    limitations: [ONE_STEP, 'Differencing images are a gap'],
  },
  vdi: {
    name: 'VDI',
    description: 'Disk images of VirtualBox.',
    reference: SEVEN_ZIP,
    type: null,
    sparse: true,
    limitations: [ONE_STEP, 'Snapshots are not looked at'],
  },
  mbr: {
    name: 'Disk with MBR',
    description: 'A raw disk: its partitions.',
    reference: SEVEN_ZIP,
    type: null,
    sparse: true,
    limitations: [ONE_STEP],
  },
  gpt: {
    name: 'Disk with GPT',
    description: 'A raw disk: its partitions.',
    reference: 'https://uefi.org/specifications',
    type: null,
    sparse: true,
    limitations: [ONE_STEP],
  },
  udf: {
    name: 'UDF',
    description: 'Images of optical disks.',
    reference: SEVEN_ZIP,
    type: 'udf',
    sparse: true,
  },
  hfs: {
    name: 'HFS+',
    description: 'File systems of macOS.',
    reference: SEVEN_ZIP,
    type: 'hfs',
    sparse: true,
    limitations: [DELETED],
  },
  apfs: {
    name: 'APFS',
    description: 'File systems of macOS.',
    reference: SEVEN_ZIP,
    type: 'apfs',
    sparse: true,
    limitations: [DELETED, 'Encrypted volumes are a gap'],
  },
};

export const sevenZipArchives: readonly Format[] = Object.entries(ROWS).map(([id, row]) => ({
  id,
  access: 'random',
  doc: {
    name: row.name,
    description: row.description,
    references: [row.reference],
    limitations: row.limitations ?? [],
  },
  ...(row.sparse === true ? { sparse: true } : {}),
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    await unpackArchive(source, row.type, sink, context);
  },
}));
