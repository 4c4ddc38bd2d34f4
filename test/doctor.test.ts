// needs: clamav-daemon
// `backuplens doctor` as its users run it: each thing that can be wrong is named, with what to do, and counts for the exit code.
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import { doctorReport, type DoctorReport, type HealthCheck } from '../src/contracts/index.ts';
import { startFakeClamd } from './kit/clamd/fake.ts';
import { startClamd } from './kit/clamd/real.ts';
import { cli } from './kit/cli.ts';

const RECOMMENDED = join(import.meta.dirname, '../config/clamav/clamd.conf');
/** Root is warned of; whoever else runs the tests is not. And starting YARA takes a second, so few tests do. */
const NOT_MEANT = ['user', 'yara'];

let cwd = '';
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'backuplens-doctor-')));
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  await rm(cwd, { recursive: true, force: true });
});

interface Diagnosis {
  readonly code: number | null;
  readonly report: DoctorReport;
  /** Of one thing, and there is exactly one. */
  of(id: string): HealthCheck;
  /** Ids of what is not ok. */
  readonly ill: readonly string[];
}

async function doctor(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = ['--yara', 'off'],
): Promise<Diagnosis> {
  const { code, stdout, stderr } = await cli(['doctor', '--json', ...args], { cwd, env });
  expect(stderr).toBe('');
  const report = doctorReport.parse(JSON.parse(stdout));
  return {
    code,
    report,
    ill: report.checks
      .filter(({ id, state }) => state !== 'ok' && !NOT_MEANT.includes(id))
      .map(({ id }) => id),
    of: (id) => {
      const found = report.checks.filter((check) => check.id === id);
      expect(found.map((check) => check.what)).toHaveLength(1);
      const [only] = found;
      if (only === undefined) throw new Error(`there is no ${id}`);
      return only;
    },
  };
}

const OFF = { CLAMD_HOST: 'off' };

/** Settings of config/clamav/clamd.conf that belong to no machine. */
async function recommended(): Promise<Record<string, string>> {
  const ofTheMachine = /^(LocalSocket|TCPSocket|TCPAddr|DatabaseDirectory|TemporaryDirectory|User)/;
  const lines = (await readFile(RECOMMENDED, 'utf8')).split('\n');
  return Object.fromEntries(
    lines
      .filter((line) => /^[A-Z]/.test(line) && !ofTheMachine.test(line))
      .map((line): [string, string] => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)]),
  );
}

async function clamdWith(settings: Readonly<Record<string, string | boolean>>) {
  const clamd = await startClamd({
    signatures: [
      { name: 'Eicar', text: eicarTestString().toString() },
      { name: 'Two', text: 'another one' },
      { name: 'Three', file: Buffer.from('a file') },
    ],
    settings,
  });
  closers.push(() => clamd.stop());
  return { CLAMD_HOST: `unix:${clamd.unix.path}`, CLAMD_CONF: clamd.configFile };
}

describe('ClamAV', () => {
  test('as we recommend it has nothing hidden; that nobody knows the age of own databases is said', async () => {
    const env = await clamdWith(await recommended());
    const it = await doctor(env);
    expect(it.ill).toEqual(['clamd-database']);
    expect(it.code).toBe(0);
    expect(it.of('clamd')).toMatchObject({ state: 'ok', facts: { threads: 10, signatures: 3 } });
    expect(it.of('clamd-size').facts).toMatchObject({ proven_bytes: 100 * 2 ** 20 });
    expect(it.of('clamd-database').facts).toMatchObject({ signatures: 3, age_days: null });
    expect((await doctor(env, ['--strict', '--yara', 'off'])).code).toBe(1);
  });

  test('as Debian delivers it hides what exceeds its limits: that fails, with the line to write', async () => {
    const debian = { StreamMaxLength: '25M', MaxFileSize: '25M', MaxScanSize: '100M', DisableCache: false };
    const env = await clamdWith(debian);
    const it = await doctor(env);
    expect(it.code).toBe(1);
    expect(it.ill).toEqual(['clamd-database', 'clamd-size', 'clamd-cache', 'clamd-conf', 'clamd-encrypted']);
    expect(it.of('clamd-size').facts).toMatchObject({ proven_bytes: 25 * 2 ** 20 });
    expect(it.of('clamd-conf')).toMatchObject({
      state: 'fail',
      todo: `write AlertExceedsMax yes into ${env.CLAMD_CONF} and restart clamd`,
      facts: { MaxFileSize: 25 * 2 ** 20, AlertExceedsMax: false },
    });
    expect(it.of('clamd-cache').todo).toMatch(/DisableCache yes/);
  });

  test('whose clamd.conf cannot be read is doubted', async () => {
    const { CLAMD_HOST } = await clamdWith(await recommended());
    const it = await doctor({ CLAMD_HOST });
    expect(it.ill).toEqual(['clamd-database', 'clamd-cache', 'clamd-conf']);
    expect(it.of('clamd-conf')).toMatchObject({ state: 'warn', todo: expect.stringContaining('CLAMD_CONF') });
  });

  test('with old signatures warns, and fails beyond what is accepted', async () => {
    const clamd = await startFakeClamd({ canary: eicarTestString(), threads: 4, unix: true });
    closers.push(() => clamd.stop());
    if (clamd.address.kind !== 'unix') throw new Error('it listens on a socket');
    const env = { CLAMD_HOST: `unix:${clamd.address.path}` };
    const old = (await doctor(env)).of('clamd-database');
    expect(old).toMatchObject({ state: 'warn', facts: { database_time: '2025-03-02T08:30:00Z' } });
    expect(Number(old.facts['age_days'])).toBeGreaterThan(300);
    const it = await doctor({ ...env, CLAMD_MAX_AGE_DAYS: '7' });
    expect(it.of('clamd-database')).toMatchObject({
      state: 'fail',
      todo: expect.stringContaining('freshclam'),
    });
    expect(it.code).toBe(1);
  });

  test('that is away fails where somebody said where it is, and warns where nobody did', async () => {
    const named = await doctor({ CLAMD_HOST: 'unix:/nowhere/clamd.ctl' });
    expect(named.of('clamd')).toMatchObject({ state: 'fail', facts: { status: 'unavailable' } });
    expect(named.code).toBe(1);
    const off = await doctor(OFF);
    expect(off.of('clamd')).toMatchObject({ state: 'warn' });
    expect(off.ill).toEqual(['clamd']);
    expect(off.code).toBe(0);
  });

  test('and YARA that take connections and never answer fail within seconds', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it listens on TCP');
    const port = String(address.port);
    const begun = performance.now();
    const clamd = { CLAMD_HOST: '127.0.0.1', CLAMD_PORT: port };
    const it = await doctor({ ...clamd, YARA_HOST: '127.0.0.1', YARA_PORT: port }, []);
    // Four seconds for the one, five for the other, side by side, and a slow machine's share.
    expect(performance.now() - begun).toBeLessThan(30_000);
    expect(it.of('clamd')).toMatchObject({ state: 'fail', facts: { status: 'failed' } });
    expect(it.of('yara')).toMatchObject({
      state: 'fail',
      what: expect.stringContaining(`127.0.0.1:${port}`),
    });
    expect(it.code).toBe(1);
  });
});

describe('YARA', () => {
  test('with a file that does not compile names it, and without rules fails', async () => {
    const rules = join(cwd, 'yara-rules');
    await mkdir(rules, { mode: 0o755 });
    expect((await doctor(OFF, [])).of('yara')).toMatchObject({
      state: 'fail',
      what: expect.stringContaining('no rules'),
    });
    await writeFile(join(rules, 'good.yar'), 'rule good { condition: false }');
    await writeFile(join(rules, 'bad\x1b[2J.yar'), 'rule bad {\n condition: nothing_of_this }');
    const it = await doctor(OFF, []);
    expect(it.of('yara')).toMatchObject({ state: 'warn', facts: { rules: 1 } });
    const text = await cli(['doctor'], { cwd, env: OFF });
    expect(text.stdout).toContain('1 file rejected: bad\\x1b[2J.yar:2');
    expect(text.stdout).not.toContain('\x1b');
  });
});

describe('folders', () => {
  test('that others can change fail, with the command that mends it', async () => {
    await mkdir(join(cwd, 'quarantine'));
    await chmod(join(cwd, 'quarantine'), 0o777);
    const it = await doctor(OFF);
    expect(it.of('folder-quarantine-dir')).toMatchObject({
      state: 'fail',
      todo: `chmod go-w ${join(cwd, 'quarantine')}`,
      facts: { mode: '0777' },
    });
    expect(it.code).toBe(1);
  });

  test('that lie in one another fail', async () => {
    const it = await doctor({ ...OFF, REVIEW_DIR: join(cwd, 'quarantine/review') });
    expect(it.of('folders-apart')).toMatchObject({
      state: 'fail',
      what: expect.stringMatching(/REVIEW_DIR lies in QUARANTINE_DIR/),
    });
  });

  test('without the room that is wanted warn', async () => {
    const it = await doctor({ ...OFF, MIN_FREE: '8000T' });
    expect(it.of('space-quarantine-dir')).toMatchObject({
      state: 'warn',
      what: expect.stringContaining('MIN_FREE'),
    });
  });
});

describe('settings', () => {
  test('that let anybody in, or show a token, are named', async () => {
    const open = await doctor({ ...OFF, HOST: '0.0.0.0' });
    expect(open.of('access')).toMatchObject({
      state: 'fail',
      todo: expect.stringContaining('API_TOKEN_FILE'),
    });
    const said = await doctor({ ...OFF, HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' });
    expect(said.of('access').state).toBe('warn');
    const file = join(cwd, 'token');
    await writeFile(file, 'x'.repeat(40), { mode: 0o644 });
    const it = await doctor({ ...OFF, HOST: '0.0.0.0', API_TOKEN_FILE: file });
    expect(it.of('access').state).toBe('ok');
    expect(it.of('api-token-file')).toMatchObject({ state: 'fail', todo: `chmod 600 ${file}` });
    const shown = await doctor({ ...OFF, API_TOKEN: 'secret-that-is-nowhere-shown-at-all' });
    expect(shown.of('token').state).toBe('warn');
    expect(JSON.stringify(shown.report)).not.toContain('secret-that-is-nowhere-shown-at-all');
  });

  test('that approve what was not examined are named, and a policy that others can change fails', async () => {
    const policy = join(cwd, 'scoring.yaml');
    await writeFile(policy, 'gaps:\n  encrypted: tolerate\nrelease_provisional: true\n', { mode: 0o644 });
    const it = await doctor({ ...OFF, SCORING_CONFIG: policy });
    expect(it.of('policy')).toMatchObject({
      state: 'warn',
      facts: { tolerated: ['encrypted.root', 'encrypted.nested'] },
    });
    expect(it.of('policy-provisional').state).toBe('warn');
    await chmod(policy, 0o666);
    const others = await doctor({ ...OFF, SCORING_CONFIG: policy });
    expect(others.of('trust')).toMatchObject({ state: 'fail', todo: expect.stringContaining('chmod go-w') });
    expect(others.code).toBe(1);
  });

  test('that cannot be read at all are an error, and no diagnosis', async () => {
    const { code, stdout, stderr } = await cli(['doctor'], { cwd, env: { ...OFF, CLAMD_PORT: 'many' } });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^backuplens: CLAMD_PORT: expected an integer/);
  });
});

test('the text says what to do for what is not ok, failures last, and --quiet says only that', async () => {
  const text = await cli(['doctor', '--quiet', '--yara', 'off'], { cwd, env: { ...OFF, HOST: '0.0.0.0' } });
  expect(text.code).toBe(1);
  expect(text.stdout).not.toMatch(/^ok/m);
  expect(text.stdout).toMatch(/^warn {2}ClamAV is switched off: .*\n {6}do: leave --clamd/m);
  expect(text.stdout).toMatch(
    /\nFAIL {2}services listen on 0\.0\.0\.0, and let anybody in: they refuse to start {2}access\n {6}do: .*\n\n\d+ checks ok, \d+ warnings?, 1 failure\n$/,
  );
});
