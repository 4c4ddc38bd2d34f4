// needs: git restic borgbackup duplicity gnupg
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unitAt, walk } from '../src/intake/index.ts';
import { watching } from './kit/watching.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'backuplens-sets-'));
  const env = {
    ...process.env,
    HOME: root,
    RESTIC_PASSWORD: 'x',
    BORG_PASSPHRASE: 'x',
    PASSPHRASE: 'x',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const run = (program: string, ...args: string[]): void => {
    execFileSync(program, args, { cwd: join(root, 'work'), env, stdio: 'pipe' });
  };
  mkdirSync(join(root, 'work'));
  run('git', 'init', '-q');
  for (const name of ['one', 'two']) {
    writeFileSync(join(root, 'work', name), `${name}\n`);
    run('git', 'add', name);
    run('git', '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', name);
    if (name === 'one') run('git', 'gc', '-q');
  }
  run('git', 'clone', '-q', '--bare', '.', join(root, 'bare'));
  run('restic', 'init', '-q', '-r', join(root, 'restic'));
  run('restic', 'backup', '-q', '-r', join(root, 'restic'), '.');
  run('borg', 'init', '-e', 'repokey', join(root, 'borg'));
  run('borg', 'create', `${join(root, 'borg')}::a`, '.');
  const plain = `file://${join(root, 'duplicity')}`;
  run('duplicity', 'full', '--no-encryption', '.', plain);
  writeFileSync(join(root, 'work', 'three'), 'three\n');
  run('duplicity', 'incremental', '--no-encryption', '.', plain);
  run('duplicity', 'full', '--file-prefix', 'my-', '.', `file://${join(root, 'duplicity with gpg')}`);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });

const SETS = {
  bare: 'git',
  work: 'git',
  restic: 'restic',
  borg: 'borg',
  duplicity: 'duplicity',
  'duplicity with gpg': 'duplicity',
} as const;

test.each(Object.entries(SETS))(
  '%s is a set, and whichever of its files comes first is left alone',
  async (name, kind) => {
    const set = join(root, name);
    const everything = { include: [], exclude: [], one_file_system: false, except: [] };
    const units = { isDropped: () => false };
    const met = [];
    for await (const one of walk([Buffer.from(set)], { ...everything, units })) met.push(one);
    expect(met).toContainEqual(expect.objectContaining({ type: 'unit', kind }));
    expect((await unitAt(Buffer.from(set), { kind, ours: () => false }))?.whole).toBe(true);

    const first = join(root, `first of ${name}`);
    // A working tree is known by its `.git` alone: what comes before anything of that is a file like any other.
    const files = filesBelow(set).filter((path) => name !== 'work' || path.includes('/.git/'));
    for (const [number, path] of files.entries()) {
      const to = join(first, String(number), relative(set, path));
      mkdirSync(dirname(to), { recursive: true });
      cpSync(path, to);
    }
    const watch = watching(first, { sets_ms: 3_600_000 });
    try {
      await watch.sweeps(3);
      await watch.until(
        () => watch.events.filter(({ type }) => type === 'begun').length === files.length,
        `all of ${files.length}`,
      );
      expect(watch.arrivals()).toEqual([]);
    } finally {
      await watch.stop();
    }
  },
);
