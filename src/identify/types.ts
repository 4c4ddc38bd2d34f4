import type { ContentType } from '../domain/index.ts';

/** What is known of a MIME type, whoever recognised it. */
export interface TypeFacts {
  readonly description: string;
  readonly container: string | null;
  readonly density: ContentType['density'];
}

/*
 * One line a type: MIME type | description | container format or `-` | density.
 * MIME types are IANA's where there are any, else those of shared-mime-info or libmagic, else `application/x-...`
 * of ours. Containers count as `compressed`: they may hold anything, and their members are judged one by one.
 * So do sampled sound, outlines, key material and encrypted formats: there, high entropy is what the type promises.
 */
const TABLE = `
application/octet-stream | Unknown binary data | - | unknown
application/x-empty | Empty file | - | plain

application/x-tar | Tar archive | tar | compressed
application/gzip | Gzip compressed data | gzip | compressed
application/x-bzip2 | Bzip2 compressed data | bzip2 | compressed
application/x-xz | XZ compressed data | xz | compressed
application/zstd | Zstandard compressed data | zstd | compressed
application/x-lz4 | LZ4 compressed data | lz4 | compressed
application/x-lz4+json | LZ4 compressed data of Firefox | mozlz4 | compressed
application/x-lzip | Lzip compressed data | lzip | compressed
application/x-lzma | LZMA compressed data | lzma | compressed
application/x-compress | Unix compress data (.Z) | compress | compressed
application/zip | Zip archive | zip | compressed
application/x-7z-compressed | 7-Zip archive | 7z | compressed
application/vnd.rar | RAR archive | rar | compressed
application/vnd.ms-cab-compressed | Microsoft Cabinet archive | cab | compressed
application/x-arj | ARJ archive | arj | compressed
application/x-lzh-compressed | LHA archive | lzh | compressed
application/x-cpio | Cpio archive | cpio | compressed
application/x-archive | Ar archive | ar | compressed
application/vnd.debian.binary-package | Debian package | ar | compressed
application/x-rpm | RPM package | rpm | compressed
application/x-ms-wim | Windows Imaging archive | wim | compressed
application/x-xar | Xar archive | xar | compressed
application/vnd.ms-htmlhelp | Windows compiled help (CHM) | chm | compressed
application/x-nsis-installer | Windows installer (NSIS) | nsis | compressed

application/x-iso9660-image | ISO 9660 disc image | iso | compressed
application/x-udf-image | UDF disc image | udf | compressed
application/x-apple-diskimage | Apple disk image | dmg | compressed
application/x-ext-image | Ext2/3/4 file system | ext | compressed
application/x-xfs-image | XFS file system | xfs | compressed
application/x-fat-image | FAT file system | fat | compressed
application/x-ntfs-image | NTFS file system | ntfs | compressed
application/x-hfs-image | HFS/HFS+ file system | hfs | compressed
application/x-apfs-image | APFS file system | apfs | compressed
application/vnd.squashfs | SquashFS file system | squashfs | compressed
application/x-mbr-image | Disk image with MBR partitions | mbr | compressed
application/x-gpt-image | Disk image with GPT partitions | gpt | compressed
application/x-qemu-disk | QEMU disk image (qcow) | qcow2 | compressed
application/x-vmdk-disk | VMware disk image | vmdk | compressed
application/x-vhd-disk | Virtual PC disk image (VHD) | vhd | compressed
application/x-vhdx-disk | Hyper-V disk image (VHDX) | vhdx | compressed
application/x-vdi-disk | VirtualBox disk image | vdi | compressed

application/vnd.openxmlformats-officedocument.wordprocessingml.document | Word document (OOXML) | zip | compressed
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet | Excel workbook (OOXML) | zip | compressed
application/vnd.openxmlformats-officedocument.presentationml.presentation | PowerPoint presentation (OOXML) | zip | compressed
application/vnd.ms-word.document.macroenabled.12 | Word document with macros (OOXML) | zip | compressed
application/vnd.ms-excel.sheet.macroenabled.12 | Excel workbook with macros (OOXML) | zip | compressed
application/vnd.ms-powerpoint.presentation.macroenabled.12 | PowerPoint presentation with macros (OOXML) | zip | compressed
application/vnd.ms-visio.drawing.main+xml | Visio drawing (OOXML) | zip | compressed
application/x-ooxml | Open Packaging Conventions archive | zip | compressed
application/vnd.oasis.opendocument.text | OpenDocument text | zip | compressed
application/vnd.oasis.opendocument.spreadsheet | OpenDocument spreadsheet | zip | compressed
application/vnd.oasis.opendocument.presentation | OpenDocument presentation | zip | compressed
application/vnd.oasis.opendocument.graphics | OpenDocument drawing | zip | compressed
application/epub+zip | EPUB book | zip | compressed
application/java-archive | Java archive | zip | compressed
application/x-java-jmod | Java module (jmod) | zip | compressed
application/vnd.android.package-archive | Android package | zip | compressed

application/x-ole-storage | OLE compound file | ole | compressed
application/msword | Word document (OLE) | ole | compressed
application/vnd.ms-excel | Excel workbook (OLE) | ole | compressed
application/vnd.ms-powerpoint | PowerPoint presentation (OLE) | ole | compressed
application/vnd.ms-outlook | Outlook message (OLE) | ole | compressed
application/vnd.visio | Visio drawing (OLE) | ole | compressed
application/x-msi | Windows Installer package (OLE) | ole | compressed
application/x-ooxml-encrypted | Office document, encrypted with a password (OLE) | ole | compressed

application/x-brotli | Brotli compressed data | brotli | compressed
application/x-android-backup | Android backup (.ab) | android-backup | compressed
application/x-lzop | LZOP compressed data | lzop | compressed
application/x-lrzip | LRZIP compressed data | - | compressed
application/x-snappy-framed | Snappy framed data | snappy | compressed
application/zlib | Zlib compressed data | zlib | compressed
application/x-rzip | Rzip compressed data | - | compressed
application/x-pack | Data compressed with pack | - | compressed
application/x-ms-compress | Data compressed with COMPRESS.EXE | - | compressed
application/x-ppmd | PPMd compressed data | - | compressed
application/x-lzfse | LZFSE compressed data | - | compressed
application/x-pack200 | Java archive in Pack200 | - | compressed
application/x-openpgp-data | OpenPGP data, compressed or signed | - | compressed
application/x-activemime | Office document in ActiveMime | activemime | compressed
application/x-stuffit | StuffIt archive | - | compressed
application/x-apple-archive | Apple archive | - | compressed
application/x-ms-reader | Microsoft Help 2 or Reader file | - | compressed
application/x-veeam-backup | Veeam backup | - | compressed
application/x-ace-compressed | ACE archive | - | compressed
application/x-arc | ARC archive | - | compressed
application/x-zoo | Zoo archive | - | compressed
application/x-zpaq | ZPAQ archive | - | compressed
application/x-alz | ALZip archive | - | compressed
application/x-egg | EGG archive | - | compressed
application/x-freearc | FreeArc archive | - | compressed
application/x-installshield | InstallShield cabinet | - | compressed
application/x-dar | Disk ARchive (dar) | - | compressed
application/x-borg-segment | Borg repository segment | - | compressed
application/x-erlang-beam | Erlang module | beam | compressed
application/x-r-database | R database | r-database | compressed
application/x-sphinx-inventory | Index of a Sphinx documentation | sphinx-inventory | compressed
application/x-git-blob | Git blob | git-blob | compressed
application/x-git-bundle | Git bundle | - | compressed
application/x-git-packfile | Git pack | - | compressed
application/x-hg-bundle | Mercurial bundle | - | compressed
application/x-proxmox-vma | Proxmox VMA backup | - | compressed
application/x-proxmox-backup-blob | Proxmox Backup Server blob | - | compressed
application/x-proxmox-backup-encrypted | Proxmox Backup Server blob, encrypted | - | compressed
application/x-proxmox-backup-index | Proxmox Backup Server chunk index | - | compressed
application/x-postgresql-dump | PostgreSQL dump, custom format | pg-dump | compressed
application/x-oracle-dump | Oracle export | - | plain
application/x-ms-tape-format | Microsoft Tape Format backup (BKF, SQL Server) | - | compressed
application/x-zfs-stream | ZFS send stream | - | compressed
application/x-btrfs-stream | Btrfs send stream | - | compressed
application/x-xfsdump | XFS dump | - | compressed
application/x-ufs-dump | Unix dump archive | - | compressed
application/x-bacula-volume | Bacula volume | - | compressed
application/x-amanda-dump | Amanda dump | - | compressed
application/x-partclone | Partclone image | - | compressed
application/x-partimage | Partimage image | - | compressed
application/x-fsarchiver | FSArchiver archive | - | compressed
application/x-ntfsclone | Image of ntfsclone | - | compressed
application/x-acronis-tib | Acronis True Image backup | - | compressed
application/x-btrfs-image | Btrfs file system | btrfs | compressed
application/x-exfat-image | ExFAT file system | exfat | compressed
application/x-qed-disk | QEMU disk image (QED) | - | compressed
application/x-apple-partition-map | Disk with an Apple partition map | - | compressed
application/x-android-sparse-image | Android sparse image | - | compressed
application/x-android-super-image | Android image of dynamic partitions | - | compressed
application/x-squashfs-lzma | SquashFS file system, LZMA | - | compressed
application/x-refs-image | ReFS file system | - | compressed
application/x-reiserfs-image | ReiserFS file system | - | compressed
application/x-erofs-image | EROFS file system | - | compressed
application/x-jffs2-image | JFFS2 file system | - | compressed
application/x-ubi-image | UBI image of flash memory | - | compressed
application/x-ubifs-image | UBIFS file system | - | compressed
application/x-f2fs-image | F2FS file system | - | compressed
application/x-cramfs-image | CramFS file system | - | compressed
application/x-romfs-image | RomFS file system | - | plain
application/x-jfs-image | JFS file system | - | compressed
application/x-nilfs-image | NILFS2 file system | - | compressed
application/x-ufs-image | UFS file system | - | compressed
application/x-bcachefs-image | Bcachefs file system | - | compressed
application/x-zfs-pool | Device of a ZFS pool | - | compressed
application/x-lvm-image | LVM physical volume | lvm | compressed
application/x-mdraid-image | Linux software RAID member | - | compressed
application/x-swap-image | Linux swap space | - | compressed
application/x-parallels-disk | Parallels disk image | - | compressed
application/vnd.appimage | AppImage (ELF with a file system inside) | elf | compressed
application/x-shellscript-payload | Shell script with a binary payload | shell-payload | unknown

application/x-luks | LUKS encrypted volume | - | compressed
application/x-bitlocker | BitLocker encrypted volume | - | compressed
application/x-apple-diskimage-encrypted | Apple disk image, encrypted | - | compressed
application/pgp-encrypted | OpenPGP message | - | compressed
application/age-encryption | age encrypted file | - | compressed
application/x-openssl-salted | OpenSSL enc data with a salted password | - | compressed
application/x-ansible-vault | Ansible vault | - | plain
application/x-axcrypt | AxCrypt encrypted file | - | compressed
application/x-aescrypt | AES Crypt encrypted file | - | compressed
application/x-ecryptfs | eCryptfs encrypted file | - | compressed
application/x-keepass | KeePass database | - | compressed
application/x-java-keystore | Java keystore | - | compressed
application/x-pkcs12 | PKCS #12 keystore | - | compressed
application/x-vboot-key | Verified boot key | - | compressed

application/x-object | ELF object file | elf | plain
application/x-executable | ELF executable | elf | plain
application/x-sharedlib | ELF shared object or position independent executable | elf | plain
application/x-coredump | ELF core dump | elf | plain
application/x-elf | ELF file | elf | plain
application/x-guile-object | Compiled module of Guile | elf | plain
application/vnd.microsoft.portable-executable | Windows executable (PE) | pe | plain
application/x-dosexec | DOS executable (MZ) | - | plain
application/x-mach-binary | Mach-O executable | - | plain
application/java-vm | Java class | - | plain
application/wasm | WebAssembly module | - | plain
application/x-dex | Dalvik executable | - | plain
application/x-bytecode.python | Python bytecode | - | plain
application/x-llvm-bitcode | LLVM bitcode | - | compressed

application/pdf | PDF document | pdf | compressed
application/postscript | PostScript document | - | plain
application/rtf | Rich text document | rtf | plain
image/vnd.djvu | DjVu document | - | compressed
application/tzif | Time zone data | - | plain
application/x-apple-plist | Apple binary property list | binary-plist | plain
application/x-ms-shortcut | Windows shortcut | - | plain
application/vnd.ms-outlook-pst | Outlook data file (PST) | - | plain
application/applefile | AppleDouble resource fork | - | plain

image/png | PNG image | png | compressed
image/jpeg | JPEG image | jpeg | compressed
image/gif | GIF image | gif | compressed
image/webp | WebP image | riff | compressed
image/bmp | Windows bitmap image | - | compressed
image/tiff | TIFF image | - | compressed
image/heic | HEIC image | iso-media | compressed
image/heif | HEIF image | iso-media | compressed
image/avif | AVIF image | iso-media | compressed
image/jp2 | JPEG 2000 image | - | compressed
image/jxl | JPEG XL image | - | compressed
image/vnd.microsoft.icon | Windows icon | - | compressed
image/vnd.adobe.photoshop | Photoshop image | - | compressed
image/x-xcf | GIMP image | - | compressed
image/x-icns | Apple icon | - | compressed
image/x-exr | OpenEXR image | - | compressed
image/vnd.ms-dds | DirectDraw surface | - | compressed
image/svg+xml | SVG image | - | plain

audio/mpeg | MPEG audio (MP3) | - | compressed
audio/ogg | Ogg audio | - | compressed
video/ogg | Ogg video | - | compressed
application/ogg | Ogg stream | - | compressed
audio/flac | FLAC audio | - | compressed
audio/x-wav | WAVE audio | riff | compressed
audio/aac | AAC audio | - | compressed
audio/mp4 | MPEG-4 audio | iso-media | compressed
audio/x-aiff | AIFF audio | - | compressed
audio/basic | Sun audio | - | compressed
audio/amr | AMR audio | - | compressed
audio/midi | MIDI music | - | plain
video/mp4 | MPEG-4 video | iso-media | compressed
video/quicktime | QuickTime video | iso-media | compressed
video/3gpp | 3GPP video | iso-media | compressed
video/x-matroska | Matroska video | - | compressed
video/webm | WebM video | - | compressed
video/x-msvideo | AVI video | riff | compressed
video/x-flv | Flash video | - | compressed
video/x-ms-asf | Windows Media (ASF) | - | compressed
audio/x-gsm | Telephone speech (GSM 06.10) | - | compressed
video/mpeg | MPEG video | - | compressed
video/mp2t | MPEG transport stream | - | compressed
application/x-riff | RIFF data | riff | unknown

font/ttf | TrueType font | - | compressed
font/otf | OpenType font | - | compressed
font/collection | Font collection | - | compressed
font/woff | Web font (WOFF) | - | compressed
font/woff2 | Web font (WOFF2) | - | compressed
application/x-font-cff | Compact font (CFF) | - | compressed
application/x-font-type1 | PostScript Type 1 font | - | compressed

application/vnd.sqlite3 | SQLite database | sqlite | plain
application/x-sqlite-wal | SQLite write-ahead log | sqlite-log | plain
application/x-sqlite-journal | SQLite rollback journal | sqlite-log | plain
application/x-innodb-tablespace | MySQL InnoDB tablespace | - | plain
application/x-wiredtiger | WiredTiger (MongoDB) file | - | unknown
application/x-rocksdb-table | LevelDB or RocksDB table | - | compressed
application/x-redis-dump | Redis dump | redis | compressed
application/x-gdbm | GDBM database | - | plain
application/x-berkeley-db | Berkeley DB | - | plain
application/vnd.ms-access | Access database | - | plain
application/x-ese-database | Extensible Storage Engine database | - | plain
application/x-windows-registry | Windows registry hive | - | plain
application/x-ms-evtx | Windows event log | - | plain
application/vnd.apache.parquet | Parquet data | - | compressed
application/vnd.apache.orc | ORC data | - | compressed
application/vnd.apache.avro | Avro data | - | compressed
application/x-uefi-firmware | UEFI firmware volume | - | compressed
application/x-option-rom | PCI option ROM | - | compressed
application/x-linux-kernel | Linux kernel | - | compressed
application/x-hdf5 | HDF5 data | - | unknown
application/x-matlab-data | MATLAB data | - | compressed
application/x-r-data | R data | - | unknown
application/x-gettext-translation | Gettext message catalogue | - | plain
application/vnd.tcpdump.pcap | Packet capture | - | unknown
application/x-git-index | Git index or pack index | - | unknown
application/x-systemd-journal | Systemd journal | - | plain
application/pkcs7-mime | Signed or encrypted data (CMS) | cms | compressed
application/vnd.ms-tnef | Outlook message in TNEF (winmail.dat) | tnef | compressed
application/vnd.adobe.flash.movie | Flash film (SWF) | swf | compressed
application/pkix-cert | X.509 certificate or other DER data | - | compressed
application/x-pgp-keyring | OpenPGP keys | - | compressed

text/plain | Plain text | - | plain
text/html | HTML document | - | plain
application/xhtml+xml | XHTML document | - | plain
text/xml | XML document | - | plain
application/json | JSON data | - | plain
application/x-ndjson | Newline-delimited JSON data | - | plain
application/yaml | YAML data | - | plain
text/csv | Comma-separated values | - | plain
text/x-shellscript | Shell script | - | plain
text/x-script.python | Python script | - | plain
text/x-perl | Perl script | - | plain
text/x-php | PHP script | - | plain
text/x-ruby | Ruby script | - | plain
text/x-tcl | Tcl script | - | plain
text/x-lua | Lua script | - | plain
text/x-awk | Awk script | - | plain
text/javascript | JavaScript source | - | plain
text/x-script | Script | - | plain
text/x-powershell | PowerShell script | - | plain
text/x-msdos-batch | DOS batch file | - | plain
text/x-diff | Patch | - | plain
text/x-tex | TeX document | - | plain
text/vcard | vCard | - | plain
text/calendar | iCalendar | - | plain
application/sql | SQL statements | - | plain
application/mbox | Mailbox (mbox) | mbox | plain
message/rfc822 | Mail message | mail | plain
text/x-uuencode | Uuencoded file | uuencode | plain
text/x-yenc | File encoded in yEnc | uuencode | unknown
application/mac-binhex40 | BinHex file | binhex | plain
application/x-pem-file | PEM encoded keys or certificates | - | plain
application/pgp-keys | OpenPGP keys, armored | - | plain
application/pgp-signature | OpenPGP signature | - | plain
text/x-git-lfs-pointer | Git LFS pointer | - | plain
application/x-vmdk-descriptor | VMware disk descriptor (text) | vmdk | plain
application/x-thin-archive | Thin ar archive (names only) | - | plain
`;

/** MIME type to what is known of it. */
export const TYPES: ReadonlyMap<string, TypeFacts> = new Map(
  TABLE.split('\n')
    .filter((line) => line !== '')
    .map((line): [string, TypeFacts] => {
      const [mime = '', description = '', container = '-', density = ''] = line.split(' | ');
      return [
        mime,
        {
          description,
          container: container === '-' ? null : container,
          density: density === 'compressed' || density === 'plain' ? density : 'unknown',
        },
      ];
    }),
);
