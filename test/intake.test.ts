import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRoot, pathList, walk, type Met, type WalkOptions } from '../src/intake/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'intake-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function met(paths: string[], options: Partial<WalkOptions> = {}): Promise<string[]> {
  const all: string[] = [];
  const walked = walk(
    paths.map((path) => Buffer.from(path)),
    { include: [], exclude: [], one_file_system: false, except: [], ...options },
  );
  for await (const one of walked) if (one.type !== 'folder') all.push(describe(one));
  return all;
}

function describe(one: Met): string {
  if (one.type === 'set') return `set of ${one.parts.map(describe).join(', ')}`;
  const place = one.display.replace(folder, '').replace(/^\//, '') || '.';
  if (one.type === 'skipped') return `skipped ${place}: ${one.reason}${one.outward ? ', leads out' : ''}`;
  return `${one.type} ${place}${'message' in one ? `: ${one.message}` : ''}`;
}

/** Root may read everything: for a while, be somebody who may not. */
async function asNobody<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

test('files are met depth-first in the order of their names, at every depth', async () => {
  mkdirSync(join(folder, 'b/c'), { recursive: true });
  for (const name of ['z', 'a', 'b/2', 'b/c/1', 'b/.hidden']) writeFileSync(join(folder, name), name);
  expect(await met([folder])).toEqual(['file a', 'file b/.hidden', 'file b/2', 'file b/c/1', 'file z']);
});

test('a given folder has a beginning and an end among what is met; folders in it have none', async () => {
  mkdirSync(join(folder, 'b'));
  for (const name of ['a', 'b/1', 'backup.7z.001', 'backup.7z.002'])
    writeFileSync(join(folder, name), 'same');
  const walked = walk([Buffer.from(folder), Buffer.from(join(folder, 'a'))], {
    include: [],
    exclude: [],
    one_file_system: false,
    except: [],
  });
  const all: string[] = [];
  for await (const one of walked)
    all.push(one.type === 'folder' ? `${one.at} ${one.display === folder}` : describe(one));
  expect(all).toEqual([
    'start true',
    'file a',
    'file b/1',
    'set of file backup.7z.001, file backup.7z.002',
    'end true',
    'file a',
  ]);
});

test('links, FIFOs and sockets are listed and never opened, also when links turn in circles', async () => {
  symlinkSync('.', join(folder, 'circle'));
  symlinkSync('b', join(folder, 'a'));
  symlinkSync('a', join(folder, 'b'));
  symlinkSync('/etc', join(folder, 'out'));
  symlinkSync('nowhere', join(folder, 'dangling'));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  const server = createServer().listen(join(folder, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  expect(await met([folder])).toEqual([
    'skipped a: symlink',
    'skipped b: symlink',
    'skipped circle: symlink',
    'skipped dangling: symlink',
    'skipped fifo: fifo',
    'skipped out: symlink, leads out',
    'skipped socket: socket',
  ]);
  await new Promise((resolve) => server.close(resolve));
});

test('a given path is followed if it is a link, and told missing if it does not exist', async () => {
  writeFileSync(join(folder, 'file'), 'x');
  symlinkSync('file', join(folder, 'link'));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  expect(await met([join(folder, 'link'), join(folder, 'none'), join(folder, 'fifo')])).toEqual([
    'file link',
    'missing none: no such file or folder',
    'missing fifo: is a fifo, not a file or folder',
  ]);
});

test('a folder that may not be read costs no other folder its scan', async () => {
  mkdirSync(join(folder, 'a'));
  mkdirSync(join(folder, 'locked'));
  writeFileSync(join(folder, 'locked/secret'), 'x');
  writeFileSync(join(folder, 'z'), 'x');
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'locked'), 0);
  expect(await asNobody(() => met([folder]))).toEqual(['unreadable locked: permission denied', 'file z']);
  chmodSync(join(folder, 'locked'), 0o700);
});

test('names that differ only in bytes that are not UTF-8 stay two files', async () => {
  for (const last of [0xe8, 0xe9]) {
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([last])]), 'x');
  }
  writeFileSync(join(folder, 'new\nline\x1b[31m'), 'x');
  expect(await met([folder])).toEqual(['file caf\\xE8', 'file caf\\xE9', 'file new\nline\x1b[31m']);
});

test('excluded folders are not entered, and includes choose among files', async () => {
  for (const name of ['keep.sql', 'keep.log', 'node_modules/x.sql', 'deep/er/y.sql']) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), 'x');
  }
  expect(await met([folder], { include: ['*.sql'], exclude: ['node_modules', 'deep/**'] })).toEqual([
    'skipped deep: excluded',
    'skipped keep.log: excluded',
    'file keep.sql',
    'skipped node_modules: excluded',
  ]);
});

async function listed(bytes: string): Promise<string[]> {
  const paths: string[] = [];
  const stdin = Readable.from([Buffer.from(bytes.slice(0, 3)), Buffer.from(bytes.slice(3))]);
  for await (const path of pathList('-', stdin)) paths.push(path.toString());
  return paths;
}

test('a list of paths is read by lines, or by NUL bytes when it holds one', async () => {
  expect(await listed('a/b\nc d\n\nlast')).toEqual(['a/b', 'c d', 'last']);
  expect(await listed('a\0b\nc\0')).toEqual(['a', 'b\nc']);
  await expect(listed('x'.repeat(100_000))).rejects.toThrow('a line is longer than');
});

test('what became a link or a FIFO since it was met is not opened', async () => {
  writeFileSync(join(folder, 'file'), 'x');
  symlinkSync('file', join(folder, 'link'));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  await expect(openRoot(Buffer.from(join(folder, 'link')))).rejects.toMatchObject({ code: 'ELOOP' });
  await expect(openRoot(Buffer.from(join(folder, 'fifo')))).rejects.toThrow('no longer a regular file');
});

test('the report that is being written is not scanned', async () => {
  for (const name of ['a', 'report.json']) writeFileSync(join(folder, name), 'x');
  const { dev, ino } = statSync(join(folder, 'report.json'), { bigint: true });
  expect(await met([folder], { except: [{ dev, ino }] })).toEqual([
    'file a',
    'skipped report.json: excluded',
  ]);
});

test('two thousand folders in one another are walked like any others', async () => {
  const deep = 'd/'.repeat(2000);
  mkdirSync(join(folder, deep), { recursive: true });
  writeFileSync(join(folder, deep, 'f'), 'x');
  expect(await met([folder])).toEqual([`file ${deep}f`]);
});
