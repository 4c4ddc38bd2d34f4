// needs: libarchive-tools 7zip zip cpio binutils gcab arj jlha-utils rpm genisoimage squashfs-tools e2fsprogs dosfstools mtools ntfs-3g wimtools
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { rarBytes } from './kit/archives/rar-bytes.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';

// The same members with the same content as two other programs find, member by member.

/** What a container says of itself is a member for some and not for others, or has another name. */
const OWN = ['[TOC].xml', '[SYS]/Journal', '(journal)'];

type Reader = 'bsdtar' | '7zz';

interface Case {
  readonly format: string;
  readonly tools: readonly string[];
  readonly readers: readonly Reader[];
  readonly inner?: readonly string[];
  /** What 7zz must take it for, where it would choose something else. */
  readonly type?: string;
  /** Writes the archive called `out` of the folder `tree`, in the folder above it. */
  make(folder: string): void;
}

const NOISE = Buffer.from(
  Array.from({ length: 300_000 }, (_, i) => ((i * 2_654_435_761) >>> (i & 15)) & 0xff),
);
const FLAT: Readonly<Record<string, Buffer>> = {
  'a.txt': Buffer.from('a short text\n'),
  'again.txt': Buffer.from('a short text\n'),
  'noise.bin': NOISE,
  'empty.txt': Buffer.alloc(0),
};
const NESTED: Readonly<Record<string, Buffer>> = {
  ...FLAT,
  'folder/ünïcode näme.txt': Buffer.from('grüße'),
  'folder/deeper/and deeper/a.txt': Buffer.from('another of that name'),
};

const SPEC = `Name: tree
Version: 1
Release: 1
Summary: a tree
License: none
BuildArch: noarch
%description
%install
mkdir -p %{buildroot}/opt
cp -r %{_sourcedir}/tree %{buildroot}/opt
%files
/opt/tree
`;

function within(name: string, args: string): Pick<Case, 'tools' | 'make'> {
  const words = (folder: string): string[] =>
    args.split(' ').flatMap((word) => (word === '*' ? readdirSync(join(folder, 'tree')) : [word]));
  return { tools: [name], make: (folder) => void tool(join(folder, 'tree'), name, words(folder)) };
}

function cpio(kind: string): Case {
  const make = (folder: string): void => {
    const list = Buffer.from(Object.keys(NESTED).join('\n'));
    writeFileSync(
      join(folder, 'out'),
      tool(join(folder, 'tree'), 'cpio', ['-o', '-H', kind, '--quiet'], list),
    );
  };
  return { format: 'cpio', tools: ['cpio'], readers: ['bsdtar', '7zz'], make };
}

function tarOf(kind: string): Case {
  return { format: 'tar', readers: ['bsdtar', '7zz'], ...within('bsdtar', `--format ${kind} -cf ../out *`) };
}

function image(name: string, make: (folder: string) => void, tools: readonly string[]): Case {
  return { format: name, tools, readers: ['7zz'], make };
}

const CASES: Readonly<Record<string, Case>> = {
  'tar (ustar)': tarOf('ustar'),
  'tar (pax)': tarOf('pax'),
  'tar (GNU)': tarOf('gnutar'),
  zip: { format: 'zip', readers: ['bsdtar', '7zz'], ...within('zip', '-qr ../out.zip .') },
  '7z (LZMA2, solid)': { format: '7z', readers: ['bsdtar', '7zz'], ...within('7zz', 'a -t7z ../out .') },
  '7z (PPMd)': { format: '7z', readers: ['bsdtar', '7zz'], ...within('7zz', 'a -t7z -m0=PPMd ../out .') },
  '7z (BZip2)': { format: '7z', readers: ['bsdtar', '7zz'], ...within('7zz', 'a -t7z -m0=BZip2 ../out .') },
  'cpio (old binary)': cpio('bin'),
  'cpio (odc)': cpio('odc'),
  'cpio (newc)': cpio('newc'),
  'cpio (crc)': cpio('crc'),
  'ar (GNU)': {
    format: 'ar',
    readers: ['bsdtar', '7zz'],
    tools: ['ar'],
    make: (folder) => void tool(join(folder, 'tree'), 'ar', ['rc', '../out', ...Object.keys(FLAT)]),
  },
  'rar (5, stored)': {
    format: 'rar',
    // Debian's 7zz is built without it.
    readers: ['bsdtar'],
    tools: [],
    make: (folder) => writeFileSync(join(folder, 'out'), rarBytes('noise.bin', NOISE)),
  },
  cab: {
    format: 'cab',
    readers: ['bsdtar', '7zz'],
    tools: ['gcab'],
    make: (folder) => void tool(join(folder, 'tree'), 'gcab', ['-c', '-z', '../out', ...Object.keys(FLAT)]),
  },
  arj: { format: 'arj', readers: ['7zz'], ...within('arj', 'a -y -r ../out.arj .') },
  xar: { format: 'xar', readers: ['bsdtar', '7zz'], ...within('bsdtar', '--format xar -cf ../out *') },
  rpm: {
    format: 'rpm',
    readers: ['bsdtar'],
    tools: ['rpmbuild'],
    inner: ['gzip', 'cpio'],
    make(folder) {
      writeFileSync(join(folder, 'a.spec'), SPEC);
      const folders = ['_topdir', '_sourcedir', '_rpmdir'].flatMap((name) => ['-D', `${name} ${folder}`]);
      const payload = ['-D', '_binary_payload w6.gzdio', '-D', '_build_id_links none'];
      tool(folder, 'rpmbuild', ['-bb', '--quiet', ...folders, ...payload, 'a.spec']);
      writeFileSync(join(folder, 'out'), readFileSync(join(folder, 'noarch', 'tree-1-1.noarch.rpm')));
    },
  },
  'iso (Rock Ridge)': {
    format: 'iso',
    readers: ['bsdtar', '7zz'],
    ...within('genisoimage', '-quiet -R -o ../out .'),
  },
  'iso (Joliet)': {
    format: 'iso',
    readers: ['bsdtar', '7zz'],
    ...within('genisoimage', '-quiet -R -J -o ../out .'),
  },
  udf: { format: 'udf', type: 'udf', readers: ['7zz'], ...within('genisoimage', '-quiet -udf -o ../out .') },
  squashfs: { format: 'squashfs', readers: ['7zz'], ...within('mksquashfs', '. ../out -quiet -no-progress') },
  wim: { format: 'wim', readers: ['7zz'], ...within('wimcapture', '. ../out --compress=LZX') },
  ext2: image('ext', (folder) => void tool(folder, 'mke2fs', ['-qFt', 'ext2', '-d', 'tree', 'out', '8M']), [
    'mke2fs',
  ]),
  ext4: image('ext', (folder) => void tool(folder, 'mke2fs', ['-qFt', 'ext4', '-d', 'tree', 'out', '8M']), [
    'mke2fs',
  ]),
  fat: image(
    'fat',
    (folder) => {
      writeFileSync(join(folder, 'out'), Buffer.alloc(4 * 1024 * 1024));
      tool(folder, 'mkfs.vfat', ['out']);
      for (const entry of readdirSync(join(folder, 'tree')))
        tool(folder, 'mcopy', ['-s', '-i', 'out', `tree/${entry}`, '::']);
    },
    ['mkfs.vfat', 'mcopy'],
  ),
  ntfs: image(
    'ntfs',
    (folder) => {
      writeFileSync(join(folder, 'out'), Buffer.alloc(8 * 1024 * 1024));
      tool(folder, 'mkntfs', ['-F', '-q', '-Q', 'out']);
      for (const name of Object.keys(FLAT)) tool(folder, 'ntfscp', ['-f', 'out', `tree/${name}`, name]);
      tool(folder, 'ntfscp', ['-f', '-N', 'stream', 'out', 'tree/noise.bin', 'a.txt']);
    },
    ['mkntfs', 'ntfscp'],
  ),
};

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

function madeIn(folder: string, sample: Case): string {
  for (const [name, content] of Object.entries(NESTED)) {
    mkdirSync(join(folder, 'tree', name, '..'), { recursive: true });
    writeFileSync(join(folder, 'tree', name), content);
  }
  sample.make(folder);
  return readdirSync(folder).find((name) => name.startsWith('out')) ?? '';
}

function listed(reader: Reader, folder: string, archive: string, type: readonly string[]): string[] {
  if (reader === 'bsdtar') {
    const [names, details] = ['-tf', '-tvf'].map((how) => tool(folder, 'bsdtar', [how, archive]));
    const kinds = lines(details).map((line) => line[0]);
    return lines(names).filter((_, index) => kinds[index] !== 'd');
  }
  const list = tool(folder, '7zz', ['l', '-slt', '-ba', '-sns', ...type, archive]).toString('utf8');
  return list.split(/\n\n+/).flatMap((entry) => {
    const name = /^Path = (.*)$/m.exec(entry)?.[1];
    const isFolder = /^Folder = \+$/m.test(entry) || /^(?:Attributes = D|Mode = d)/m.test(entry);
    return name === undefined || isFolder || OWN.includes(name) ? [] : [name];
  });
}

function lines(printed: Buffer | undefined): string[] {
  return (printed ?? '')
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

function contentBy(
  reader: Reader,
  folder: string,
  archive: string,
  name: string,
  type: readonly string[],
): Buffer {
  if (reader === 'bsdtar') return tool(folder, 'bsdtar', ['-xOf', archive, name]);
  const streams = name.includes(':') ? '-sns' : '-sns-';
  return tool(folder, '7zz', ['x', '-so', '-spd', streams, ...type, archive, name]);
}

/** The kit gives bytes as Latin-1, and text as it is. */
function asText(name: string): string {
  const text = Buffer.from(name, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? name : text;
}

function sorted(members: readonly (readonly [name: string, sha256: string])[]): string[] {
  const plain = members.map(([name, sha256]) => `${name.replace(/^(?:\.?\/)+/, '')} ${sha256}`);
  return [...new Set(plain)].toSorted();
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe.each(Object.entries(CASES))('%s', (title, sample) => {
  const able = [...sample.tools, ...sample.readers].every(hasTool);
  test.runIf(able)('the members that others find, with the same content', async () => {
    const folder = join(scratch.path, title.replaceAll(/\W/g, '-'));
    const archive = madeIn(folder, sample);
    const { members, gaps, unsafe } = await unpack(sample.format, join(folder, archive), scratch, {
      inner: sample.inner ?? [],
    });
    expect({ gaps, unsafe }).toEqual({ gaps: [], unsafe: [] });
    const ours = sorted(
      members
        .filter(({ name }) => !name.startsWith('(') && !OWN.includes(name))
        .map(({ name, sha256 }) => [asText(name), sha256]),
    );
    expect(ours.length).toBeGreaterThan(0);
    for (const reader of sample.readers) {
      const type = sample.type === undefined ? [] : [`-t${sample.type}`];
      const theirs = listed(reader, folder, archive, type).map(
        (name) => [name, sha256Of(contentBy(reader, folder, archive, name, type))] as const,
      );
      expect({ reader, members: ours }).toEqual({ reader, members: sorted(theirs) });
    }
    rmSync(folder, { recursive: true });
  });
});
