// needs: make
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const execute = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const PROGRAMS = ['backuplens', 'backuplens-pipeline', 'yara-scanner', 'clamav-updater', 'entropy-map'];
/** npm fetches everything anew. */
const DEADLINE_MS = 10 * 60_000;

let folder: string;
let clone: string;

/** Somebody who has the system's Node.js, npm and make, and has never run anything of ours. */
function newcomer(): NodeJS.ProcessEnv {
  // How this machine's npm finds its registry is the machine's matter.
  const machine = Object.entries(process.env).filter(([name]) =>
    /^(?:NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|https?_proxy|npm_config_(?:registry|cafile))$/i.test(name),
  );
  return { ...Object.fromEntries(machine), PATH: '/usr/bin:/bin', HOME: join(folder, 'home'), NO_COLOR: '1' };
}

async function run(program: string, args: readonly string[], cwd = clone) {
  return execute(program, args, { cwd, env: newcomer(), timeout: DEADLINE_MS, maxBuffer: 2 ** 26 });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backuplens-test-'));
  clone = join(folder, 'clone');
  await mkdir(join(folder, 'home'));
  await execute('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone]);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test(
  'make scan in a fresh clone installs, builds, scans its samples, and decides as it should',
  async () => {
    const { stdout } = await run('make', ['scan']);
    expect(stdout).toContain('NOT inspected');
    expect(stdout).toMatch(/quarantine +2 files/);
  },
  DEADLINE_MS,
);

test(
  'make build and make install leave programs that print their version from anywhere',
  async () => {
    const prefix = join(folder, 'usr');
    await run('make', ['build']);
    await run('make', ['install', `PREFIX=${prefix}`]);
    const { stdout: version } = await run('/usr/bin/node', ['-p', 'require("./package.json").version']);
    for (const program of PROGRAMS) {
      const { stdout } = await run(join(prefix, 'bin', program), ['--version'], '/');
      expect([program, stdout]).toEqual([program, expect.stringContaining(version.trim())]);
    }
  },
  DEADLINE_MS,
);
