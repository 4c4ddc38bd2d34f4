import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const WRAPPER = join(import.meta.dirname, '../bin/backuplens');
/** Prints which of the two programs ran, under which Node, and its arguments. */
const MAIN = `console.log(JSON.stringify([import.meta.filename, process.version, ...process.argv.slice(2)]));\n`;

let home: string;
let root: string;

/** An old or a new Node, as far as `--version` can tell. */
async function fakeNode(path: string, version: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(
    path,
    `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\nexec '${process.execPath}' "$@"\n`,
  );
  await chmod(path, 0o755);
}

async function sourceOf(path: string, secondsAgo: number): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), MAIN);
  const time = new Date(Date.now() - secondsAgo * 1000);
  await utimes(join(root, path), time, time);
}

/** Makes the folder as old as its newest file should be: adding files has just touched it. */
async function age(path: string, secondsAgo: number): Promise<void> {
  const time = new Date(Date.now() - secondsAgo * 1000);
  await utimes(join(root, path), time, time);
}

async function start(
  program: string,
  args: readonly string[] = [],
  { cwd = '/', path = '/usr/bin:/bin' }: { cwd?: string; path?: string } = {},
): Promise<Run> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env: { PATH: path } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'backuplens-bin-')));
  root = join(home, "a repository's folder");
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile(WRAPPER, join(root, 'bin/backuplens'));
  await chmod(join(root, 'bin/backuplens'), 0o755);
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await mkdir(join(root, 'node_modules/.bin'), { recursive: true });
  await symlink(process.execPath, join(root, 'node_modules/.bin/node'));
  await sourceOf('src/cli/main.ts', 100);
  await age('src/cli', 100);
  await age('src', 100);
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

test('the wrapper runs from any folder and hands every argument on as it was given', async () => {
  const hostile = ['scan', 'a b', '', "it's", '$HOME', '*', '-', 'new\nline', '"'];
  const { code, stdout, stderr } = await start(join(root, 'bin/backuplens'), hostile);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual([join(root, 'src/cli/main.ts'), process.version, ...hostile]);
});

test('the wrapper finds its repository through absolute and relative links, and by a relative path', async () => {
  await symlink(join(root, 'bin/backuplens'), join(home, 'absolute'));
  await symlink('absolute', join(home, 'relative'));
  const results = await Promise.all([
    start(join(home, 'absolute')),
    start(join(home, 'relative')),
    start('./relative', [], { cwd: home }),
    start('relative', [], { cwd: '/', path: `${home}:/usr/bin:/bin` }),
  ]);
  for (const { stdout, stderr } of results) {
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([join(root, 'src/cli/main.ts'), process.version]);
  }
});

test('called yara-scanner, the wrapper starts that program, also through links', async () => {
  await sourceOf('src/services/yara-scanner/main.ts', 100);
  await symlink('backuplens', join(root, 'bin/yara-scanner'));
  await symlink(join(root, 'bin/yara-scanner'), join(home, 'scanner'));
  for (const path of [join(root, 'bin/yara-scanner'), join(home, 'scanner')]) {
    const { stdout, stderr } = await start(path, ['--help']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([
      join(root, 'src/services/yara-scanner/main.ts'),
      process.version,
      '--help',
    ]);
  }
});

test('the compiled program runs when no source is newer than the build', async () => {
  await sourceOf('dist/cli/main.js', 50);
  await sourceOf('dist/.built', 50);
  const fresh = await start(join(root, 'bin/backuplens'));
  expect(JSON.parse(fresh.stdout)).toEqual([join(root, 'dist/cli/main.js'), process.version]);

  await sourceOf('src/cli/other.test.ts', 1);
  await age('src/cli', 100);
  const tested = await start(join(root, 'bin/backuplens'));
  expect(JSON.parse(tested.stdout)).toEqual([join(root, 'dist/cli/main.js'), process.version]);

  await sourceOf('src/cli/other.ts', 1);
  await age('src/cli', 100);
  const changed = await start(join(root, 'bin/backuplens'));
  expect(JSON.parse(changed.stdout)).toEqual([join(root, 'src/cli/main.ts'), process.version]);
});

test('a source that was deleted makes the build old', async () => {
  await sourceOf('src/cli/gone.ts', 100);
  await sourceOf('dist/cli/main.js', 50);
  await sourceOf('dist/.built', 50);
  await rm(join(root, 'src/cli/gone.ts'));
  const { stdout } = await start(join(root, 'bin/backuplens'));
  expect(JSON.parse(stdout)).toEqual([join(root, 'src/cli/main.ts'), process.version]);
});

test('without the Node that npm brings, a system one is taken when it is new enough', async () => {
  await rm(join(root, 'node_modules/.bin/node'));
  const path = `${home}/system:/usr/bin:/bin`;
  for (const version of ['v24.12.0', 'v24.13.1', 'v26.0.0', 'v100.1.0']) {
    await fakeNode(join(home, 'system/node'), version);
    const { code, stderr } = await start(join(root, 'bin/backuplens'), [], { path });
    expect({ version, code, stderr }).toEqual({ version, code: 0, stderr: '' });
  }
});

test('a Node that is too old is refused with its version and the next step', async () => {
  await rm(join(root, 'node_modules/.bin/node'));
  const path = `${home}/system:/usr/bin:/bin`;
  for (const version of ['v20.20.2', 'v24.11.9', 'v8.0.0', 'nonsense']) {
    await fakeNode(join(home, 'system/node'), version);
    const { code, stdout, stderr } = await start(join(root, 'bin/backuplens'), ['scan', '/'], { path });
    expect({ version, code, stdout }).toEqual({ version, code: 2, stdout: '' });
    expect(stderr).toContain(
      `BL_RUNTIME: Node.js 24.12 or newer is needed, and ${home}/system/node is ${version}`,
    );
    expect(stderr).toContain(`run 'npm ci' in ${root}`);
  }
});

test('a Node from npm that does not run on this system is passed over', async () => {
  await rm(join(root, 'node_modules/.bin/node'));
  await writeFile(join(root, 'node_modules/.bin/node'), '\x7fELF of another system');
  await chmod(join(root, 'node_modules/.bin/node'), 0o755);
  await fakeNode(join(home, 'system/node'), 'v24.20.0');
  const { code } = await start(join(root, 'bin/backuplens'), [], { path: `${home}/system:/usr/bin:/bin` });
  expect(code).toBe(0);
});

test('missing packages and a missing Node are each named, with exit code 2', async () => {
  await rm(join(root, 'node_modules/.bin/node'));
  for (const tool of ['sh', 'readlink', 'dirname', 'find', 'head']) {
    await mkdir(join(home, 'few'), { recursive: true });
    await symlink(`/usr/bin/${tool}`, join(home, 'few', tool));
  }
  const without = await start(join(root, 'bin/backuplens'), [], { path: `${home}/few` });
  expect(without).toMatchObject({ code: 2, stdout: '' });
  expect(without.stderr).toContain('BL_RUNTIME: no Node.js was found');

  await rm(join(root, 'node_modules'), { recursive: true });
  const bare = await start(join(root, 'bin/backuplens'));
  expect(bare).toMatchObject({ code: 2, stdout: '' });
  expect(bare.stderr).toContain("BL_RUNTIME: its packages are not installed\n  run 'make build'");
});
