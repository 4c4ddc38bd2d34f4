// needs: 7zip cpio binutils libarchive-tools gcab arj wimtools rpm
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { crc32, gzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { rarBytes } from './kit/archives/rar-bytes.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';

// Kinds of archives and packages, and what lies in them beside members: volumes, scripts, passwords, second archives.

const TEXT = 'a text to be found\n';
const LARGE = Buffer.from(
  Array.from({ length: 200_000 }, (_, i) => ((i * 2_654_435_761) >>> (i & 15)) & 0xff),
);

let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  folder = scratch.path;
  writeFileSync(join(folder, 'a.txt'), TEXT);
  writeFileSync(join(folder, 'a name of more than sixteen bytes.bin'), LARGE);
  writeFileSync(join(folder, 'large.bin'), LARGE);
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

function read(name: string): Buffer {
  return readFileSync(join(folder, name));
}

function newc(): Buffer {
  return tool(folder, 'cpio', ['-o', '-H', 'newc', '--quiet'], Buffer.from('a.txt\n'));
}

describe.runIf(hasTool('cpio'))('cpio', () => {
  test('old binary headers of the other byte order are read', async () => {
    const bytes = tool(folder, 'cpio', ['-o', '-H', 'bin', '--quiet'], Buffer.from('a.txt\n'));
    for (let at = 0, left = 2; left > 0; left--) {
      const [name, size] = [bytes.readUInt16LE(at + 20), bytes.readUInt16LE(at + 24)];
      bytes.subarray(at, at + 26).swap16();
      at += 26 + name + (name % 2) + size + (size % 2);
    }
    const { members, gaps } = await unpack('cpio', bytes, scratch);
    expect(gaps).toEqual([]);
    expect(members).toMatchObject([{ name: 'a.txt', text: TEXT }]);
  });

  test('a second archive behind the first, compressed as in an initramfs, is a member', async () => {
    const second = gzipSync(newc());
    const { members, gaps } = await unpack('cpio', Buffer.concat([newc(), second]), scratch);
    expect(gaps).toEqual([]);
    expect(members).toMatchObject([{ name: 'a.txt' }, { name: '(data after the end)', size: second.length }]);
  });
});

describe.runIf(hasTool('ar') && hasTool('bsdtar'))('ar', () => {
  test.each(['GNU', 'BSD'])('long names as %s writes them', async (kind) => {
    const names = ['a.txt', 'a name of more than sixteen bytes.bin'];
    if (kind === 'GNU') tool(folder, 'ar', ['rc', 'GNU', ...names]);
    else tool(folder, 'bsdtar', ['--format', 'arbsd', '-cf', 'BSD', ...names]);
    const { members, gaps } = await unpack('ar', read(kind), scratch);
    expect(gaps).toEqual([]);
    expect(members.map(({ name }) => name).slice(0, 2)).toEqual(names);
  });

  test('of two members with one name both are examined', async () => {
    tool(folder, 'ar', ['q', 'twice', 'a.txt']);
    tool(folder, 'ar', ['q', 'twice', 'a.txt']);
    expect((await unpack('ar', read('twice'), scratch)).members).toHaveLength(2);
  });
});

const SPEC = `Name: scripts
Version: 1
Release: 1
Summary: scripts
License: none
BuildArch: noarch
%description
%install
mkdir -p %{buildroot}/opt
cp %{_sourcedir}/a.txt %{buildroot}/opt
%pre
echo before
%post
echo after
%triggerin -- bash
echo first trigger
%triggerin -- sed
echo second trigger
%files
/opt/a.txt
`;

function packageWith(payload: string): Buffer {
  writeFileSync(join(folder, 'a.spec'), SPEC);
  const folders = ['_topdir', '_sourcedir', '_rpmdir'].flatMap((name) => ['-D', `${name} ${folder}`]);
  const options = ['-D', `_binary_payload ${payload}`, '-D', '_build_id_links none'];
  tool(folder, 'rpmbuild', ['-bb', '--quiet', ...folders, ...options, 'a.spec']);
  return read('noarch/scripts-1-1.noarch.rpm');
}

describe.runIf(hasTool('rpmbuild'))('RPM', () => {
  test('every script of the header is a member, and so is the header', async () => {
    const { members, gaps } = await unpack('rpm', packageWith('w6.gzdio'), scratch);
    expect(gaps).toEqual([]);
    expect(members.map(({ name }) => name)).toEqual([
      '(header)',
      '(script before installing)',
      '(script after installing)',
      '(script trigger)',
      '(script trigger, 2)',
      'payload.cpio.gz',
    ]);
    expect(members.at(2)?.text).toBe('echo after');
    expect(members.at(4)?.text).toBe('echo second trigger');
  });

  test.each([
    ['w9.bzdio', 'bzip2'],
    ['w6.xzdio', 'xz'],
    ['w3.zstdio', 'zstd'],
    ['w6.lzdio', 'lzma'],
  ])('a payload of kind %s is reached', async (payload, format) => {
    const { members, gaps } = await unpack('rpm', packageWith(payload), scratch, { inner: [format, 'cpio'] });
    expect(gaps).toEqual([]);
    expect(members.some(({ text }) => text === TEXT)).toBe(true);
  });

  test('cut off in its payload or its header it is a gap', async () => {
    const whole = packageWith('w6.gzdio');
    for (const length of [whole.length - 1, 2000, 100, 50]) {
      const { gaps } = await unpack('rpm', whole.subarray(0, length), scratch);
      expect(gaps).toMatchObject([{ reason: 'corrupt' }]);
    }
  });

  test('a header that claims to be larger than may be is over budget, and holds no memory', async () => {
    const bytes = Buffer.from(packageWith('w6.gzdio'));
    bytes.writeUInt32BE(0xffffffff, 96 + 8);
    expect((await unpack('rpm', bytes, scratch)).gaps).toMatchObject([{ reason: 'budget_exceeded' }]);
  });
});

describe('parts of a whole that is not at hand are a gap, and what is in them is examined', () => {
  test.runIf(hasTool('arj'))('volumes of ARJ', async () => {
    tool(folder, 'arj', ['a', '-y', '-v100k', 'volume.arj', 'a.txt', 'large.bin']);
    for (const name of ['volume.arj', 'volume.a01']) {
      const { gaps } = await unpack('arj', read(name), scratch);
      expect(gaps).toMatchObject([{ reason: 'unsupported_format', member: 'large.bin' }]);
    }
  });

  test.runIf(hasTool('wimcapture'))('parts of a split WIM, and the pipable kind', async () => {
    mkdirSync(join(folder, 'wim'));
    writeFileSync(join(folder, 'wim/large.bin'), LARGE);
    writeFileSync(join(folder, 'wim/a.txt'), TEXT);
    tool(folder, 'wimcapture', ['wim', 'whole.wim', '--compress=none']);
    tool(folder, 'wimsplit', ['whole.wim', 'part.swm', '0.1']);
    const { gaps } = await unpack('wim', read('part.swm'), scratch);
    expect(gaps[0]).toMatchObject({
      reason: 'unsupported_format',
      detail: expect.stringMatching(/^part 1 of/),
    });
    tool(folder, 'wimcapture', ['wim', 'pipable.wim', '--pipable']);
    const pipable = await unpack('wim', read('pipable.wim'), scratch);
    expect(pipable.gaps).toMatchObject([{ reason: 'unsupported_format' }]);
  });

  test.runIf(hasTool('gcab'))('a cabinet of a set', async () => {
    tool(folder, 'gcab', ['-c', 'set.cab', 'a.txt']);
    const bytes = read('set.cab');
    // Room for the names of the next cabinet and its disk: two empty strings behind the fixed header.
    const larger = Buffer.concat([bytes.subarray(0, 36), Buffer.from('\0\0'), bytes.subarray(36)]);
    larger.writeUInt16LE(2, 30);
    const { gaps } = await unpack('cab', larger, scratch);
    expect(gaps[0]).toMatchObject({
      reason: 'unsupported_format',
      detail: expect.stringContaining('part 1 of'),
    });
  });

  test('volumes of RAR', async () => {
    const whole = rarBytes('a.txt', Buffer.from(TEXT));
    const [mark, rest] = [whole.subarray(0, 8), whole.subarray(8)];
    // Archive flags: a volume, with its number behind.
    rest[rest.indexOf(Buffer.from([1, 0, 0]), 4) + 2] = 1;
    const { gaps } = await unpack('rar', Buffer.concat([mark, rest]), scratch);
    expect(gaps[0]).toMatchObject({
      reason: 'unsupported_format',
      detail: expect.stringContaining('part 1 of'),
    });
  });
});

describe('what is listed and does not come out', () => {
  test.runIf(hasTool('gcab'))('a file that a cabinet calls a folder is told, with its bytes', async () => {
    tool(folder, 'gcab', ['-c', 'folder.cab', 'a.txt', 'large.bin']);
    const bytes = read('folder.cab');
    const attributes = bytes.indexOf('a.txt') - 2;
    bytes.writeUInt16LE(bytes.readUInt16LE(attributes) | 0x10, attributes);
    const { gaps, unsafe, members } = await unpack('cab', bytes, scratch);
    expect(gaps).toMatchObject([
      { reason: 'corrupt', detail: expect.stringContaining(`${TEXT.length} bytes`) },
    ]);
    expect(unsafe).toEqual(['content-in-folder']);
    expect(members.map(({ name }) => name)).toEqual(['large.bin']);
  });

  test.runIf(hasTool('arj'))('and a file that an ARJ archive calls one', async () => {
    tool(folder, 'arj', ['a', '-y', '-m0', 'folder.arj', 'a.txt']);
    const bytes = read('folder.arj');
    const header = bytes.indexOf(Buffer.from([0x60, 0xea]), 2);
    const end = header + 4 + bytes.readUInt16LE(header + 2);
    bytes.writeUInt8(3, header + 4 + 6);
    bytes.writeUInt32LE(crc32(bytes.subarray(header + 4, end)), end);
    expect((await unpack('arj', bytes, scratch)).unsafe).toEqual(['content-in-folder']);
  });
});

describe.runIf(hasTool('7zz'))('7z', () => {
  test('an update that deletes files is read without a gap', async () => {
    mkdirSync(join(folder, 'update'));
    writeFileSync(join(folder, 'update/gone.txt'), 'gone');
    tool(join(folder, 'update'), '7zz', ['a', '../base.7z', 'gone.txt']);
    rmSync(join(folder, 'update/gone.txt'));
    writeFileSync(join(folder, 'update/new.txt'), 'new');
    tool(join(folder, 'update'), '7zz', ['u', '../base.7z', '-u-', '-uq3x2y2z0!../update.7z', '*']);
    expect(tool(folder, '7zz', ['l', '-slt', 'update.7z']).toString()).toContain('Anti = +');
    const { members, gaps } = await unpack('7z', read('update.7z'), scratch);
    expect(gaps).toEqual([]);
    expect(members.map(({ name }) => name)).toEqual(['new.txt']);
  });

  test.each(['LZMA', 'LZMA2', 'PPMd', 'BZip2', 'Deflate', 'Copy', 'Delta:4', 'ARM64', 'BCJ'])(
    'packed with %s it is opened',
    async (method) => {
      const filter = /^(?:Delta|ARM|BCJ)/.test(method) ? [`-m0=${method}`, '-m1=LZMA2'] : [`-m0=${method}`];
      const name = `${method.replace(':', '')}.7z`;
      tool(folder, '7zz', ['a', ...filter, name, 'a.txt', 'large.bin']);
      const { members, gaps } = await unpack('7z', read(name), scratch);
      expect(gaps).toEqual([]);
      expect(members.map(({ size }) => size).toSorted((a, b) => a - b)).toEqual([TEXT.length, LARGE.length]);
    },
  );

  test.each(['off', 'on'])(
    'the password that fits is told by its place only (names encrypted: %s)',
    async (names) => {
      tool(folder, '7zz', ['a', '-psesame', `-mhe=${names}`, `locked-${names}.7z`, 'a.txt', 'large.bin']);
      const passwords = ['infected', 'wrong', 'sesame'];
      const { members, gaps, measured } = await unpack('7z', read(`locked-${names}.7z`), scratch, {
        passwords,
      });
      expect(gaps).toEqual([]);
      expect(members).toHaveLength(2);
      expect(measured).toEqual({ members_opened_with_password_2: 2 });
      const shut = await unpack('7z', read(`locked-${names}.7z`), scratch, { passwords: ['wrong'] });
      expect(shut.gaps).toMatchObject([{ reason: 'encrypted' }]);
      expect(shut.measured).toEqual({});
    },
  );
});
