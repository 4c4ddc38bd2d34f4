// needs: rsync unzip zip zstd
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cli, type Ended } from './kit/cli.ts';
import { MARKER } from './kit/marker.ts';
import { tarOf } from './kit/trees.ts';

/** Pairs of which the second is what a careless pattern of the first would take too, as latin1. */
const PAIRS: readonly (readonly [bad: string, good: string])[] = [
  ['plain', 'plain2'],
  ['home/a/x', 'other/home/a/x'],
  ['st*r', 'stAr'],
  ['dir/**', 'dir/deep/file'],
  ['q?x', 'qqx'],
  ['br[ab]', 'bra'],
  ['[!a]b', 'cb'],
  ['back\\slash', 'backslash'],
  ['\\*lit', '*lit'],
  ['trail ', 'trail'],
  ['tab\t', 'tab'],
  ['caf\xe9', 'caf\xe8'],
  ['caf\xc3\xa9', 'cafe'],
  ['-d', 'd'],
  ['--null', 'null'],
  ['# comment', 'comment'],
  ['; comment', 'comment2'],
  ['+ plus', 'plus'],
  ['- minus', 'minus'],
  ['!', 'x!'],
  [' lead', 'lead'],
  ['esc\x1b[2J', 'esc'],
  ['z***', 'zz'],
];

let work: string;
beforeEach(() => (work = mkdtempSync(join(tmpdir(), 'bad-members-'))));
afterEach(() => rmSync(work, { recursive: true, force: true }));

function put(path: string, content: string | Buffer): void {
  const bytes = Buffer.from(path, 'latin1');
  mkdirSync(bytes.subarray(0, bytes.lastIndexOf('/')), { recursive: true });
  writeFileSync(bytes, content);
}

/** Every file below, as latin1. */
function filesBelow(folder: string): string[] {
  return readdirSync(Buffer.from(folder, 'latin1'), { withFileTypes: true, encoding: 'buffer' })
    .flatMap((entry) => {
      const name = entry.name.toString('latin1');
      return entry.isDirectory()
        ? filesBelow(`${folder}/${name}`).map((below) => `${name}/${below}`)
        : [name];
    })
    .toSorted();
}

async function listOf(given: string, ...more: string[]): Promise<Ended & { readonly list: string }> {
  const list = join(work, 'bad.txt');
  const args = ['--clamd', 'off', '--fail-on', 'never', '--format', 'json', '--output', '/dev/null'];
  return { ...(await cli(['scan', ...args, '--bad-members', list, ...more, given], { cwd: work })), list };
}

/** A tree of `PAIRS`, each first one bad; the tree's folder. */
function tree(): string {
  const source = join(work, 'source');
  for (const [bad, good] of PAIRS) {
    put(`${source}/${bad}`, `bad ${MARKER}`);
    put(`${source}/${good}`, 'good');
  }
  return source;
}

const GOOD = PAIRS.map(([, good]) => good).toSorted();

describe('the restored tree lacks exactly the bad members', () => {
  test.each([
    ['tar', ['-cf', 'x.tar', '-C', 'source', '.']],
    ['compressed tar, names without ./', ['--zstd', '-cf', 'x.tar', '-C', 'source', '--null', '-T', 'names']],
  ])('of a %s', async (_what, args) => {
    const source = tree();
    writeFileSync(join(work, 'names'), Buffer.from(`${filesBelow(source).join('\0')}\0`, 'latin1'));
    execFileSync('tar', args.map((arg) => (arg === '-T' ? ['--verbatim-files-from', arg] : [arg])).flat(), {
      cwd: work,
    });
    const { code, stderr, list } = await listOf('x.tar');
    expect([code, stderr]).toEqual([0, expect.stringContaining('--anchored --exclude-from=')]);
    mkdirSync(join(work, 'out'));
    execFileSync('tar', ['-x', '-C', 'out', '-f', 'x.tar', '--anchored', `--exclude-from=${list}`], {
      cwd: work,
    });
    expect(filesBelow(join(work, 'out'))).toEqual(GOOD);
  });

  test.each(['./source/', '.'])('of a folder given as %s, by rsync', async (given) => {
    tree();
    const source = given === '.' ? join(work, 'source') : work;
    const list = join(work, 'bad.txt');
    const args = ['--clamd', 'off', '--fail-on', 'never', '--quiet', '--bad-members', list, given];
    const { code } = await cli(['scan', ...args], { cwd: source });
    expect(code).toBe(0);
    execFileSync('rsync', ['-a', `--exclude-from=${list}`, `${work}/source/`, `${work}/out/`]);
    expect(filesBelow(join(work, 'out'))).toEqual(GOOD);
  });

  test('of a zip', async () => {
    const source = join(work, 'source');
    const sayable = PAIRS.filter(([bad]) => !/[\\\x80-\xff]/.test(bad));
    for (const [bad, good] of sayable) {
      put(`${source}/${bad}`, `bad ${MARKER}`);
      put(`${source}/${good}`, 'good');
    }
    execFileSync('zip', ['-q', '-r', '../x.zip', '.'], { cwd: source });
    const { code, list } = await listOf('x.zip');
    expect(code).toBe(0);
    const unzip = `mapfile -t bad < "$1"; unzip -q x.zip -d out \${bad:+-x "\${bad[@]}"}`;
    execFileSync('bash', ['-c', unzip, 'bash', list], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
    expect(filesBelow(join(work, 'out'))).toEqual(sayable.map(([, good]) => good).toSorted());
  });

  test('a member is left out for what is in it, and for what could not be looked into', async () => {
    mkdirSync(join(work, 'source'));
    writeFileSync(join(work, 'secret.txt'), 'nobody reads this'.repeat(100));
    execFileSync('zip', ['-q', '-P', 'unknown', 'source/locked.zip', 'secret.txt'], { cwd: work });
    writeFileSync(join(work, 'source/inner.tar'), await tarOf({ 'a/deep.txt': MARKER, 'b.txt': 'ok' }));
    writeFileSync(join(work, 'source/big.txt'), 'plain text\n'.repeat(10_000));
    execFileSync('tar', ['-czf', 'x.tgz', 'source'], { cwd: work });
    const { code, list } = await listOf('x.tgz');
    expect([code, readFileSync(list, 'latin1').split('\n').toSorted()]).toEqual([
      0,
      ['', 'source/inner.tar', 'source/locked.zip'],
    ]);
  });

  test('an archive in which nothing is bad has an empty list, which leaves nothing out', async () => {
    writeFileSync(join(work, 'x.tar'), await tarOf({ 'a.txt': 'a' }));
    const { code, list } = await listOf('x.tar');
    expect([code, readFileSync(list, 'utf8')]).toEqual([0, '']);
  });
});

describe('a list that would not be whole does not get its name', () => {
  test.each([
    ['tar', 'evil\nname', 'evil\\nname'],
    ['rsync', 'evil\rname', 'evil\\rname'],
    ['unzip', 'caf\xe9', 'caf\\xE9'],
  ])('for %s, of a name that no line can mean', async (form, name, shown) => {
    put(`${work}/source/${name}`, MARKER);
    put(`${work}/source/other`, MARKER);
    const maker =
      form === 'unzip' ? ['zip', '-q', '-r', 'x.zip', 'source'] : ['tar', '-cf', 'x.tar', 'source'];
    execFileSync(maker[0]!, maker.slice(1), { cwd: work });
    const given = form === 'unzip' ? 'x.zip' : 'x.tar';
    const { code, stderr, list } = await listOf(given, '--bad-members-format', form);
    expect([code, existsSync(list)]).toEqual([2, false]);
    expect(stderr).toContain(`for ${form} means exactly source/${shown}`);
    expect(readFileSync(`${list}.incomplete`, 'utf8')).toBe(
      form === 'rsync' ? '/source/other\n' : 'source/other\n',
    );
  });

  test('where what is wrong is wrong with the whole', async () => {
    writeFileSync(join(work, 'x.tar'), (await tarOf({ 'a.txt': 'a'.repeat(5000) })).subarray(0, 3000));
    const { code, stderr, list } = await listOf('x.tar');
    expect([code, existsSync(list)]).toEqual([2, false]);
    expect(stderr).toContain('not for a single member: 1 gap of reason corrupt');
  });

  test('where more are alike than are kept one by one', async () => {
    const many = Array.from({ length: 130 }, (_, at) => [`f${at}`, `${MARKER} ${at}`] as const);
    writeFileSync(join(work, 'x.tar'), await tarOf(Object.fromEntries(many)));
    const { code, stderr, list } = await listOf('x.tar');
    expect([code, existsSync(list)]).toEqual([2, false]);
    expect(stderr).toContain('(more of the same)');
  });

  test('where it is of something that neither tar nor unzip restores in parts, or of nothing', async () => {
    writeFileSync(join(work, 'note.txt'), MARKER);
    const { code, stderr } = await listOf('note.txt');
    expect([code, stderr]).toEqual([2, expect.stringContaining('bad.txt was not made')]);
    expect(await listOf('nowhere')).toMatchObject({ code: 2 });
    expect(existsSync(join(work, 'bad.txt'))).toBe(false);
  });

  test('where one of an earlier scan has it', async () => {
    writeFileSync(join(work, 'bad.txt'), 'old');
    writeFileSync(join(work, 'x.tar'), await tarOf({ 'a.txt': 'a' }));
    const { code, stderr, list } = await listOf('x.tar');
    expect([code, readFileSync(list, 'utf8')]).toEqual([2, 'old']);
    expect(stderr).toContain('exists already');
  });
});

test('it goes with one path that stays where it is, and with a program that can restore it', async () => {
  mkdirSync(join(work, 'folder'));
  writeFileSync(join(work, 'a'), 'a');
  for (const [args, says] of [
    [['--bad-members', 'l', 'a', 'folder'], 'of one archive or one folder'],
    [['--bad-members', 'l', '--apply', 'a'], 'not with --apply'],
    [['--bad-members-format', 'tar', 'a'], 'without --bad-members'],
    [['--bad-members', 'l', '--bad-members-format', 'tar', 'folder'], 'of which tar restores nothing'],
    [['--bad-members', 'missing/l', 'a'], 'cannot write missing/l.incomplete'],
  ] as const) {
    const { code, stderr } = await cli(['scan', '--clamd', 'off', ...args], { cwd: work });
    expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
  }
  expect(readdirSync(work).toSorted()).toEqual(['a', 'folder']);
});

test('the list is not scanned itself', async () => {
  put(`${work}/source/a.txt`, 'a');
  const { code } = await cli(
    ['scan', '--clamd', 'off', '--strict', '--fail-on', 'never', '--bad-members', 'source/bad', 'source'],
    { cwd: work },
  );
  const list = join(work, 'source/bad');
  expect([code, dirname(list), readFileSync(list, 'utf8')]).toEqual([
    0,
    join(work, 'source'),
    expect.not.stringContaining('incomplete'),
  ]);
});
