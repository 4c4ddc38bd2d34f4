import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildTable, type BuiltTable } from './build-table.ts';
import { HashTable, type Known } from './hash-table.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hash-sets-'));
  for (const kind of ['bad', 'good']) mkdirSync(join(folder, kind));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const of = (text: string): string => createHash('sha256').update(text).digest('hex');

function write(name: string, content: string | Buffer): void {
  writeFileSync(join(folder, name), content);
}

let tables = 0;
async function build(): Promise<BuiltTable & { readonly table: string }> {
  const table = join(folder, `table-${tables++}`);
  const folders = (['bad', 'good'] as const).map((kind) => ({ kind, path: join(folder, kind) }));
  return { ...(await buildTable(folders, table)), table };
}

function find(table: string, sha256: string): Known | null {
  const opened = new HashTable(table);
  try {
    return opened.find(Buffer.from(sha256, 'hex'));
  } finally {
    opened.close();
  }
}

describe('a list', () => {
  test('may have capitals, CRLF, a byte order mark, comments, blank lines, and no newline at its end', async () => {
    write(
      'bad/mixed.txt',
      `\ufeff# comment\r\n${of('a').toUpperCase()}\r\n\r\n  ${of('b')}  \n# ${of('c')}\n${of('d')}`,
    );
    const { state, table } = await build();
    expect(state).toMatchObject({ bad: 3, good: 0, rejected_lines: 0, files: 1 });
    const found = ['a', 'b', 'c', 'd'].map((text) => find(table, of(text))?.bad ?? null);
    expect(found).toEqual([true, true, null, true]);
  });

  test('says a name and a source, in quotes where they hold commas', async () => {
    write('bad/named.csv', `${of('a')},"Evil, ""very""",from somewhere\n${of('b')},Plain\n`);
    const { table } = await build();
    expect(find(table, of('a'))?.label).toEqual({
      name: 'Evil, "very"',
      source: 'from somewhere',
      file: 'named.csv',
    });
    expect(find(table, of('b'))?.label).toEqual({ name: 'Plain', source: '', file: 'named.csv' });
  });

  test('is bad where it is bad and good at once, under the name that the bad list gives', async () => {
    write('good/a.txt', `${of('both')},harmless,vendor\n${of('good')},harmless,vendor\n`);
    write('bad/z.txt', `${of('both')},harmful,lab\n`);
    const { state, table } = await build();
    expect(state).toMatchObject({ bad: 1, good: 1, in_both: 1 });
    expect(find(table, of('both'))).toEqual({
      bad: true,
      good: true,
      label: { name: 'harmful', source: 'lab', file: 'z.txt' },
    });
    expect(find(table, of('good'))?.bad).toBe(false);
  });

  test('has each line that is no SHA-256 rejected with its place, and costs no other line', async () => {
    const lines = [
      of('a'),
      'd41d8cd98f00b204e9800998ecf8427e',
      `${of('b')}  file.txt`,
      'zz',
      `${of('c')}0`,
      'x'.repeat(5000),
      of(''),
      of('d'),
    ];
    write('bad/broken.txt', lines.join('\n'));
    const { state, table } = await build();
    expect(state.rejected.map(({ file, line, message }) => `${file}:${line} ${message}`))
      .toMatchInlineSnapshot(`
      [
        "broken.txt:2 expected a SHA-256 (64 hexadecimal digits), or SHA-256,name,source; this is an MD5",
        "broken.txt:3 expected a SHA-256 (64 hexadecimal digits), or SHA-256,name,source; \`backuplens hashes import\` reads other formats",
        "broken.txt:4 expected a SHA-256 (64 hexadecimal digits), or SHA-256,name,source",
        "broken.txt:5 expected a SHA-256 (64 hexadecimal digits), or SHA-256,name,source",
        "broken.txt:6 longer than 4096 bytes",
        "broken.txt:7 the SHA-256 of nothing: it would name every empty file",
      ]
    `);
    expect(state).toMatchObject({ bad: 2, rejected_lines: 6 });
    expect(find(table, of('d'))?.bad).toBe(true);
  });

  test('of a million bad lines is told by its first hundred and the count of all', async () => {
    write('bad/noise.txt', 'nonsense\n'.repeat(20_000));
    const { state } = await build();
    expect(state).toMatchObject({ bad: 0, rejected_lines: 20_000 });
    expect(state.rejected).toHaveLength(100);
  });

  test('that never ends its line takes one place among the rejected, in bounded memory', async () => {
    write('bad/long.txt', Buffer.concat([Buffer.alloc(5_000_000, 0x61), Buffer.from(`\n${of('after')}\n`)]));
    const { state, table } = await build();
    expect(state.rejected).toEqual([{ file: 'long.txt', line: 1, message: 'longer than 4096 bytes' }]);
    expect(find(table, of('after'))?.bad).toBe(true);
  });

  test('that is no text, or no list by its name, is left out as a whole and named', async () => {
    write('bad/utf16.txt', Buffer.from(of('a'), 'utf16le'));
    write('bad/notes.md', of('a'));
    write('bad/.hidden.txt', of('a'));
    mkdirSync(join(folder, 'bad', 'folder.txt'));
    const { state } = await build();
    expect(state.rejected.map(({ file, line }) => `${file}:${line}`)).toEqual([
      'folder.txt:null',
      'notes.md:null',
      'utf16.txt:null',
    ]);
    expect(state.bad).toBe(0);
  });
});

describe('the table', () => {
  test('answers exactly as a set does, wherever a line meets the border of a chunk', async () => {
    const hashes = Array.from({ length: 40_000 }, () => randomBytes(32));
    const lines = hashes.map((hash, n) => `${hash.toString('hex')}${n % 3 === 0 ? `,name ${n},s` : ''}`);
    write('bad/many.txt', lines.join('\n'));
    const { state, table } = await build();
    expect(state.bad).toBe(hashes.length);
    const opened = new HashTable(table);
    for (const [n, hash] of hashes.entries()) {
      const known = opened.find(hash);
      if (known?.bad !== true || known.label.name !== (n % 3 === 0 ? `name ${n}` : '')) {
        throw new Error(`hash ${n} is not found as it was written`);
      }
      const other = Buffer.from(hash);
      other[31] = (other[31] ?? 0) ^ 1;
      if (opened.find(other) !== null) throw new Error('a hash that is in no list was found');
    }
    opened.close();
  });

  test('finds hashes that share all but their last bytes, and each once however often it is written', async () => {
    const alike = Array.from(
      { length: 3000 },
      (_, n) => `${'ab'.repeat(28)}${n.toString(16).padStart(8, '0')}`,
    );
    write('bad/alike.txt', [...alike, ...alike].join('\n'));
    const { state, table } = await build();
    expect(state.bad).toBe(alike.length);
    const opened = new HashTable(table);
    expect(alike.every((hash) => opened.find(Buffer.from(hash, 'hex')) !== null)).toBe(true);
    expect(opened.find(Buffer.from(`${'ab'.repeat(28)}ffffffff`, 'hex'))).toBeNull();
    opened.close();
  });

  test('that is damaged is refused, not read', async () => {
    write('bad/a.txt', of('a'));
    const { table } = await build();
    truncateSync(join(table, 'records'), 200_000);
    expect(() => new HashTable(table)).toThrow('the table of known hashes is damaged');
    expect(readdirSync(table)).toEqual(['names', 'records']);
  });

  test('of equal lists has the same identity, and of others another', async () => {
    write('bad/a.txt', of('a'));
    const first = (await build()).state.sha256;
    expect((await build()).state.sha256).toBe(first);
    write('bad/a.txt', of('b'));
    expect((await build()).state.sha256).not.toBe(first);
  });
});
