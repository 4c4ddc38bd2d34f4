import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rarBytes } from './rar-bytes.ts';
import { tool } from './tool.ts';

/** Makes a container of one format that holds the file `marker.txt` of the folder it is given. */
export interface Maker {
  /** The programs it needs. */
  readonly tools: readonly string[];
  make(folder: string): Buffer;
  /** What its members are, where the marker lies deeper. */
  readonly inner?: readonly string[];
}

/** Why nobody on this machine makes one. */
export interface NoMaker {
  readonly untested: string;
}

const MARKER = 'marker.txt';

function filter(name: string, args: readonly string[]): Maker {
  return { tools: [name], make: (folder) => tool(folder, name, args, readFileSync(join(folder, MARKER))) };
}

/** A program that writes the file `out` in the folder. */
function writes(name: string, args: readonly string[], out: string): Maker {
  return {
    tools: [name],
    make(folder) {
      tool(folder, name, args);
      return readFileSync(join(folder, out));
    },
  };
}

/** An ext4 image of 4 MiB that is then turned into a disk image. */
function diskImage(kind: string): Maker {
  return {
    tools: ['mkfs.ext4', 'qemu-img'],
    make(folder) {
      ext4(folder);
      tool(folder, 'qemu-img', ['convert', '-f', 'raw', '-O', kind, 'disk', 'image']);
      return readFileSync(join(folder, 'image'));
    },
  };
}

function ext4(folder: string): void {
  mkdirSync(join(folder, 'root'), { recursive: true });
  writeFileSync(join(folder, 'root', MARKER), readFileSync(join(folder, MARKER)));
  tool(folder, 'mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-d', 'root', 'disk', '4M']);
}

const MIB = 1024 * 1024;

/** A disk of 8 MiB with the ext4 image as its one partition, at 1 MiB. */
function partitioned(name: string, args: readonly string[], input?: string): Maker {
  return {
    tools: ['mkfs.ext4', name],
    make(folder) {
      ext4(folder);
      const disk = Buffer.alloc(8 * MIB);
      readFileSync(join(folder, 'disk')).copy(disk, MIB);
      writeFileSync(join(folder, 'whole'), disk);
      tool(folder, name, [...args, 'whole'], Buffer.from(input ?? ''));
      return readFileSync(join(folder, 'whole'));
    },
  };
}

const SPEC = `Name: marker
Version: 1
Release: 1
Summary: a marker
License: none
BuildArch: noarch
%description
%install
mkdir -p %{buildroot}/opt
cp %{_sourcedir}/${MARKER} %{buildroot}/opt
%files
/opt/${MARKER}
`;

const NSIS = `OutFile setup.exe
SetCompress off
Section
SetOutPath $TEMP
File ${MARKER}
SectionEnd
`;

/** One line for each format of the registry; a test holds both lists to each other. */
export const MAKERS: Readonly<Record<string, Maker | NoMaker>> = {
  tar: writes('tar', ['cf', 'a.tar', MARKER], 'a.tar'),
  gzip: filter('gzip', ['-c']),
  bzip2: filter('bzip2', ['-c']),
  xz: filter('xz', ['-c']),
  zstd: filter('zstd', ['-c']),
  lz4: filter('lz4', ['-c']),
  lzip: filter('lzip', ['-c']),
  lzma: filter('xz', ['--format=lzma', '-c']),
  compress: filter('compress', ['-f', '-c']),
  zip: writes('zip', ['-q', 'a.zip', MARKER], 'a.zip'),
  '7z': writes('7zz', ['a', 'a.7z', MARKER], 'a.7z'),
  rar: { tools: [], make: (folder) => rarBytes(MARKER, readFileSync(join(folder, MARKER))) },
  cab: writes('gcab', ['-c', 'a.cab', MARKER], 'a.cab'),
  arj: writes('arj', ['a', '-y', 'a.arj', MARKER], 'a.arj'),
  lzh: writes('jlha', ['aq', 'a.lzh', MARKER], 'a.lzh'),
  cpio: {
    tools: ['cpio'],
    make: (folder) => tool(folder, 'cpio', ['-o', '-H', 'newc', '--quiet'], Buffer.from(`${MARKER}\n`)),
  },
  ar: writes('ar', ['rc', 'a.a', MARKER], 'a.a'),
  rpm: {
    tools: ['rpmbuild'],
    make(folder) {
      writeFileSync(join(folder, 'a.spec'), SPEC);
      const folders = ['_topdir', '_sourcedir', '_rpmdir'].flatMap((name) => ['-D', `${name} ${folder}`]);
      const payload = ['-D', '_binary_payload w6.gzdio', '-D', '_build_id_links none'];
      tool(folder, 'rpmbuild', ['-bb', '--quiet', ...folders, ...payload, 'a.spec']);
      return readFileSync(join(folder, 'noarch', 'marker-1-1.noarch.rpm'));
    },
    inner: ['gzip', 'cpio'],
  },
  iso: writes('genisoimage', ['-quiet', '-R', '-J', '-o', 'a.iso', MARKER], 'a.iso'),
  wim: writes('7zz', ['a', '-twim', 'a.wim', MARKER], 'a.wim'),
  xar: writes('bsdtar', ['--format', 'xar', '-cf', 'a.xar', MARKER], 'a.xar'),
  chm: { untested: 'no maker: only Microsoft HTML Help Workshop writes them' },
  ole: writes('gsf', ['createole', 'a.ole', MARKER], 'a.ole'),
  dmg: { untested: 'no maker in Debian' },
  nsis: {
    tools: ['makensis'],
    make(folder) {
      writeFileSync(join(folder, 'a.nsi'), NSIS);
      tool(folder, 'makensis', ['-V1', 'a.nsi']);
      return readFileSync(join(folder, 'setup.exe'));
    },
  },
  ext: {
    tools: ['mkfs.ext4'],
    make(folder) {
      ext4(folder);
      return readFileSync(join(folder, 'disk'));
    },
  },
  fat: {
    tools: ['mkfs.vfat', 'mcopy'],
    make(folder) {
      writeFileSync(join(folder, 'fat'), Buffer.alloc(2 * MIB));
      tool(folder, 'mkfs.vfat', ['fat']);
      tool(folder, 'mcopy', ['-i', 'fat', MARKER, `::${MARKER}`]);
      return readFileSync(join(folder, 'fat'));
    },
  },
  ntfs: {
    tools: ['mkntfs', 'ntfscp'],
    make(folder) {
      writeFileSync(join(folder, 'ntfs'), Buffer.alloc(8 * MIB));
      tool(folder, 'mkntfs', ['-F', '-q', '-Q', 'ntfs']);
      tool(folder, 'ntfscp', ['-f', 'ntfs', MARKER, MARKER]);
      return readFileSync(join(folder, 'ntfs'));
    },
  },
  squashfs: writes('mksquashfs', [MARKER, 'a.squash', '-quiet', '-no-progress'], 'a.squash'),
  qcow2: diskImage('qcow2'),
  vmdk: diskImage('vmdk'),
  vhd: diskImage('vpc'),
  vhdx: diskImage('vhdx'),
  vdi: diskImage('vdi'),
  mbr: partitioned('sfdisk', ['-q'], 'start=1MiB,size=4MiB,type=83\n'),
  gpt: partitioned('sgdisk', ['-n', '1:2048:+4M', '-t', '1:8300']),
  udf: writes('genisoimage', ['-quiet', '-udf', '-o', 'a.udf', MARKER], 'a.udf'),
  hfs: { untested: 'no maker of HFS+ in Debian main' },
  apfs: { untested: 'no maker in Debian that writes files into it' },
};

/** A folder's marker in a container of that format, made from nothing. */
export function makeContainer(maker: Maker, folder: string, content: Buffer): Buffer {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, MARKER), content);
  try {
    return maker.make(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
