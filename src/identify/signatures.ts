import * as check from './checks.ts';
import type { View } from './view.ts';

/** One exact signature: bytes at an offset, and where they are too weak, a check of the header's fields. */
export interface Signature {
  readonly mime: string;
  /** From the beginning; negative: from the end. */
  readonly offset: number;
  /** One character a byte. */
  readonly bytes: string;
  /** Where the bytes are written down. */
  readonly source: string;
  readonly also: ((view: View) => boolean) | null;
}

const row = (
  mime: string,
  offset: number,
  bytes: string,
  source: string,
  also: Signature['also'] = null,
): Signature => ({ mime, offset, bytes, source, also });

const MAGIC = 'file(1) 5.46, magic/Magdir';
const MIMEINFO = 'shared-mime-info 2.4, freedesktop.org.xml';
const ISOBMFF = 'ISO/IEC 14496-12, 4.3';
const MACHO = 'Apple, mach-o/loader.h and fat.h';
const LINUX = 'Linux, include/uapi/linux/magic.h';
const JFFS2 = 'Linux, include/uapi/linux/jffs2.h';
const PROXMOX = 'Proxmox Backup, docs/file-formats.rst: first 8 bytes of a SHA-256 of the type name';
const JPEG2000 = 'ISO/IEC 15444-1, annex I';
const BDB = 'Berkeley DB, db_page.h';

/*
 * In order: the first that fits wins. Footers stand first (a .dmg begins with whatever its first block happens to
 * hold), then long magics before short ones.
 */
export const SIGNATURES: readonly Signature[] = [
  row(
    'application/x-apple-diskimage',
    -512,
    'koly\0\0\0\x04\0\0\x02\0',
    'Apple UDIF: "koly" block, version 4',
  ),
  row(
    'application/x-vhd-disk',
    -512,
    'conectix',
    'Microsoft, Virtual Hard Disk Image Format Specification 1.0',
  ),
  row('application/x-rocksdb-table', -8, '\x57\xfb\x80\x8b\x24\x75\x47\xdb', 'LevelDB, doc/table_format.md'),
  row(
    'application/x-rocksdb-table',
    -8,
    '\xf7\xcf\xf4\x85\xb7\x41\xe2\x88',
    'RocksDB, block_based_table_builder.cc',
  ),

  row('application/gzip', 0, '\x1f\x8b', 'RFC 1952, 2.3.1', check.isGzip),
  row('application/x-bzip2', 0, 'BZh', 'bzip2 1.0.8, compress.c', check.isBzip2),
  row('application/x-xz', 0, '\xfd7zXZ\0', 'The .xz File Format 1.2.1, 2.1.1.1'),
  row('application/zstd', 0, '\x28\xb5\x2f\xfd', 'RFC 8878, 3.1.1'),
  row('application/x-lz4', 0, '\x04\x22\x4d\x18', 'LZ4 Frame Format 1.6.4', check.isLz4Frame),
  row('application/x-lz4', 0, '\x02\x21\x4c\x18', 'LZ4 Frame Format 1.6.4, "Legacy frame"'),
  row('application/x-lzip', 0, 'LZIP\x01', 'Lzip manual, "File format"'),
  row('application/x-lzma', 0, '\x5d', 'LZMA SDK, lzma-specification.txt', check.isLzmaAlone),
  row('application/x-compress', 0, '\x1f\x9d', 'compress(1), ncompress 5.0', check.isCompress),
  row('application/x-android-backup', 0, 'ANDROID BACKUP\n', 'Android, BackupManagerService.java'),
  row('application/x-lzop', 0, '\x89LZO\0\r\n\x1a\n', 'lzop 1.04, lzop.c'),
  row('application/x-arc', 0, '\x1a', 'arc 5.21, arcdos.h and Arcinfo', check.isArc),
  row('application/x-lrzip', 0, 'LRZI', 'lrzip, doc/magic.header.txt'),
  row('application/x-rzip', 0, 'RZIP', 'rzip 2.1, rzip.h', (v) => v.byte(4) === 2),
  row('application/x-pack', 0, '\x1f\x1e', 'gzip 1.12, unpack.c', check.isPack),
  row('application/x-ms-compress', 0, 'SZDD\x88\xf0\x27\x33', 'libmspack, szdd'),
  row('application/x-ms-compress', 0, 'KWAJ\x88\xf0\x27\xd1', 'libmspack, kwaj'),
  row('application/x-ppmd', 0, '\x8f\xaf\xac\x84', '7-Zip, PpmdHandler.cpp'),
  row('application/x-lzfse', 0, 'bvx2', 'Apple, lzfse_internal.h'),
  row('application/x-lzfse', 0, 'bvxn', 'Apple, lzfse_internal.h'),
  row('application/x-pack200', 0, '\xca\xfe\xd0\x0d', 'JSR 200, Pack200'),
  row('application/x-openpgp-data', 0, '', 'RFC 9580, 5.4 and 5.6', check.isPgpData),
  row('application/x-activemime', 0, 'ActiveMime', 'oletools, olevba'),
  row('application/x-erlang-beam', 0, 'FOR1', 'The BEAM Book, 7', (v) => v.has(8, 'BEAM')),
  row('application/x-sphinx-inventory', 0, '# Sphinx inventory version 2\n', 'Sphinx, util/inventory.py'),
  row('application/x-git-blob', 0, 'blob ', 'git, gitformat-loose', check.isGitBlob),
  row('application/x-snappy-framed', 0, '\xff\x06\0\0sNaPpY', 'snappy, framing_format.txt'),

  row('application/zip', 0, 'PK\x03\x04', 'PKWARE APPNOTE 6.3.10, 4.3.7'),
  row('application/zip', 0, 'PK\x05\x06', 'PKWARE APPNOTE 6.3.10, 4.3.16 (an empty archive)'),
  row('application/zip', 0, 'PK\x07\x08PK\x03\x04', 'PKWARE APPNOTE 6.3.10, 8.5.4 (split)'),
  row('application/zip', 0, 'PK00PK\x03\x04', 'PKWARE APPNOTE 6.3.10, 8.5.4 (split, single segment)'),
  row('application/x-java-jmod', 0, 'JM\x01\0PK\x03\x04', 'OpenJDK, jdk.internal.jmod.JmodFile'),
  row('application/x-7z-compressed', 0, "7z\xbc\xaf'\x1c", '7-Zip, DOC/7zFormat.txt'),
  row('application/vnd.rar', 0, 'Rar!\x1a\x07\x01\0', 'RAR 5.0 archive format'),
  row('application/vnd.rar', 0, 'Rar!\x1a\x07\0', 'UnRAR, TechNote'),
  row('application/vnd.ms-cab-compressed', 0, 'MSCF\0\0\0\0', 'Microsoft Cabinet format, CFHEADER'),
  row('application/x-installshield', 0, 'ISc(', MAGIC),
  row('application/x-arj', 0, '\x60\xea', 'ARJ technical information, 1993', check.isArj),
  row('application/x-lzh-compressed', 2, '-l', 'LHa for UNIX, header.doc', check.isLzh),
  row('application/x-stuffit', 0, 'SIT!', MAGIC, (v) => v.has(10, 'rLau')),
  row('application/x-stuffit', 0, 'StuffIt (c)1997', MAGIC),
  row('application/x-apple-archive', 0, 'AA01', 'Apple, AppleArchive'),
  row('application/x-apple-archive', 0, 'YAA1', 'Apple, AppleArchive'),
  row('application/vnd.rar', 0, 'RE\x7e\x5e', 'UnRAR, RAR 1.4'),
  row('application/x-ms-reader', 0, 'ITOLITLS\x01\0\0\0', '7-Zip, ChmHandler.cpp'),
  row('application/x-ace-compressed', 7, '**ACE**', MAGIC),
  row('application/x-zoo', 20, '\xdc\xa7\xc4\xfd', MAGIC),
  row(
    'application/x-zpaq',
    0,
    '\x37\x6b\x53\x74\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3',
    'ZPAQ specification 2.06, 7',
  ),
  row('application/x-zpaq', 0, 'zPQ', 'ZPAQ specification 2.06', (v) => v.byte(3) >= 1 && v.byte(3) <= 2),
  row('application/x-cpio', 0, '070701', 'FreeBSD cpio(5), newc', check.isHexCpio),
  row('application/x-cpio', 0, '070702', 'FreeBSD cpio(5), newc with check sum', check.isHexCpio),
  row('application/x-cpio', 0, '070707', 'FreeBSD cpio(5), odc', check.isOctalCpio),
  row('application/x-cpio', 0, '07070X', 'rpm, lib/cpio.h'),
  row('application/x-cpio', 0, '\xc7\x71', 'FreeBSD cpio(5), old binary', check.isBinaryCpio),
  row('application/x-cpio', 0, '\x71\xc7', 'FreeBSD cpio(5), old binary', check.isBinaryCpio),
  row('application/vnd.debian.binary-package', 0, '!<arch>\ndebian-binary', 'deb(5)'),
  row('application/x-archive', 0, '!<arch>\n', 'ar(5)'),
  row('application/x-thin-archive', 0, '!<thin>\n', 'GNU binutils, ar'),
  row('application/x-rpm', 0, '\xed\xab\xee\xdb', 'RPM reference manual, "Package format"'),
  row('application/x-ms-wim', 0, 'MSWIM\0\0\0', 'Microsoft, Windows Imaging File Format'),
  row('application/x-ms-wim', 0, 'WLPWM\0\0\0', 'wimlib, pipable WIM'),
  row('application/x-xar', 0, 'xar!', 'xar, xar.h', (v) => v.be16(4) >= 28 && v.be16(4) <= 512),
  row('application/vnd.ms-htmlhelp', 0, 'ITSF\x03\0\0\0', MAGIC),
  row('application/x-ole-storage', 0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', '[MS-CFB] 2.2'),

  row(
    'application/x-qemu-disk',
    0,
    'QFI\xfb',
    'QEMU, docs/interop/qcow2',
    (v) => v.be32(4) > 0 && v.be32(4) <= 3,
  ),
  row(
    'application/x-vmdk-disk',
    0,
    'KDMV',
    'VMware Virtual Disk Format 5.0',
    (v) => v.u32(4) > 0 && v.u32(4) <= 3,
  ),
  row('application/x-vmdk-disk', 0, 'COWD\x01\0\0\0', 'VMware Virtual Disk Format 5.0, ESX sparse'),
  row('application/x-qed-disk', 0, 'QED\0', 'QEMU, docs/interop/qed_spec'),
  row('application/x-apple-partition-map', 512, 'PM\0\0', 'Apple, Inside Macintosh: Devices, 3-25', (v) =>
    v.has(0, 'ER'),
  ),
  row(
    'application/x-android-sparse-image',
    0,
    '\x3a\xff\x26\xed\x01\0',
    'Android, libsparse: sparse_format.h',
  ),
  row('application/x-android-super-image', 4096, 'gDla', 'Android, liblp: metadata_format.h'),
  row('application/x-vhdx-disk', 0, 'vhdxfile', '[MS-VHDX] 2.2.1'),
  row('application/x-vhd-disk', 0, 'conectix\0\0\0', 'Microsoft VHD 1.0 (copy of the footer in front)'),
  row('application/x-vdi-disk', 64, '\x7f\x10\xda\xbe', 'VirtualBox, VDICore.h'),
  row('application/x-parallels-disk', 0, 'WithoutFreeSpace', 'QEMU, docs/interop/parallels'),
  row('application/x-parallels-disk', 0, 'WithouFreSpacExt', 'QEMU, docs/interop/parallels'),
  row('application/vnd.squashfs', 0, 'hsqs', LINUX, (v) => v.u16(28) >= 1 && v.u16(28) <= 4),
  row('application/vnd.squashfs', 0, 'sqsh', LINUX, (v) => v.be16(28) >= 1 && v.be16(28) <= 4),
  row('application/x-squashfs-lzma', 0, 'shsq', MAGIC),
  row('application/x-squashfs-lzma', 0, 'qshs', MAGIC),
  row('application/x-cramfs-image', 0, '\x45\x3d\xcd\x28', LINUX),
  row('application/x-romfs-image', 0, '-rom1fs-', 'Linux, Documentation/filesystems/romfs'),
  row('application/x-xfs-image', 0, 'XFSB', LINUX, check.isXfs),
  row(
    'application/x-luks',
    0,
    'LUKS\xba\xbe',
    'LUKS On-Disk Format 1.2.3',
    (v) => v.be16(6) === 1 || v.be16(6) === 2,
  ),
  row('application/x-bitlocker', 3, '-FVE-FS-', 'libbde, BDE format'),
  row('application/x-apple-diskimage-encrypted', 0, 'encrcdsa\0\0\0', MAGIC),
  row('application/x-apfs-image', 32, 'NXSB', 'Apple File System Reference, nx_superblock_t'),
  row('application/x-lvm-image', 512, 'LABELONE', 'LVM2, lib/label/label.h', (v) => v.has(536, 'LVM2 001')),
  row('application/x-lvm-image', 0, 'LABELONE', 'LVM2, lib/label/label.h', (v) => v.has(24, 'LVM2 001')),
  row('application/x-mdraid-image', 4096, '\xfc\x4e\x2b\xa9\x01\0\0\0', 'Linux, raid/md_p.h (1.2)'),
  row('application/x-mdraid-image', 0, '\xfc\x4e\x2b\xa9\x01\0\0\0', 'Linux, raid/md_p.h (1.1)'),
  row('application/x-swap-image', 4086, 'SWAPSPACE2', 'Linux, include/linux/swap.h'),
  row('application/x-erofs-image', 1024, '\xe2\xe1\xf5\xe0', LINUX),
  row('application/x-jffs2-image', 0, '\x85\x19', JFFS2, check.isJffs2),
  row('application/x-jffs2-image', 0, '\x19\x85', JFFS2, check.isJffs2),
  row('application/x-ubi-image', 0, 'UBI#\x01\0\0\0', 'Linux, drivers/mtd/ubi/ubi-media.h'),
  row(
    'application/x-ubifs-image',
    0,
    '\x31\x18\x10\x06',
    'Linux, fs/ubifs/ubifs-media.h',
    (v) => v.byte(20) === 6,
  ),
  row('application/x-f2fs-image', 1024, '\x10\x20\xf5\xf2\x01\0', LINUX),
  row('application/x-btrfs-image', 65600, '_BHRfS_M', 'Btrfs on-disk format, super block'),
  row('application/x-reiserfs-image', 65588, 'ReIsEr', LINUX),
  row('application/x-iso9660-image', 32769, 'CD001', 'ECMA-119, 8.1.2'),
  row('application/x-udf-image', 32769, 'BEA01', 'ECMA-167, 2/9.2', check.isUdf),
  row('application/x-ext-image', 1080, '\x53\xef', LINUX, check.isExt),
  row('application/x-hfs-image', 1024, 'H+\0\x04', 'Apple, Technical Note TN1150'),
  row('application/x-hfs-image', 1024, 'HX\0\x05', 'Apple, Technical Note TN1150'),
  row('application/x-hfs-image', 1024, 'BD', 'Apple, Inside Macintosh: Files, 2-59', check.isHfs),
  row('application/x-ntfs-image', 3, 'NTFS    ', 'Linux-NTFS project, $Boot'),
  row('application/x-exfat-image', 3, 'EXFAT   ', 'Microsoft, exFAT specification, 3.1.2'),
  row('application/x-refs-image', 3, 'ReFS\0\0\0\0', 'libfsrefs, ReFS format'),
  row('application/x-gpt-image', 512, 'EFI PART', 'UEFI 2.10, 5.3.2'),
  row('application/x-gpt-image', 4096, 'EFI PART', 'UEFI 2.10, 5.3.2 (sectors of 4 KiB)'),
  row('application/x-fat-image', 510, '\x55\xaa', 'Microsoft FAT specification, 3', check.isFat),
  row('application/x-mbr-image', 510, '\x55\xaa', 'UEFI 2.10, 5.2.1', check.isPartitionTable),

  row('application/x-dar', 0, '\0\0\0\x7b', 'dar, doc/Notes: archive format', check.isDar),
  row('application/x-veeam-backup', 0, '', 'dissect.hypervisor, c_vbk.py', check.isVeeam),
  row('application/x-borg-segment', 0, 'BORG_SEG', 'Borg, internals: data structures'),
  row('application/x-borg-segment', 0, 'BORG_IDX', 'Borg, internals: data structures'),
  row('application/x-borg-segment', 0, 'BORG2IDX', 'Borg, internals: data structures'),
  row(
    'application/x-git-packfile',
    0,
    'PACK\0\0\0',
    'gitformat-pack(5)',
    (v) => v.byte(7) === 2 || v.byte(7) === 3,
  ),
  row('application/x-git-bundle', 0, '# v2 git bundle\n', 'gitformat-bundle(5)', check.isGitBundle),
  row('application/x-git-bundle', 0, '# v3 git bundle\n', 'gitformat-bundle(5)', check.isGitBundle),
  row('application/x-git-index', 0, '\xfftOc', 'gitformat-pack(5), version 2 index'),
  row('application/x-git-index', 0, 'DIRC\0\0\0', 'gitformat-index(5)'),
  row('application/x-proxmox-vma', 0, 'VMA\0', 'Proxmox, pve-qemu: vma_spec.txt', (v) => v.be32(4) === 1),
  row('application/x-proxmox-backup-blob', 0, '\x42\xab\x38\x07\xbe\x83\x70\xa1', PROXMOX),
  row('application/x-proxmox-backup-blob', 0, '\x31\xb9\x58\x42\x6f\xb6\xa3\x7f', PROXMOX),
  row('application/x-proxmox-backup-encrypted', 0, '\x7b\x67\x85\xbe\x22\x2d\x4c\xf0', PROXMOX),
  row('application/x-proxmox-backup-encrypted', 0, '\xe6\x59\x1b\xbf\x0b\xbf\xd8\x0b', PROXMOX),
  row('application/x-proxmox-backup-index', 0, '\x2f\x7f\x41\xed\x91\xfd\x0f\xcd', PROXMOX),
  row('application/x-proxmox-backup-index', 0, '\x1c\x91\x4e\xa5\x19\xba\xb3\xcd', PROXMOX),
  row('application/x-postgresql-dump', 0, 'PGDMP\x01', 'PostgreSQL, pg_backup_archiver.c'),
  row('application/x-oracle-dump', 3, 'EXPORT:V', MAGIC),
  row('application/x-ms-tape-format', 0, 'TAPE', 'Microsoft Tape Format 1.00a, 5.2.1', check.isMtf),
  row(
    'application/x-zfs-stream',
    8,
    '\xac\xcb\xba\xf5\x02\0\0\0',
    'OpenZFS, sys/zfs_ioctl.h, DMU_BACKUP_MAGIC',
  ),
  row(
    'application/x-zfs-stream',
    8,
    '\0\0\0\x02\xf5\xba\xcb\xac',
    'OpenZFS, sys/zfs_ioctl.h, DMU_BACKUP_MAGIC',
  ),
  row('application/x-btrfs-stream', 0, 'btrfs-stream\0', 'Linux, fs/btrfs/send.h'),
  row('application/x-xfsdump', 0, 'xFSdump0', MAGIC),
  row('application/x-ufs-dump', 24, '\x6c\xea\0\0', 'dump(8), protocols/dumprestore.h'),
  row('application/x-ufs-dump', 24, '\0\0\xea\x6c', 'dump(8), protocols/dumprestore.h'),
  row('application/x-bacula-volume', 12, 'BB02', 'Bacula developers guide, "Storage media output format"'),
  row('application/x-amanda-dump', 0, 'AMANDA: ', MAGIC),
  row('application/x-partclone', 0, 'partclone-image', 'Partclone, IMAGE_FORMATS.md'),
  row('application/x-partimage', 0, 'PaRtImAgE-VoLuMe', MAGIC),

  row('application/age-encryption', 0, 'age-encryption.org/v1\n-> ', 'C2SP, age-encryption.org/v1'),
  row('application/x-openssl-salted', 0, 'Salted__', 'openssl-enc(1)', (v) => v.size === null || v.size > 16),
  row(
    'application/x-ansible-vault',
    0,
    '$ANSIBLE_VAULT;1.',
    'Ansible user guide, "Format of files encrypted with Vault"',
  ),
  row(
    'application/x-axcrypt',
    0,
    '\xc0\xb9\x07\x2e\x4f\x93\xf1\x46\xa0\x15\x79\x2c\xa1\xd9\xe8\x21',
    'AxCrypt 1.7 file format',
  ),
  row(
    'application/x-aescrypt',
    0,
    'AES',
    'AES Crypt, AES file format',
    (v) => v.byte(3) >= 0 && v.byte(3) <= 3 && v.byte(4) === 0,
  ),
  row('application/x-keepass', 0, '\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5', 'KeePass, KDBX file format'),
  row('application/x-keepass', 0, '\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5', 'KeePass 1.x, PwDefs'),
  row(
    'application/x-java-keystore',
    0,
    '\xfe\xed\xfe\xed\0\0\0',
    'OpenJDK, sun.security.provider.JavaKeyStore',
  ),
  row(
    'application/x-java-keystore',
    0,
    '\xce\xce\xce\xce\0\0\0',
    'OpenJDK, com.sun.crypto.provider.JceKeyStore',
  ),
  row('application/x-pkcs12', 0, '\x30', 'RFC 7292, 4; X.690, 8.1.3', check.isPfx),
  row('application/pkcs7-mime', 0, '\x30', 'RFC 5652, 3', check.isCms),
  row('application/pkix-cert', 0, '\x30\x82', 'RFC 5280, 4.1; X.690, 8.9', check.isDer),
  row('application/x-ecryptfs', 12, '', 'Linux, fs/ecryptfs/crypto.c', check.isEcryptfs),
  row('application/x-pgp-keyring', 8, 'KBXf', 'GnuPG, kbx/keybox-blob.c'),

  row('application/x-elf', 0, '\x7fELF', 'System V ABI, chapter 4'),
  row('application/vnd.microsoft.portable-executable', 0, 'MZ', 'Microsoft, PE Format', check.isPe),
  row('application/x-dosexec', 0, 'MZ', 'Microsoft, MS-DOS executable header', check.isDosHeader),
  row(
    'application/java-vm',
    0,
    '\xca\xfe\xba\xbe',
    'Java Virtual Machine Specification, 4.1',
    check.isJavaClass,
  ),
  row('application/x-mach-binary', 0, '\xca\xfe\xba\xbe', MACHO, check.isFatMachO),
  row('application/x-mach-binary', 0, '\xfe\xed\xfa\xce', MACHO),
  row('application/x-mach-binary', 0, '\xfe\xed\xfa\xcf', MACHO),
  row('application/x-mach-binary', 0, '\xce\xfa\xed\xfe', MACHO),
  row('application/x-mach-binary', 0, '\xcf\xfa\xed\xfe', MACHO),
  row('application/wasm', 0, '\0asm', 'WebAssembly core specification, 5.5.16'),
  row('application/x-llvm-bitcode', 0, 'BC\xc0\xde', 'LLVM, BitCodeFormat.rst'),
  row(
    'application/x-llvm-bitcode',
    0,
    '\xde\xc0\x17\x0b',
    'LLVM, BitCodeFormat.rst, "Bitcode wrapper format"',
  ),
  row('application/x-dex', 0, 'dex\n0', 'Android, Dalvik executable format'),
  row(
    'application/x-bytecode.python',
    2,
    '\r\n',
    'CPython, importlib/_bootstrap_external.py',
    check.isPythonBytecode,
  ),

  row('application/pdf', 0, '%PDF-', 'ISO 32000-1, 7.5.2'),
  row('application/postscript', 0, '%!PS', 'PostScript Language Reference, G'),
  row('application/postscript', 0, '\xc5\xd0\xd3\xc6', 'Adobe, EPS specification, 5.2 (DOS EPS)'),
  row('application/rtf', 0, '{\\rt', 'Microsoft, RTF specification 1.9.1; Word asks for no more'),
  row('image/vnd.djvu', 0, 'AT&TFORM', 'DjVu3 specification'),
  row('application/tzif', 0, 'TZif', 'RFC 9636, 3.1', (v) => v.has(5, '\0\0\0\0\0\0\0')),
  row('application/x-apple-plist', 0, 'bplist0', 'Apple, CFBinaryPList.c'),
  row('application/x-ms-shortcut', 0, 'L\0\0\0\x01\x14\x02\0', '[MS-SHLLINK] 2.1'),
  row('application/vnd.ms-tnef', 0, '\x78\x9f\x3e\x22', '[MS-OXTNEF] 2.1.3.1'),
  row('application/vnd.ms-outlook-pst', 0, '!BDN', '[MS-PST] 2.2.2.6'),
  row('application/applefile', 0, '\0\x05\x16\x07\0\x02\0\0', 'RFC 1740, A (AppleDouble)'),
  row('application/applefile', 0, '\0\x05\x16\0\0\x02\0\0', 'RFC 1740, A (AppleSingle)'),

  row('image/png', 0, '\x89PNG\r\n\x1a\n', 'PNG specification, 5.2'),
  row('image/jpeg', 0, '\xff\xd8\xff', 'ITU-T T.81, B.1.1.3'),
  row('image/gif', 0, 'GIF87a', 'GIF89a specification, 17'),
  row('image/gif', 0, 'GIF89a', 'GIF89a specification, 17'),
  row('image/tiff', 0, 'II*\0', 'TIFF 6.0, section 2'),
  row('image/tiff', 0, 'MM\0*', 'TIFF 6.0, section 2'),
  row('image/tiff', 0, 'II+\0\x08\0\0\0', 'BigTIFF'),
  row('image/tiff', 0, 'MM\0+\0\x08\0\0', 'BigTIFF'),
  row('image/bmp', 0, 'BM', 'Microsoft, BITMAPFILEHEADER', check.isBmp),
  row('image/vnd.microsoft.icon', 0, '\0\0\x01\0', 'Microsoft, Icons in Win32', check.isIcon),
  row('image/vnd.microsoft.icon', 0, '\0\0\x02\0', 'Microsoft, Icons in Win32 (cursor)', check.isIcon),
  row(
    'image/vnd.adobe.photoshop',
    0,
    '8BPS\0',
    'Adobe Photoshop File Formats Specification',
    (v) => v.byte(5) === 1 || v.byte(5) === 2,
  ),
  row('image/x-xcf', 0, 'gimp xcf ', MIMEINFO),
  row('image/x-exr', 0, '\x76\x2f\x31\x01', 'OpenEXR file layout'),
  row('image/vnd.ms-dds', 0, 'DDS \x7c\0\0\0', 'Microsoft, DDS_HEADER'),
  row('image/x-icns', 0, 'icns', MIMEINFO, (v) => v.size === null || v.be32(4) === v.size),
  row('image/jp2', 0, '\0\0\0\x0cjP  \r\n\x87\n', JPEG2000),
  row('image/jp2', 0, '\xff\x4f\xff\x51', JPEG2000),
  row('image/jxl', 0, '\0\0\0\x0cJXL \r\n\x87\n', 'ISO/IEC 18181-2'),

  row('audio/flac', 0, 'fLaC', 'RFC 9639, 6'),
  row('audio/mpeg', 0, 'ID3', 'ID3v2.4.0, 3.1', (v) => v.byte(3) >= 2 && v.byte(3) <= 4),
  row('audio/midi', 0, 'MThd\0\0\0\x06', 'Standard MIDI Files 1.0'),
  row('audio/basic', 0, '.snd\0\0', MIMEINFO),
  row('audio/amr', 0, '#!AMR', 'RFC 4867, 5'),
  row('audio/x-aiff', 8, 'AIFF', 'Apple, AIFF 1.3', (v) => v.has(0, 'FORM')),
  row('audio/x-aiff', 8, 'AIFC', 'Apple, AIFF-C draft', (v) => v.has(0, 'FORM')),
  row('application/vnd.adobe.flash.movie', 0, 'FWS', 'SWF 19, chapter 2', check.isSwf),
  row('application/vnd.adobe.flash.movie', 0, 'CWS', 'SWF 19, chapter 2', check.isSwf),
  row('application/vnd.adobe.flash.movie', 0, 'ZWS', 'SWF 19, chapter 2', check.isSwf),
  row('video/x-flv', 0, 'FLV\x01', 'Adobe Flash Video File Format 10.1, annex E'),
  row(
    'video/x-ms-asf',
    0,
    '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c',
    'Microsoft ASF specification, 3.1',
  ),
  row(
    'video/mpeg',
    0,
    '\0\0\x01\xba',
    'ISO/IEC 13818-1, 2.5.3.3',
    (v) => (v.byte(4) & 0xc4) === 0x44 || (v.byte(4) & 0xf1) === 0x21,
  ),
  row('video/mpeg', 0, '\0\0\x01\xb3', 'ISO/IEC 11172-2, 2.4.2.3'),
  row('video/mp2t', 0, '\x47', 'ISO/IEC 13818-1, 2.4.3.2', check.isTransportStream),
  row('video/quicktime', 4, 'moov', ISOBMFF, (v) => v.be32(0) >= 8),
  row('video/quicktime', 4, 'mdat', ISOBMFF, (v) => v.be32(0) >= 8 || v.be32(0) === 1),
  row('video/quicktime', 4, 'wide', 'Apple, QuickTime File Format', (v) => v.be32(0) === 8),

  row('audio/x-gsm', 0, '', 'RFC 3551, 4.5.8.1', check.isGsm),

  row('font/ttf', 0, '\0\x01\0\0', 'OpenType 1.9, "Organization of an OpenType font"', check.isSfnt),
  row('font/ttf', 0, 'true\0', 'Apple, TrueType Reference Manual', check.isSfnt),
  row('font/otf', 0, 'OTTO', 'OpenType 1.9', check.isSfnt),
  row('font/collection', 0, 'ttcf\0', 'OpenType 1.9, "Font collections"'),
  row('font/woff', 0, 'wOFF', 'W3C, WOFF 1.0, 4', (v) => v.be16(12) > 0),
  row('font/woff2', 0, 'wOF2', 'W3C, WOFF 2.0, 4', (v) => v.be16(12) > 0),
  row('application/x-font-cff', 0, '\x01\0\x04', 'Adobe Technical Note 5176, 6 and 7', check.isCompactFont),
  row('application/x-font-type1', 0, '\x80\x01', 'Adobe Technical Note 5040', (v) => v.has(6, '%!')),

  row('application/vnd.sqlite3', 0, 'SQLite format 3\0', 'SQLite, Database File Format, 1.3'),
  row('application/x-sqlite-wal', 0, '\x37\x7f\x06\x82', 'SQLite, Database File Format, 4.1'),
  row('application/x-sqlite-wal', 0, '\x37\x7f\x06\x83', 'SQLite, Database File Format, 4.1'),
  row(
    'application/x-sqlite-journal',
    0,
    '\xd9\xd5\x05\xf9\x20\xa1\x63\xd7',
    'SQLite, Database File Format, 3',
  ),
  row('application/x-wiredtiger', 0, '\x41\xd8\x01\0\x01\0', 'WiredTiger, block.h: WT_BLOCK_MAGIC'),
  row('application/x-redis-dump', 0, 'REDIS0', 'Redis, rdb.c'),
  row('application/x-gdbm', 0, '\xce\x9a\x57\x13', MAGIC),
  row('application/x-gdbm', 0, '\xcf\x9a\x57\x13', MAGIC),
  row('application/x-berkeley-db', 12, '\x62\x31\x05\0', BDB),
  row('application/x-berkeley-db', 12, '\0\x05\x31\x62', BDB),
  row('application/x-berkeley-db', 12, '\x61\x15\x06\0', BDB),
  row('application/x-berkeley-db', 12, '\0\x06\x15\x61', BDB),
  row('application/vnd.ms-access', 4, 'Standard Jet DB\0', 'mdbtools, HACKING'),
  row('application/vnd.ms-access', 4, 'Standard ACE DB\0', 'mdbtools, HACKING'),
  row('application/x-ese-database', 4, '\xef\xcd\xab\x89', 'libesedb, ESE database file format'),
  row('application/x-windows-registry', 0, 'regf', 'libregf, REGF format', (v) => v.u32(20) === 1),
  row('application/x-ms-evtx', 0, 'ElfFile\0', 'libevtx, EVTX format'),
  row(
    'application/vnd.apache.parquet',
    0,
    'PAR1',
    'Apache Parquet, "File format"',
    (v) => v.end === null || v.end.subarray(-4).equals(v.head.subarray(0, 4)),
  ),
  row('application/vnd.apache.orc', 0, 'ORC\n', 'Apache ORC specification v1'),
  row('application/vnd.apache.avro', 0, 'Obj\x01', 'Apache Avro 1.11, "Object container files"'),
  row('application/x-hdf5', 0, '\x89HDF\r\n\x1a\n', 'HDF5 file format specification 3.0, II.A'),
  row('application/x-gettext-translation', 0, '\xde\x12\x04\x95', 'GNU gettext manual, 10.3'),
  row('application/x-gettext-translation', 0, '\x95\x04\x12\xde', 'GNU gettext manual, 10.3'),
  row('application/vnd.tcpdump.pcap', 0, '\xd4\xc3\xb2\xa1', 'pcap-savefile(5)'),
  row('application/vnd.tcpdump.pcap', 0, '\xa1\xb2\xc3\xd4', 'pcap-savefile(5)'),
  row('application/x-systemd-journal', 0, 'LPKSHHRH', 'systemd, JOURNAL_FILE_FORMAT'),
  row('application/x-innodb-tablespace', 4, '\0\0\0\0', 'MySQL, fil0types.h', check.isInnodb),

  row('audio/mpeg', 0, '\xff', 'ISO/IEC 11172-3, 2.4.1', check.isMp3),
  row('audio/aac', 0, '\xff', 'ISO/IEC 13818-7, 6.2', check.isAdts),
  row('application/zlib', 0, '', 'RFC 1950, 2.2', check.isZlib),
  row('application/x-lzma', 0, '', 'LZMA SDK, lzma-specification.txt', check.isOddLzmaAlone),
];

// Most files are decided by their first byte: only the rows that begin with it, and the few that look elsewhere.
const BY_FIRST_BYTE: readonly (readonly Signature[])[] = Array.from({ length: 256 }, (_, byte) =>
  SIGNATURES.filter(({ offset, bytes }) => offset !== 0 || bytes === '' || bytes.charCodeAt(0) === byte),
);

/** The first signature that fits; null when none does. */
export function matchSignature(view: View): Signature | null {
  for (const signature of BY_FIRST_BYTE[view.byte(0)] ?? []) {
    if (fits(view, signature)) return signature;
  }
  return null;
}

function fits(view: View, { offset, bytes, also }: Signature): boolean {
  if (offset >= 0) {
    if (!view.has(offset, bytes)) return false;
  } else if (view.end === null || view.end.length < -offset) {
    return false;
  } else {
    const at = view.end.length + offset;
    for (let i = 0; i < bytes.length; i++) if (view.end[at + i] !== bytes.charCodeAt(i)) return false;
  }
  return also === null || also(view);
}
