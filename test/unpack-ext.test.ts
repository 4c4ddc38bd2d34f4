// needs: e2fsprogs
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';

// ext2, ext3 and ext4 as mke2fs makes them, as debugfs changes them, and as nobody should.

const MIB = 1024 * 1024;
const MANY = 600;
const LARGE = 'a line of the large file\n'.repeat(60_000);

let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  folder = scratch.path;
  mkdirSync(join(folder, 'tree/many'), { recursive: true });
  mkdirSync(join(folder, 'tree/a/b/c'), { recursive: true });
  writeFileSync(join(folder, 'tree/a.txt'), 'a text');
  writeFileSync(join(folder, 'tree/middle.txt'), 'a text of a hundred bytes. '.repeat(5));
  writeFileSync(join(folder, 'tree/a/b/c/deep.txt'), 'a deep text');
  writeFileSync(join(folder, 'tree/large.txt'), LARGE);
  writeFileSync(join(folder, 'tree/holes'), '');
  truncateSync(join(folder, 'tree/holes'), 3 * MIB);
  writeFileSync(join(folder, 'tree/holes'), 'the end', { flag: 'a' });
  symlinkSync('../../outside', join(folder, 'tree/link'));
  symlinkSync('x'.repeat(200), join(folder, 'tree/long-link'));
  tool(folder, 'mkfifo', ['tree/pipe']);
  for (let i = 0; i < MANY; i++)
    writeFileSync(join(folder, 'tree/many', `one of many files, number ${i}`), `${i}`);
});
afterAll(() => scratch.remove());

function ext(kind = 'ext4', features = '', more: readonly string[] = ['-I', '256']): Buffer {
  writeFileSync(join(folder, 'image'), Buffer.alloc(12 * MIB));
  const options = features === '' ? [] : ['-O', features];
  tool(folder, 'mke2fs', ['-q', '-F', '-t', kind, ...more, ...options, '-d', 'tree', 'image']);
  return readFileSync(join(folder, 'image'));
}

/** Changes an image as debugfs does, check sums included. */
function edited(bytes: Buffer, ...commands: string[]): Buffer {
  writeFileSync(join(folder, 'edited'), bytes);
  tool(folder, 'debugfs', ['-w', '-f', '-', 'edited'], Buffer.from(`${commands.join('\n')}\n`));
  return readFileSync(join(folder, 'edited'));
}

function asked(bytes: Buffer, command: string): string {
  writeFileSync(join(folder, 'asked'), bytes);
  return tool(folder, 'debugfs', ['-R', command, 'asked']).toString();
}

const textOf = ({ members }: Unpacked, name: string): string | undefined =>
  members.find((member) => member.name === name)?.text;
const leftOver = ({ members }: Unpacked): string[] =>
  members.filter(({ name }) => name.includes('in no member')).map(({ text }) => text);

describe.runIf(hasTool('mke2fs'))('ext2, ext3 and ext4', () => {
  test.each([
    ['ext2', '', []],
    ['ext2', '^sparse_super,^resize_inode,^filetype', ['-b', '1024', '-I', '128']],
    ['ext3', '', ['-b', '2048']],
    ['ext4', '', []],
    ['ext4', '64bit,metadata_csum,dir_index', []],
    ['ext4', 'large_dir,ea_inode,casefold,quota,project', []],
    ['ext4', 'inline_data,metadata_csum', ['-I', '512']],
    ['ext4', 'bigalloc', ['-b', '1024', '-C', '4096']],
    ['ext4', 'meta_bg,^resize_inode', ['-b', '1024', '-g', '1024']],
    ['ext4', 'sparse_super2,^has_journal', ['-b', '4096']],
  ])('%s with %s %j: files, large folders, holes and links come out', async (kind, features, more) => {
    const bytes = ext(kind, features, more);
    const result = await unpack('ext', bytes, scratch);
    expect(result.gaps).toEqual([]);
    expect(textOf(result, 'a.txt')).toBe('a text');
    expect(textOf(result, 'middle.txt')).toBe('a text of a hundred bytes. '.repeat(5));
    expect(textOf(result, 'a/b/c/deep.txt')).toBe('a deep text');
    expect(textOf(result, `many/one of many files, number ${MANY - 1}`)).toBe(`${MANY - 1}`);
    expect(result.members.filter(({ name }) => name.startsWith('many/'))).toHaveLength(MANY);
    for (const name of ['large.txt', 'holes', 'middle.txt']) {
      writeFileSync(join(folder, 'asked'), bytes);
      tool(folder, 'debugfs', ['-R', `dump /${name} dumped`, 'asked']);
      const hash = tool(folder, 'sha256sum', ['dumped']).toString().slice(0, 64);
      expect(result.members.find((member) => member.name === name)?.sha256).toBe(hash);
    }
    expect(result.measured).toMatchObject({ links: 2, outward_links: 1, devices: 1 });
    // Nothing of a new file system is left over: all its structures are known.
    expect(leftOver(result)).toEqual([]);
  });

  test('deleted files, and what stands behind the end of a file, are seen', async () => {
    const bytes = ext();
    const slack = Number(asked(bytes, 'blocks /a.txt').trim()) * 1024;
    bytes.write('in the slack', slack + 500);
    const [block] = asked(bytes, 'blocks /middle.txt').trim().split(' ');
    const gone = ['clri /middle.txt', 'unlink /middle.txt', `freeb ${block}`];
    const result = await unpack('ext', edited(bytes, ...gone), scratch);
    expect(result.gaps).toEqual([]);
    expect(textOf(result, 'middle.txt')).toBeUndefined();
    for (const text of ['in the slack', 'a text of a hundred bytes'])
      expect(leftOver(result).filter((left) => left.includes(text))).toHaveLength(1);
  });

  test('a deleted file whose inode still tells where it was is seen whole', async () => {
    const { members } = await unpack('ext', edited(ext(), 'rm /large.txt'), scratch);
    const left = members.find(({ name }) => name.includes('in no folder'));
    expect(left).toMatchObject({ size: LARGE.length });
  });

  test('a file that no folder leads to is seen', async () => {
    const inode = /^Inode: (\d+)/m.exec(asked(ext(), 'stat /middle.txt'))?.[1] ?? '';
    const result = await unpack('ext', edited(ext(), 'unlink /middle.txt'), scratch);
    expect(textOf(result, `(inode ${inode}, in no folder)`)).toMatch(/^a text of a hundred bytes/);
  });

  test('a large attribute is seen', async () => {
    writeFileSync(join(folder, 'value'), 'a value '.repeat(1000));
    const bytes = edited(ext('ext4', 'ea_inode'), 'ea_set -f value /a.txt user.large');
    const { members } = await unpack('ext', bytes, scratch);
    expect(members.some(({ text }) => text.startsWith('a value a value'))).toBe(true);
  });

  test('hard links are listed, and their file is seen once', async () => {
    const bytes = edited(ext(), 'ln /large.txt /again.txt', 'set_inode_field /large.txt links_count 2');
    const { members, measured } = await unpack('ext', bytes, scratch);
    expect(measured).toMatchObject({ links: 3 });
    expect(members.filter(({ size }) => size === LARGE.length)).toHaveLength(1);
  });

  test('encrypted files are gaps, folder by folder', async () => {
    const bytes = edited(
      ext('ext4', 'encrypt'),
      'set_inode_field /large.txt flags 0x80800',
      'set_inode_field /many flags 0x81800',
      'set_inode_field /a flags 0x80800',
      'set_inode_field /a/b flags 0x80800',
      'set_inode_field /a/b/c flags 0x80800',
      'set_inode_field /a/b/c/deep.txt flags 0x80800',
    );
    const { gaps, members } = await unpack('ext', bytes, scratch);
    const told = gaps.map(({ reason, member, detail }) => `${reason} ${member}: ${detail}`).toSorted();
    expect(told).toEqual([
      'encrypted a/: an encrypted folder (fscrypt) with 1 files',
      'encrypted large.txt: an encrypted file (fscrypt)',
      'encrypted many/: an encrypted folder (fscrypt) with 0 files',
    ]);
    expect(members.map(({ name }) => name)).not.toContain('large.txt');
  });

  test('where the journal was not emptied, that is said', async () => {
    const bytes = edited(ext(), 'feature needs_recovery');
    const { gaps, members } = await unpack('ext', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('not unmounted') }]);
    expect(members.map(({ name }) => name)).toContain('a.txt');
    expect(members.map(({ name }) => name)).toContain('(journal)');
  });

  test('features that nobody knew yet are a gap, and what can be read is', async () => {
    const bytes = ext('ext4', '^metadata_csum');
    bytes.writeUInt32LE(bytes.readUInt32LE(1024 + 96) | 0x4000_0000, 1024 + 96);
    const { gaps, members } = await unpack('ext', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format' }]);
    expect(members.map(({ name }) => name)).toContain('a.txt');
  });

  test.each([
    ['an external journal', 0x8],
    ['compressed files', 0x1],
  ])('%s is a gap', async (_, feature) => {
    const bytes = ext();
    bytes.writeUInt32LE(bytes.readUInt32LE(1024 + 96) | feature, 1024 + 96);
    const { gaps, members } = await unpack('ext', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format' }]);
    expect(members).toEqual([]);
  });

  test('a folder that leads back to its parents is told, and ends', async () => {
    const inode = /^Inode: (\d+)/m.exec(asked(ext(), 'stat /a'))?.[1] ?? '';
    const bytes = edited(ext(), `link <${inode}> /a/b/c/up`);
    const { gaps } = await unpack('ext', bytes, scratch);
    expect(gaps).toMatchObject([
      { reason: 'corrupt', member: 'a/b/c/up/', detail: expect.stringContaining('two places') },
    ]);
  });

  test.each(['ext2', 'ext4'])('lists and trees of %s that lead to themselves end', async (kind) => {
    const bytes = ext(kind, '', ['-b', '1024']);
    const inode = edited(bytes, 'set_inode_field /large.txt size 0xfffffffff');
    const where = /located at block (\d+), offset 0x([0-9a-f]+)/.exec(asked(inode, 'imap /large.txt'));
    const block = Number(where?.[1]) * 1024 + parseInt(where?.[2] ?? '', 16) + 40;
    if (kind === 'ext2') {
      // A list of lists of lists of blocks, each of which lists itself.
      const list = inode.readUInt32LE(block + 12 * 4);
      for (let at = 0; at < 1024; at += 4) inode.writeUInt32LE(list, list * 1024 + at);
      for (const level of [13, 14]) inode.writeUInt32LE(list, block + level * 4);
    } else {
      // A tree whose only child is a copy of it, and leads to itself.
      const child = inode.readUInt32LE(block + 12 + 8);
      inode.writeUInt16LE(5, block + 6);
      inode.writeUInt32LE(child, block + 12 + 4);
      inode.writeUInt16LE(0, block + 12 + 8);
      inode.copy(inode, child * 1024, block, block + 60);
    }
    const { gaps, members } = await unpack('ext', inode, scratch);
    expect(gaps.length).toBeGreaterThan(0);
    expect(members.map(({ name }) => name)).toContain('a.txt');
  });

  test('files that share blocks, many times over, are an attack', async () => {
    const bytes = ext('ext4', '^metadata_csum', ['-b', '1024']);
    const at = (path: string): number => {
      const where = /located at block (\d+), offset 0x([0-9a-f]+)/.exec(asked(bytes, `imap ${path}`));
      return Number(where?.[1]) * 1024 + parseInt(where?.[2] ?? '', 16);
    };
    const large = at('/large.txt');
    const targets = [...Array(20).keys()].map((i) => at(`"/many/one of many files, number ${i}"`));
    for (const target of targets) bytes.copy(bytes, target, large, large + 100);
    const { unsafe, members } = await unpack('ext', bytes, scratch);
    expect(unsafe).toEqual(['overlapping-files']);
    expect(members.filter(({ size }) => size === LARGE.length)).toHaveLength(21);
  });

  test('a damaged inode or descriptor costs only what it tells', async () => {
    const bytes = ext('ext4', '^metadata_csum,^uninit_bg', ['-b', '1024']);
    const where = /located at block (\d+), offset 0x([0-9a-f]+)/.exec(asked(bytes, 'imap /a.txt'));
    const broken = Buffer.from(bytes);
    broken.writeUInt16LE(0xf000, Number(where?.[1]) * 1024 + parseInt(where?.[2] ?? '', 16));
    const inode = await unpack('ext', broken, scratch);
    expect(inode.gaps[0]).toMatchObject({ reason: 'corrupt', member: 'a.txt' });
    expect(textOf(inode, 'a/b/c/deep.txt')).toBe('a deep text');
    const lost = Buffer.from(bytes);
    lost.writeUInt32LE(0x7fff_ffff, 2 * 1024 + 8);
    const descriptor = await unpack('ext', lost, scratch);
    expect(descriptor.gaps.length).toBeGreaterThan(0);
  });

  test('an image that is cut off gives what it can, and says what is missing', async () => {
    const bytes = ext();
    const { gaps, members } = await unpack('ext', bytes.subarray(0, bytes.length - 4096), scratch);
    expect(gaps[0]).toMatchObject({ reason: 'corrupt', detail: expect.stringContaining('4096 bytes') });
    expect(members.map(({ name }) => name)).toContain('a.txt');
  });
});
