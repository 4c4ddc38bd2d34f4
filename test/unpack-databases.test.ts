// needs: debian-package python3 postgresql-client lz4
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { pgDumpBytes, type PgDumpOptions, type PgEntry } from './kit/archives/pg-dump-bytes.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const ROWS = Array.from({ length: 3000 }, (_, i) => `${i}\tname ${i * i}\n`).join('');
const TABLE_DATA: PgEntry = {
  id: 3,
  tag: 'users',
  kind: 'TABLE DATA',
  schema: 'public',
  data: Buffer.from(`${ROWS}\\.\n\n\n`),
};
const ENTRIES: readonly PgEntry[] = [
  {
    id: 1,
    tag: 'users',
    kind: 'TABLE',
    schema: 'public',
    statement: 'CREATE TABLE public.users (id integer, name text);\n',
  },
  {
    id: 2,
    tag: 'evil()',
    kind: 'FUNCTION',
    schema: 'public',
    statement: "CREATE FUNCTION public.evil() RETURNS text LANGUAGE sql AS $$ select 'the marker' $$;\n",
  },
  TABLE_DATA,
  {
    id: 4,
    tag: 'BLOBS',
    kind: 'BLOBS',
    data: { 16410: Buffer.from('the marker in a large object'), 16411: Buffer.alloc(9000, 'x') },
  },
];
const NAMES = [
  'public.users (TABLE)',
  'public.evil() (FUNCTION)',
  'public.users (TABLE DATA) (statement)',
  'public.users (TABLE DATA)',
  'large object 16410',
  'large object 16411',
];

describe('PostgreSQL dumps', () => {
  const kinds: PgDumpOptions[] = [
    ...[10, 11, 12, 13, 14].flatMap((minor) => [
      { minor, compression: 'none' as const },
      { minor, compression: 'gzip' as const },
    ]),
    ...(['none', 'gzip', 'zstd', 'lz4'] as const).flatMap((compression) => [
      { minor: 15, compression },
      { minor: 16, compression },
    ]),
  ];

  test.each(kinds)('version 1.$minor, compression $compression: all is reached', async (options) => {
    const { members, gaps, unsafe } = await unpack('pg-dump', pgDumpBytes(legal(options), options), scratch, {
      streamed: true,
    });
    expect({ gaps, unsafe, names: members.map(({ name }) => name) }).toEqual({
      gaps: [],
      unsafe: [],
      names: NAMES,
    });
    expect(members[3]?.sha256).toBe(sha256(`${ROWS}\\.\n\n\n`));
    expect(members[4]?.text).toBe('the marker in a large object');
  });

  test.runIf(hasTool('pg_restore')).each([10, 12, 14])(
    'what is built here as version 1.%i is a dump to pg_restore too, and it reads the same',
    (minor) => {
      const folder = join(scratch.path, `restore-${minor}`);
      mkdirSync(folder);
      writeFileSync(join(folder, 'a.dump'), pgDumpBytes(legal({ minor }), { minor }));
      const text = tool(folder, 'pg_restore', ['-f', '-', 'a.dump']).toString('latin1');
      expect(text).toContain(`FROM stdin;\n${ROWS}\\.\n`);
      expect(text).toContain('the marker');
      expect(text).toContain(Buffer.from('the marker in a large object').toString('hex'));
    },
  );

  test('data that no entry of the listing claims is examined, and is a gap', async () => {
    const dump = pgDumpBytes(ENTRIES);
    const stray = pgDumpBytes([{ ...TABLE_DATA, id: 99 }]);
    const block = stray.subarray(stray.indexOf(Buffer.from([1, 0, 99, 0, 0, 0])));
    const { members, gaps } = await unpack('pg-dump', Buffer.concat([dump, block]), scratch);
    expect(members.at(-1)).toMatchObject({ name: '(entry 99)', sha256: sha256(`${ROWS}\\.\n\n\n`) });
    expect(gaps).toMatchObject([{ reason: 'corrupt', member: '(entry 99)' }]);
  });

  test('what follows the last block is a member of its own', async () => {
    const junk = Buffer.from('Zthe marker behind the end');
    const { members, gaps } = await unpack('pg-dump', Buffer.concat([pgDumpBytes(ENTRIES), junk]), scratch);
    expect(gaps).toEqual([]);
    expect(members.at(-1)).toMatchObject({ name: '(data after the end)', text: junk.toString() });
  });

  test('what follows the compressed data within a block is a member of its own', async () => {
    const hidden = Buffer.from('the marker behind the data');
    const spoil = (block: Buffer): Buffer => Buffer.concat([block, hidden]);
    const { members, gaps } = await unpack('pg-dump', pgDumpBytes([TABLE_DATA], { spoil }), scratch);
    expect(gaps).toEqual([]);
    expect(members.at(-1)).toMatchObject({
      name: 'public.users (TABLE DATA) (data after the end)',
      text: hidden.toString(),
    });
  });

  test('a listing that points elsewhere than to the data is unsafe: a reader that goes there restores something else', async () => {
    const { unsafe } = await unpack('pg-dump', pgDumpBytes([{ ...TABLE_DATA, position: 300 }]), scratch);
    expect(unsafe).toEqual(['offset-mismatch']);
  });

  test.each(['none', 'gzip', 'zstd'] as const)(
    'binary values of a table are decoded (%s)',
    async (compression) => {
      const values = [
        randomBytes(300_000),
        Buffer.alloc(63, 1),
        gzipSync('the marker in a column'),
        randomBytes(64),
      ];
      const rows = values.map((value, i) => `${i}\t\\\\x${value.toString('hex')}\tafter\n`).join('');
      const data = Buffer.from(`${rows}9\t\\\\x\t\\\\xabc`);
      const dump = pgDumpBytes([{ ...TABLE_DATA, data }], { compression, minor: 15, piece: 777 });
      const { members, gaps } = await unpack('pg-dump', dump, scratch, { streamed: true });
      expect(gaps).toEqual([]);
      const decoded = members.filter(({ name }) => name.includes(' value '));
      // gzip made less than 64 bytes of a short text: that one is not handed on.
      const large = values.filter(({ length }) => length >= 64);
      expect(decoded.map(({ sha256: sum }) => sum)).toEqual(large.map(sha256));
      expect(members.find(({ name }) => name === 'public.users (TABLE DATA)')?.sha256).toBe(sha256(data));
    },
  );

  test('one damaged block does not hide the next', async () => {
    const { members, gaps } = await unpack('pg-dump', pgDumpBytes(ENTRIES, { spoil: spoilTable }), scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', member: 'public.users (TABLE DATA)' }]);
    expect(members.at(-2)?.text).toBe('the marker in a large object');
  });

  test('data that the listing promises and that is not there is a gap', async () => {
    const whole = pgDumpBytes(ENTRIES);
    const cut = whole.subarray(0, whole.indexOf(Buffer.from([1, 0, 3, 0, 0, 0])));
    const { gaps } = await unpack('pg-dump', cut, scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('2 entries') }]);
  });

  test('a text that claims to be of gigabytes costs nothing, and versions of the future are a gap', async () => {
    const dump = pgDumpBytes(ENTRIES);
    const huge = Buffer.from(dump);
    huge.writeUInt32LE(0x7fffffff, dump.indexOf('CREATE TABLE') - 4);
    expect((await unpack('pg-dump', huge, scratch)).gaps).toMatchObject([{ reason: 'budget_exceeded' }]);
    const future = pgDumpBytes(ENTRIES, { minor: 17 });
    expect((await unpack('pg-dump', future, scratch)).gaps).toMatchObject([{ reason: 'unsupported_format' }]);
  });
});

/** The dump as it is written to a pipe, where nobody can go back to note where the data lie. */
function legal({ minor = 14 }: PgDumpOptions): PgEntry[] {
  return minor % 2 === 0 ? [...ENTRIES] : ENTRIES.map((entry) => ({ ...entry, position: 'unset' as const }));
}

function spoilTable(block: Buffer, { kind }: PgEntry): Buffer {
  return kind === 'TABLE DATA' ? Buffer.alloc(block.length, 0x55) : block;
}

const MAKE = `
import sqlite3, sys
base = sqlite3.connect('a.db')
page, encoding, files = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
base.execute('pragma page_size=%d' % page)
base.execute("pragma encoding='%s'" % encoding)
base.execute('create table files (name text, content blob, note text)')
base.execute('create table pairs (key text primary key, value blob) without rowid')
base.execute('create index notes on files (note)')
for number in range(40):
    base.execute('insert into files values (?, ?, ?)', ('row %d' % number, b'x' * number, 'a note'))
for file in files:
    content = open(file, 'rb').read()
    base.execute('insert into files values (?, ?, ?)', (file, content, 'long note ' * 2000))
    base.execute('insert into pairs values (?, ?)', (file, content))
base.execute('insert into files values (?, cast(? as text), 1)', ('as text', content))
base.commit()
`;

/** A database whose tables hold these contents, and the bytes of its file. */
function database(name: string, page: number, contents: readonly Buffer[], encoding = 'UTF-8'): Buffer {
  const folder = join(scratch.path, name);
  mkdirSync(folder);
  const files = contents.map((_, index) => `f${index}`);
  for (const [index, content] of contents.entries()) writeFileSync(join(folder, `f${index}`), content);
  tool(folder, 'python3', ['-c', MAKE, String(page), encoding, ...files]);
  return readFileSync(join(folder, 'a.db'));
}

describe.runIf(hasTool('python3'))('SQLite databases', () => {
  const large = randomBytes(200_000);
  const small = gzipSync('the marker in a small container, which stays in its page');

  test.each([512, 1024, 4096, 65_536])(
    'values over several pages of %i bytes come out whole',
    async (page) => {
      const bytes = database(`pages-${page}`, page, [large, small]);
      const { members, gaps, unsafe } = await unpack('sqlite', bytes, scratch);
      expect({ gaps, unsafe }).toEqual({ gaps: [], unsafe: [] });
      const sums = new Map(members.map(({ name, sha256: sum }) => [name, sum]));
      expect(sums.get('files/41/2')).toBe(sha256(large));
      expect(sums.get('files/42/2')).toBe(sha256(small));
      // Text that only calls itself so, a table without row numbers.
      expect(sums.get('files/43/2')).toBe(sha256(small));
      expect(
        members.filter(({ name, sha256: sum }) => name.startsWith('pairs/') && sum === sha256(large)),
      ).toHaveLength(1);
      expect(sums.get('files/41/3')).toBe(sha256('long note '.repeat(2000)));
    },
  );

  test('names are read in the encoding of the database', async () => {
    const { members, gaps } = await unpack('sqlite', database('wide', 4096, [large], 'UTF-16be'), scratch);
    expect(gaps).toEqual([]);
    expect(members.map(({ name }) => name)).toContain('files/41/2');
  });

  test('a file that is shorter than its header says is a gap, whatever is missing', async () => {
    const bytes = database('short', 4096, [large]);
    const { gaps } = await unpack('sqlite', bytes.subarray(0, bytes.length - 4096), scratch);
    expect(gaps[0]).toMatchObject({ reason: 'corrupt', detail: expect.stringMatching(/pages declared/) });
  });

  test('what follows the last page is a member of its own', async () => {
    const bytes = Buffer.concat([database('tail', 4096, [small]), Buffer.from('the marker behind it')]);
    const { members, gaps } = await unpack('sqlite', bytes, scratch);
    expect(gaps).toEqual([]);
    expect(members.at(-1)).toMatchObject({ name: '(data after the end)', text: 'the marker behind it' });
  });

  describe('hostile chains of pages', () => {
    const PAGE = 4096;
    /** The first page of the large value: what follows the pointer to it is known. */
    function chain(bytes: Buffer): number[] {
      const first = bytes.indexOf(large.subarray(9000, 9040));
      expect(first).toBeGreaterThan(0);
      return [Math.floor(first / PAGE) + 1];
    }

    test('a chain that leads back to itself is a gap, and what came before is examined', async () => {
      const bytes = database('loop', PAGE, [large]);
      const [page = 0] = chain(bytes);
      const at = (page - 1) * PAGE;
      const second = bytes.readUInt32BE(at);
      bytes.writeUInt32BE(page, (second - 1) * PAGE);
      const { gaps, members } = await unpack('sqlite', bytes, scratch);
      expect(gaps).toContainEqual(
        expect.objectContaining({ reason: 'corrupt', detail: expect.stringContaining('used elsewhere') }),
      );
      expect(members.find(({ size }) => size > PAGE && size < large.length)).toBeDefined();
    });

    test('a chain that ends too early, one that goes on, and one that leads out are gaps', async () => {
      const bytes = database('ends', PAGE, [large]);
      const [page = 0] = chain(bytes);
      const at = (page - 1) * PAGE;
      const good = bytes.readUInt32BE(at);
      for (const [next, words] of [
        [0, 'ends after'],
        [0xffffffff, 'used elsewhere or not there'],
      ] as const) {
        bytes.writeUInt32BE(next, at);
        const { gaps } = await unpack('sqlite', bytes, scratch);
        expect(gaps.map(({ detail }) => detail).join()).toContain(words);
      }
      bytes.writeUInt32BE(good, at);
      let last = page;
      for (let next = good; next !== 0; next = bytes.readUInt32BE((next - 1) * PAGE)) last = next;
      bytes.writeUInt32BE(1, (last - 1) * PAGE);
      const { gaps } = await unpack('sqlite', bytes, scratch);
      expect(gaps.map(({ detail }) => detail).join()).toContain('goes on behind its end');
    });
  });

  test('a page of 64 KiB whose thousands of cells are all the same one does not multiply', async () => {
    const bytes = database('same', 65_536, [Buffer.alloc(30_000, 'z')]);
    const at = bytes.indexOf(Buffer.alloc(30_000, 'z'));
    const start = Math.floor(at / 65_536) * 65_536;
    expect(bytes[start]).toBe(13);
    const pointer = Array.from({ length: bytes.readUInt16BE(start + 3) }, (_, i) =>
      bytes.readUInt16BE(start + 8 + 2 * i),
    ).toSorted((a, b) => a - b);
    bytes.writeUInt16BE(4000, start + 3);
    const largest = pointer.find((cell) => start + cell <= at && at - start - cell < 100) ?? 0;
    for (let i = 0; i < 4000; i++) bytes.writeUInt16BE(largest, start + 8 + 2 * i);
    const { gaps, members } = await unpack('sqlite', bytes, scratch);
    expect(gaps.map(({ detail }) => detail).join()).toContain('lie over each other');
    expect(members.length).toBeLessThan(20);
  });

  test('bytes that are no page at all are a gap for each table, and memory and time stay bounded', async () => {
    const bytes = database('noise', 1024, [large]);
    bytes.fill(0xa5, 1024);
    const { gaps } = await unpack('sqlite', bytes, scratch);
    expect(gaps.length).toBeGreaterThan(0);
    expect(gaps.every(({ reason }) => reason === 'corrupt')).toBe(true);
  });
});
