// needs: mandoc systemd
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const execute = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');
const PROGRAMS = ['backuplens', 'backuplens-pipeline', 'yara-scanner', 'clamav-updater', 'entropy-map'];
const { version: VERSION } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
/** What a user has who never heard of Node.js 24. */
const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

let folder: string;
let prefix: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backuplens-test-'));
  prefix = join(folder, 'usr');
  await install(prefix);
  await writeFile(join(folder, 'note.txt'), 'a harmless note\n');
}, 180_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function install(into: string) {
  return execute('make', ['install', `PREFIX=${into}`], { cwd: ROOT, timeout: 120_000 });
}

async function installed(program: string, ...args: readonly string[]) {
  return execute(join(prefix, 'bin', program), args, { cwd: '/', env: ENV, timeout: 60_000 });
}

describe('make install', () => {
  test.each(PROGRAMS)('%s runs from any folder, with a runtime of its own', async (program) => {
    expect((await installed(program, '--version')).stdout).toContain(VERSION);
  });

  test('what is installed scans with the policy and rules that came along', async () => {
    const { stdout } = await installed(
      'backuplens',
      'scan',
      '--clamd',
      'off',
      '--format',
      'json',
      join(folder, 'note.txt'),
    );
    expect(JSON.parse(stdout)).toMatchObject({
      summary: { decision: 'auto_approve', files: 1 },
      engines: { yara: { status: 'ok', rules: expect.any(Number) } },
    });
  });

  test('each command has a manual page that the formatter has nothing to say about', async () => {
    const man = join(prefix, 'share/man/man1');
    const pages = await readdir(man);
    expect(pages).toEqual(
      expect.arrayContaining([...PROGRAMS, 'backuplens-rules-check'].map((name) => `${name}.1`)),
    );
    await execute('mandoc', ['-T', 'lint', '-W', 'error', ...pages.map((page) => join(man, page))]);
    const { stdout } = await execute('mandoc', ['-T', 'html', join(man, 'backuplens-gate.1')]);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('tell by exit code whether');
  });

  test('systemd accepts the units, and none of them runs with rights', async () => {
    const units = join(prefix, 'lib/systemd/system');
    const files = await readdir(units);
    expect(files).toHaveLength(3);
    await execute('systemd-analyze', ['verify', '--man=no', ...files.map((unit) => join(units, unit))], {
      env: ENV,
    });
    for (const unit of files) {
      const text = await readFile(join(units, unit), 'utf8');
      expect(text).toContain(`ExecStart=${prefix}/bin/${unit.replace('.service', '')}\n`);
      for (const line of [
        'NoNewPrivileges=yes',
        'CapabilityBoundingSet=\n',
        'ProtectSystem=strict',
        'User=',
      ]) {
        expect(text).toContain(line);
      }
    }
  });

  test('the service may write its events where the page about them puts them', async () => {
    const page = await readFile(join(import.meta.dirname, '../docs/siem.md'), 'utf8');
    const [, logs] = /EVENTS_FILE=\/var\/log\/([a-z]+)\//.exec(page) ?? [];
    const unit = await readFile(join(prefix, 'lib/systemd/system/backuplens-pipeline.service'), 'utf8');
    expect(unit).toContain(`\nLogsDirectory=${logs}\n`);
  });

  test('shells find their completions where they look', async () => {
    for (const place of ['bash-completion/completions/backuplens', 'zsh/site-functions/_entropy-map']) {
      expect((await readFile(join(prefix, 'share', place), 'utf8')).length).toBeGreaterThan(100);
    }
  });

  test('a folder of somebody else is not overwritten, and a PREFIX that is not absolute is refused', async () => {
    const taken = join(folder, 'taken');
    await mkdir(join(taken, 'lib/backuplens'), { recursive: true });
    await expect(install(taken)).rejects.toThrow('was not installed by this');
    await expect(install('usr')).rejects.toThrow('must be an absolute path');
  });

  test('a second install replaces the first, an uninstall leaves nothing of ours and everything of others', async () => {
    await writeFile(join(prefix, 'bin/somebody-else'), '');
    await install(prefix);
    await execute('make', ['uninstall', `PREFIX=${prefix}`], { cwd: ROOT });
    const left = await readdir(prefix, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => !entry.isDirectory()).map(({ name }) => name)).toEqual(['somebody-else']);
    await expect(execute('make', ['uninstall', `PREFIX=${prefix}`], { cwd: ROOT })).rejects.toThrow(
      'nothing of BackupLens',
    );
  }, 180_000);
});

test('the npm package installs into an empty folder and scans; on an older Node.js it says what to do', async () => {
  const home = join(folder, 'package');
  await mkdir(home);
  await execute('npm', ['pack', '--ignore-scripts', '--pack-destination', home], { cwd: ROOT });
  await writeFile(join(home, 'package.json'), '{"private":true}');
  const tarball = join(home, `backuplens-${VERSION}.tgz`);
  await execute('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], { cwd: home });
  const program = join(home, 'node_modules/.bin/backuplens');
  const { stdout } = await execute(program, ['scan', '--clamd', 'off', join(folder, 'note.txt')], {
    env: ENV,
  });
  expect(stdout).toContain('Decision: auto_approve');
  await rm(join(home, 'node_modules/.bin/node'));
  const old = join(folder, 'old');
  await mkdir(old);
  await writeFile(join(old, 'node'), '#!/bin/sh\necho v20.1.0\n', { mode: 0o755 });
  await expect(
    execute(program, ['--version'], { env: { PATH: `${old}:${ENV.PATH}` } }),
  ).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /Node.js 24.12 or newer is needed, and .* is v20.1.0\n {2}install a newer one/,
    ),
  });
}, 180_000);

describe('make', () => {
  test('scan makes the samples, and every decision about them is as expected', async () => {
    const { stdout } = await execute('make', ['scan'], {
      cwd: ROOT,
      env: { ...process.env, CLAMD_HOST: 'off' },
      timeout: 120_000,
    });
    expect(stdout).toContain('samples were decided as expected');
  }, 180_000);

  test('help lists every target with what it does', async () => {
    const { stdout } = await execute('make', ['help'], { cwd: ROOT });
    const makefile = await readFile(join(ROOT, 'Makefile'), 'utf8');
    const targets = [...makefile.matchAll(/^([a-z-]+):/gm)].map(([, target]) => target);
    const listed = [...stdout.matchAll(/^  make ([a-z-]+) +\w/gm)].map(([, target]) => target);
    // What only others need has no line of its own.
    expect(listed).toEqual(targets.filter((target) => !['dependencies', 'secrets'].includes(target ?? '')));
  });

  test('build-service names the services when it does not know one', async () => {
    const { stdout } = await execute('make', ['build-service', 'SERVICE=yara-scanner'], { cwd: ROOT });
    expect(stdout).toContain('bin/yara-scanner');
    await expect(execute('make', ['build-service', 'SERVICE=yara'], { cwd: ROOT })).rejects.toThrow(
      /unknown service: yara\n.*backuplens-pipeline, yara-scanner, clamav-updater/,
    );
  });

  test.each([
    ['docker-down', 'docker with docker compose (or docker-compose) is needed: https://'],
    ['podman-logs', 'podman and podman-compose are needed: apt-get install podman'],
  ])('%s without its tool says what to install', async (target, advice) => {
    const few = join(folder, 'few');
    await mkdir(few, { recursive: true });
    for (const tool of ['sh', 'dirname', 'id']) {
      await rm(join(few, tool), { force: true });
      await symlink(`/usr/bin/${tool}`, join(few, tool));
    }
    const run = execute('/usr/bin/make', ['--silent', target], { cwd: ROOT, env: { PATH: few } });
    await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(advice) });
  });
});
