import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { paxEntry, tarBytes } from './kit/archives/tar-bytes.ts';
import { unpack, type Options, type Unpacked } from './kit/archives/unpacked.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const BLOCK = 512;

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

async function untar(entries: Parameters<typeof tarBytes>[0], options: Options = {}): Promise<Unpacked> {
  return unpack('tar', tarBytes(entries), scratch, options);
}

function named({ members }: Unpacked): [string, string][] {
  return members.map(({ name, text }) => [name, text]);
}

test('global pax records hold for every member that follows, and a member’s own come first', async () => {
  const result = await untar([
    paxEntry([['path', 'from the global header']], 'g'),
    { name: 'a', content: 'one' },
    paxEntry([['path', 'its own']]),
    { name: 'b', content: 'two' },
    { name: 'c', content: 'three' },
  ]);
  expect(named(result)).toEqual([
    ['from the global header', 'one'],
    ['its own', 'two'],
    ['from the global header', 'three'],
  ]);
});

test('a size in a global pax header is the size, and that the header says another is a finding', async () => {
  const entry = { name: 'a', content: 'x'.repeat(600), size: 0 };
  const result = await untar([paxEntry([['size', '600']], 'g'), entry]);
  expect(result.members).toMatchObject([{ name: 'a', size: 600 }]);
  expect(result.unsafe).toEqual(['disagreeing-sizes']);
});

test('a pax size larger than the header’s: what only the header’s reader would see is examined too', async () => {
  const hidden = tarBytes([{ name: 'hidden', content: 'seen by readers of the header' }]);
  const content = Buffer.concat([Buffer.alloc(BLOCK, 'a'), hidden]);
  const { members, unsafe } = await untar([
    paxEntry([['size', String(content.length)]]),
    { name: 'a', content, size: BLOCK },
  ]);
  expect(members).toMatchObject([{ size: content.length }]);
  expect(members[0]?.text).toContain('seen by readers of the header');
  expect(unsafe).toEqual(['disagreeing-sizes']);
});

test('a v7 archive, whose headers know neither magic nor type, is read', async () => {
  const v7 = [
    { at: 257, bytes: Buffer.alloc(8) },
    { at: 156, bytes: Buffer.alloc(1) },
  ];
  const result = await untar([
    { name: 'folder/', fields: v7 },
    { name: 'folder/a', content: 'old', fields: v7 },
  ]);
  expect(named(result)).toEqual([['folder/a', 'old']]);
  expect(result.gaps).toEqual([]);
});

test('a member whose name field is empty, and whose name is in a pax record, is read', async () => {
  const result = await untar([paxEntry([['path', 'p']]), { name: '', content: 'x' }]);
  expect(named(result)).toEqual([['p', 'x']]);
  expect(result.gaps).toEqual([]);
});

test('the part of a file that continues from another volume is examined, and what is missing is a gap', async () => {
  const offset = { at: 369, bytes: '00000001000\0' };
  const gnu = await untar([{ name: 'big', type: 'M', content: 'second part', fields: [offset] }]);
  expect(named(gnu)).toEqual([['big', 'second part']]);
  const detail = 'a later volume: of "big" 11 bytes are here, the 512 before them are not';
  expect(gnu.gaps).toEqual([{ reason: 'unsupported_format', detail, member: null }]);
  const pax = await untar([
    paxEntry([['GNU.volume.offset', '512']], 'g'),
    { name: 'big', content: 'second part' },
    { name: 'whole', content: 'x' },
  ]);
  expect(pax.gaps).toEqual([{ reason: 'unsupported_format', detail, member: null }]);
});

test('the list of names in an incremental archive, and old GNU’s table of long names, are data like any other', async () => {
  const result = await untar([
    { name: 'folder/', type: 'D', content: 'Ya\0Nb\0\0' },
    { name: '././@MaNgLeD', type: 'N', content: 'Rename 0 to something\n' },
    { name: 'a', type: 'A', content: 'user::rwx' },
    { name: 'next', content: 'x' },
  ]);
  expect(result.members.map(({ name }) => name)).toEqual(['folder/', '././@MaNgLeD', 'a', 'next']);
  expect(result.gaps).toEqual([]);
});

test('archives that were joined are read on behind each end mark', async () => {
  const joined = Buffer.concat(
    ['a', 'b', 'c'].flatMap((name) => [tarBytes([{ name, content: name }]), Buffer.alloc(3 * BLOCK)]),
  );
  const result = await unpack('tar', joined, scratch);
  expect(named(result)).toEqual(['a', 'b', 'c'].map((name) => [name, name]));
  expect(result.measured).toEqual({ archives_joined: 2 });
  expect(result.gaps).toEqual([]);
});

test('what stands between two members where a header should be is examined, and the gap says how much it is', async () => {
  const junk = Buffer.concat([Buffer.from('no header at all'), Buffer.alloc(BLOCK)]).subarray(0, BLOCK);
  const result = await untar([{ name: 'a', content: 'x' }, junk, { name: 'b', content: 'y' }]);
  expect(result.members.map(({ name, size }) => [name, size])).toEqual([
    ['a', 1],
    ['(bytes from 1024, where a header should be)', BLOCK],
    ['b', 1],
  ]);
  expect(result.gaps).toMatchObject([
    { reason: 'corrupt', detail: `${BLOCK} bytes stand where a header should be` },
  ]);
});

test('a member whose header is lost is examined to its end, zero blocks and all, and the next one is found', async () => {
  const content = Buffer.concat([
    Buffer.alloc(BLOCK, 'a'),
    Buffer.alloc(4 * BLOCK),
    Buffer.alloc(BLOCK, 'b'),
  ]);
  const bytes = tarBytes([
    { name: 'a', content: 'x' },
    { name: 'lost', content },
    { name: 'c', content: 'z' },
  ]);
  bytes.write('????????', 2 * BLOCK + 148);
  const { members, gaps } = await unpack('tar', bytes, scratch);
  expect(members.map(({ name, size }) => [name, size])).toEqual([
    ['a', 1],
    ['(bytes from 1024, where a header should be)', 7 * BLOCK],
    ['c', 1],
  ]);
  expect(gaps).toMatchObject([{ reason: 'corrupt', detail: '3584 bytes stand where a header should be' }]);
});

test('records that belong to no member are examined too', async () => {
  const result = await untar([
    paxEntry([['comment', 'g'.repeat(100)]], 'g'),
    { name: 'a', content: 'x' },
    paxEntry([['comment', 'x'.repeat(100)]]),
  ]);
  expect(named(result)).toEqual([
    ['(the whole archive) (pax record comment)', 'g'.repeat(100)],
    ['a', 'x'],
    ['(no member) (pax record comment)', 'x'.repeat(100)],
  ]);
});

test('content hidden in extended attributes is examined, once, however it is written; labels and rights are not', async () => {
  const payload = 'a payload that no listing shows '.repeat(2);
  const result = await untar([
    paxEntry([
      ['SCHILY.xattr.user.x', payload],
      ['LIBARCHIVE.xattr.user.x', Buffer.from(payload).toString('base64')],
      ['SCHILY.xattr.security.selinux', 'system_u:object_r:admin_home_t:s0\0'],
      ['SCHILY.acl.access', 'user::rwx,group::r-x,other::r--,mask::rwx,user:someone:rwx:1000'],
      ['SCHILY.acl.default', `user::rwx,${payload}`],
      ['comment', 'c'.repeat(64)],
      ['VENDOR.short', 'short'],
    ]),
    { name: 'a', content: 'x' },
  ]);
  expect(named(result)).toEqual([
    ['a (extended attribute user.x)', payload],
    ['a (pax record SCHILY.acl.default)', `user::rwx,${payload}`],
    ['a (pax record comment)', 'c'.repeat(64)],
    ['a', 'x'],
  ]);
});

test('more records than are kept, before one member or for all, are examined, and are a gap', async () => {
  for (const type of ['x', 'g'] as const) {
    const record = paxEntry([['comment', type.repeat(600_000)]], type);
    const result = await untar([record, record, { name: 'a', content: 'x' }]);
    expect(result.members.map(({ size }) => size).toSorted((a, b) => a - b)).toEqual([1, 600_000, 600_000]);
    expect(result.gaps).toMatchObject([
      { reason: 'budget_exceeded', detail: expect.stringContaining('1 MiB') },
    ]);
  }
});

test('a damaged extension header is a gap, and the members go on', async () => {
  const bad = { name: 'x', type: 'x', content: '99 no record at all' };
  const result = await untar([bad, { name: 'a', content: 'x' }]);
  expect(named(result)).toEqual([['a', 'x']]);
  expect(result.gaps).toMatchObject([{ reason: 'corrupt', detail: 'a pax header is malformed' }]);
});

test('an extension header larger than is read is examined like a member, with a gap', async () => {
  const result = await untar([
    { name: 'huge', type: 'x', content: Buffer.alloc(2 * MIB, 'x') },
    { name: 'a', content: 'x' },
  ]);
  expect(result.members.map(({ name, size }) => [name, size])).toEqual([
    ['huge', 2 * MIB],
    ['a', 1],
  ]);
  expect(result.gaps).toMatchObject([
    { reason: 'budget_exceeded', detail: expect.stringContaining('2097152 bytes') },
  ]);
});

function sparse(size: number, extents: readonly [number, number][], name = 's'): Buffer {
  const numbers = extents.flat().join(',');
  return paxEntry([
    ['GNU.sparse.size', String(size)],
    ['GNU.sparse.map', numbers],
    ['GNU.sparse.name', name],
  ]);
}

test.each([1024 * GIB, 9e15])(
  'a sparse file of a few bytes that claims %d costs little, is a gap with figures, and the next member follows',
  async (claimed) => {
    const entries = [
      sparse(claimed, [[claimed - 4, 4]]),
      { name: 's', content: 'tail' },
      { name: 'next', content: 'x' },
    ];
    for (const streamed of [false, true]) {
      const result = await untar(entries, { streamed });
      expect(result.members.map(({ name }) => name)).toEqual(['s', 'next']);
      // All that is stored was handed on, behind a hole that says so by its gap.
      expect(result.members[0]?.size).toBe(64 * 1024 + 4);
      expect(result.gaps).toMatchObject([{ reason: 'budget_exceeded', member: 's' }]);
      expect(result.gaps[0]?.detail).toMatch(
        /^\d+ bytes of holes in a sparse file of \d+ bytes, 4 of them stored, were left out; at most 1073741824/,
      );
    }
  },
);

test('many sparse files share the holes of one archive', async () => {
  const half = 0.6 * GIB;
  const size = Math.round(half);
  const one = (name: string): (Buffer | { name: string; content: string })[] => [
    sparse(size, [[0, 4]], name),
    { name, content: 'head' },
  ];
  const result = await untar([...one('a'), ...one('b'), ...one('c')]);
  expect(result.members.map((member) => [member.name, member.size === size])).toEqual([
    ['a', true],
    ['b', false],
    ['c', false],
  ]);
  expect(result.gaps.map(({ member }) => member)).toEqual(['b', 'c']);
});

test('an honest sparse image is whole: its holes are few for what it stores', async () => {
  const size = 3 * GIB;
  const stored = Buffer.alloc(4 * MIB, 'data');
  const result = await untar([sparse(size, [[2 * GIB, stored.length]]), { name: 's', content: stored }]);
  expect(result.gaps).toEqual([]);
  expect(result.members).toMatchObject([{ name: 's', size }]);
});

test('a sparse map that contradicts itself costs its own member only', async () => {
  const result = await untar([
    sparse(100, [
      [50, 4],
      [0, 4],
    ]),
    { name: 's', content: 'headtail' },
    { name: 'next', content: 'x' },
  ]);
  expect(named(result).at(-1)).toEqual(['next', 'x']);
  expect(result.gaps).toMatchObject([{ reason: 'corrupt', member: 's' }]);
});

test('what is stored of a sparse file without a readable map is examined as it lies there', async () => {
  const result = await untar([
    paxEntry([
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.realsize', '100'],
    ]),
    { name: 's', content: 'no map, but content' },
    { name: 'next', content: 'x' },
  ]);
  expect(named(result)).toEqual([
    ['s', expect.any(String)],
    ['next', 'x'],
  ]);
  expect(result.gaps).toMatchObject([{ reason: 'corrupt', member: 's' }]);
});
