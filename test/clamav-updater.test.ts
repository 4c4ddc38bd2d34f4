// needs: clamav-daemon, clamav-freshclam
// The clamav-updater as its users start it: over the sockets of Podman and Docker (an engine of the tests' own that speaks
// their protocol), and with the real freshclam against a mirror on loopback.
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import { updaterHealth, updateReply, type UpdateReply } from '../src/contracts/index.ts';
import { containerRuntime } from '../src/services/clamav-updater/container-runtime.ts';
import { startFakeClamd } from './kit/clamd/fake.ts';
import { freePort, startClamd } from './kit/clamd/real.ts';
import { startService, type Service } from './kit/service.ts';
import { startFakeEngine, type FakeEngine, type Script } from './kit/updater/engine.ts';
import { startMirror, type Answer, type Mirror } from './kit/updater/freshclam.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const NOWHERE = '/nowhere';
const TOKEN = '0123456789abcdef0123456789abcdef';
/** Nothing of this machine is found by chance. */
const ALONE = {
  PATH: NOWHERE,
  CONTAINER_HOST: `unix://${NOWHERE}/p.sock`,
  DOCKER_HOST: `unix://${NOWHERE}/d.sock`,
};

async function updater(env: Readonly<Record<string, string>>): Promise<Service> {
  const service = await startService('clamav-updater', {
    ...ALONE,
    CLAMAV_HOST: '127.0.0.1',
    CLAMAV_PORT: String(await freePort()),
    API_TOKEN: TOKEN,
    ...env,
  });
  closers.push(() => service.stop());
  return service;
}

async function engine(script: Script): Promise<FakeEngine> {
  const started = await startFakeEngine(script);
  closers.push(() => started.stop());
  return started;
}

async function mirror(answer: Answer): Promise<Mirror> {
  const started = await startMirror(answer);
  closers.push(() => started.stop());
  return started;
}

const WITH_TOKEN = { authorization: `Bearer ${TOKEN}` };

interface Updated {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly reply: UpdateReply;
}

async function update(service: Service): Promise<Updated> {
  const response = await fetch(`${service.url}/update`, { method: 'POST', headers: WITH_TOKEN });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    reply: updateReply.parse(await response.json()),
  };
}

/** As freshclam 1.4.6 prints it. */
const UPDATED = 'daily.cvd updated (version: 27500, sigs: 2070000, f-level: 90, builder: raynman)\n';
const UP_TO_DATE =
  'daily.cvd database is up-to-date (version: 27500, sigs: 2070000, f-level: 90, builder: raynman)\n';

describe('over the socket of an engine', () => {
  test('runs freshclam in the named container, and nothing else', async () => {
    const podman = await engine({ running: ['av'], stdout: UPDATED });
    const service = await updater({
      CONTAINER_HOST: `unix://${podman.socket}`,
      CLAMAV_CONTAINER: 'av',
      UPDATE_TIMEOUT: '90s',
    });
    expect(await update(service)).toMatchObject({
      status: 200,
      reply: { success: true, result: 'updated', output: UPDATED },
    });
    expect(podman.commands).toEqual([['timeout', '-k', '10', '90', 'freshclam', '--stdout']]);
  });

  test('takes Podman before Docker, and Docker where Podman has no such container', async () => {
    const docker = await engine({ running: ['clamav'], stdout: UP_TO_DATE });
    const empty = await engine({});
    const env = { CONTAINER_HOST: `unix://${empty.socket}`, DOCKER_HOST: `unix://${docker.socket}` };
    expect(await update(await updater(env))).toMatchObject({ status: 200, reply: { result: 'up_to_date' } });
    expect(docker.commands).toHaveLength(1);

    const podman = await engine({ running: ['clamav'], stdout: UP_TO_DATE });
    const service = await updater({ ...env, CONTAINER_HOST: `unix://${podman.socket}` });
    expect(await update(service)).toMatchObject({ status: 200 });
    expect(podman.commands).toHaveLength(1);
    expect(docker.commands).toHaveLength(1);
    const health = updaterHealth.parse(await (await fetch(`${service.url}/health`)).json());
    expect(health).toMatchObject({
      status: 'healthy',
      runtime: 'podman',
      last_update: { result: 'up_to_date' },
    });
  });

  test('tells a cool-down with the time until when, and does not ask again before', async () => {
    const until = '2099-01-01 12:00:00';
    const docker = await engine({
      running: ['clamav'],
      stderr: `WARNING: FreshClam received error code 429 from the ClamAV CDN.\nWARNING: You are on cool-down until after: ${until}\n`,
      exitCode: 0, // As freshclam 1.4.6 does.
    });
    const service = await updater({ DOCKER_HOST: `unix://${docker.socket}` });
    const first = await update(service);
    const retry_after = new Date(until.replace(' ', 'T')).toISOString();
    expect(first).toMatchObject({
      status: 429,
      reply: { success: false, result: 'rate_limited', retry_after },
    });
    expect(Number(first.retryAfter)).toBeGreaterThan(3600);
    expect(await update(service)).toMatchObject({
      status: 429,
      reply: { success: false, result: 'cool_down', retry_after },
    });
    expect(docker.commands).toHaveLength(1);
  });

  test.each<[string, Script, number, string, RegExp]>([
    ['a container that is not there', {}, 500, 'no_container', /no container named clamav/],
    ['a container that is stopped', { stopped: ['clamav'] }, 500, 'no_container', /does not run/],
    ['an engine that refuses', { refuses: 403 }, 500, 'permission_denied', /refuses: not you/],
    ['an engine that fails', { refuses: 500 }, 500, 'failed', /not you/],
    ['an engine that talks nonsense', { garbage: Buffer.from('<html>') }, 500, 'failed', /no JSON/],
    [
      'an engine that talks without end',
      { garbage: Buffer.alloc(3 * 1024 * 1024, 'a') },
      500,
      'failed',
      /without end/,
    ],
    [
      'an outdated ClamAV',
      {
        running: ['clamav'],
        exitCode: 58,
        stderr: 'WARNING: Your ClamAV installation is OUTDATED!\nERROR: Update failed.\n',
      },
      400,
      'outdated',
      /install a newer/,
    ],
    [
      'a mirror that blocks',
      {
        running: ['clamav'],
        exitCode: 17,
        stderr: 'WARNING: FreshClam received error code 403 from the ClamAV CDN.\n',
      },
      429,
      'rate_limited',
      /403/,
    ],
    [
      'another freshclam',
      {
        running: ['clamav'],
        exitCode: 62,
        stderr:
          'ERROR: Failed to lock the log file /var/log/clamav/freshclam.log: Resource temporarily unavailable\n',
      },
      409,
      'busy',
      /another freshclam/,
    ],
    [
      'no network',
      {
        running: ['clamav'],
        exitCode: 52,
        stderr: "ERROR: Can't resolve database.clamav.net\nERROR: Update failed.\n",
      },
      500,
      'failed',
      /Can't resolve/,
    ],
    ['a run that took too long', { running: ['clamav'], exitCode: 124 }, 504, 'timed_out', /too long/],
  ])('tells %s apart', async (_what, script, status, result, message) => {
    const docker = await engine(script);
    const service = await updater({ DOCKER_HOST: `unix://${docker.socket}` });
    const updated = await update(service);
    expect(updated).toMatchObject({ status, reply: { success: false, result } });
    expect(updated.reply.message).toMatch(message);
  });

  test('an outdated ClamAV whose database was updated is a success that says so', async () => {
    const docker = await engine({
      running: ['clamav'],
      stdout: UPDATED,
      stderr: 'WARNING: Your ClamAV installation is OUTDATED!\n',
    });
    const updated = await update(await updater({ DOCKER_HOST: `unix://${docker.socket}` }));
    expect(updated).toMatchObject({
      status: 200,
      reply: { result: 'updated', message: expect.stringContaining('outdated') },
    });
  });

  test('output comes whole however it is cut, its control characters escaped, and only its end', async () => {
    const docker = await engine({
      running: ['clamav'],
      byteByByte: true,
      stdout: `\x1b[2J${UPDATED}`,
      stderr: 'second\n',
    });
    const { reply } = await update(await updater({ DOCKER_HOST: `unix://${docker.socket}` }));
    expect(reply.output).toBe(`\\x1b[2J${UPDATED}second\n`);

    const flood = await engine({
      running: ['clamav'],
      stdout: Buffer.concat([Buffer.alloc(5_000_000, 'a\n'), Buffer.from(UPDATED)]),
    });
    const flooded = await update(await updater({ DOCKER_HOST: `unix://${flood.socket}` }));
    expect(flooded.reply.output.endsWith(UPDATED)).toBe(true);
    expect(flooded.reply.output.length).toBeLessThan(70_000);
  });

  test('one update at a time', async () => {
    const { promise: waitFor, resolve: go } = Promise.withResolvers<void>();
    const docker = await engine({ running: ['clamav'], stdout: UP_TO_DATE, waitFor });
    const service = await updater({ DOCKER_HOST: `unix://${docker.socket}` });
    const first = update(service);
    while (docker.commands.length === 0) await new Promise(setImmediate);
    expect(await update(service)).toMatchObject({ status: 409, reply: { success: false, result: 'busy' } });
    go();
    expect(await first).toMatchObject({ status: 200 });
  });
});

describe('with no runtime at all', () => {
  test.each([
    [
      'podman',
      /^nothing to run freshclam with: no socket of podman at \/nowhere\/p\.sock, .*\. Start it \(systemctl enable --now podman\.socket\), say where it is \(CONTAINER_HOST=/,
    ],
    [
      'docker',
      /^nothing to run freshclam with: no socket of docker at \/nowhere\/d\.sock, .*\. Start it, say where it is \(DOCKER_HOST=/,
    ],
    ['freshclam', /^nothing to run freshclam with: no freshclam on the PATH\. Install it/],
  ])(
    'of the kind that was asked for (%s) says where it was looked for and what can be done',
    async (runtime, message) => {
      const updated = await update(await updater({ UPDATE_RUNTIME: runtime }));
      expect(updated).toMatchObject({ status: 500, reply: { success: false, result: 'no_runtime' } });
      expect(updated.reply.message).toMatch(message);
    },
  );

  test('says what can be done', async () => {
    const service = await updater({});
    const updated = await update(service);
    expect(updated).toMatchObject({ status: 500, reply: { success: false, result: 'no_runtime' } });
    expect(updated.reply.message).toMatch(/Install freshclam, give this service the socket/);
    expect(await (await fetch(`${service.url}/health`)).json()).toMatchObject({
      status: 'healthy',
      runtime: null,
      database: null,
    });
  });

  test('a socket that may not be used is said to be so', async () => {
    const docker = await engine({ running: ['clamav'] });
    await chmod(docker.socket, 0o000);
    const runtime = containerRuntime('docker', docker.socket, 'clamav');
    // Root may use every socket: nobody asks.
    const root = process.getuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    try {
      await expect(runtime.run(1000, new AbortController().signal)).rejects.toMatchObject({
        result: 'permission_denied',
        message: expect.stringContaining("add the user of this service to the socket's group"),
      });
    } finally {
      if (root) process.seteuid?.(0);
    }
  });
});

function database(text: string): string {
  return `Own.Marker:0:*:${Buffer.from(text).toString('hex')}\n`;
}

/** With the freshclam of this machine, and a mirror on loopback. */
function local(of: Mirror, env: Readonly<Record<string, string>> = {}): Promise<Service> {
  return updater({ UPDATE_RUNTIME: 'freshclam', PATH: '/usr/bin', FRESHCLAM_CONFIG: of.config, ...env });
}

describe('with the real freshclam of this machine', () => {
  test('brings a database, has clamd load it, and then it is up to date', async () => {
    const eicar = { name: 'Eicar', text: eicarTestString().toString() };
    const clamd = await startClamd({ signatures: [eicar] });
    closers.push(() => clamd.stop());
    const from = await mirror({
      status: 200,
      body: database('first'),
      headers: { 'last-modified': 'Sat, 28 Nov 2026 10:00:00 GMT' },
    });
    const service = await local(from, { CLAMAV_PORT: String(clamd.tcp.port) });
    expect(await update(service)).toMatchObject({
      status: 200,
      reply: { success: true, result: 'updated', database: { version: expect.stringMatching(/^ClamAV \d/) } },
    });
    from.set({ status: 304 });
    expect(await update(service)).toMatchObject({ status: 200, reply: { result: 'up_to_date' } });
    const metrics = await (await fetch(`${service.url}/metrics`, { headers: WITH_TOKEN })).text();
    expect(metrics).toMatch(/backuplens_database_updates_total\{result="updated"\} 1/);
  });

  test.each([false, true])(
    'reports the database that clamd then scans with (over its socket: %s)',
    async (unix) => {
      const clamd = await startFakeClamd({ unix });
      closers.push(() => clamd.stop());
      const { address } = clamd;
      const env =
        address.kind === 'unix'
          ? { CLAMAV_HOST: `unix:${address.path}` }
          : { CLAMAV_PORT: String(address.port) };
      const from = await mirror({ status: 200, body: database('newer') });
      expect((await update(await local(from, env))).reply).toMatchObject({
        result: 'updated',
        database: { version: expect.stringContaining('/12346/'), time: '2025-03-02T08:30:00Z' },
      });
    },
  );

  test('that brought a database which clamd could not be told of is a success that says so', async () => {
    const from = await mirror({ status: 200, body: database('second') });
    const { status, reply } = await update(await local(from));
    expect(status).toBe(200);
    expect(reply).toMatchObject({ success: true, result: 'updated', database: null });
    expect(reply.message).toMatch(/clamd was not told: connection refused/);
  });

  test.each<[string, Answer]>([
    ['503', { status: 503 }],
    ['a damaged database', { status: 200, body: 'this is no database' }],
  ])('tells a mirror that answers with %s apart', async (_what, answer) => {
    const updated = await update(await local(await mirror(answer)));
    expect(updated).toMatchObject({ status: 500, reply: { success: false, result: 'failed' } });
  });

  test.each<[string, Answer]>([
    ['429', { status: 429, headers: { 'retry-after': '7200' } }],
    ['403', { status: 403 }],
  ])('does not ask a mirror again that answered %s', async (_what, answer) => {
    const from = await mirror(answer);
    const service = await local(from);
    const updated = await update(service);
    expect(updated).toMatchObject({ status: 429, reply: { success: false, result: 'rate_limited' } });
    expect(Number(updated.retryAfter)).toBeGreaterThan(0);
    const asked = from.requests;
    expect(await update(service)).toMatchObject({ status: 429, reply: { result: 'cool_down' } });
    expect(from.requests).toBe(asked);
  });

  test('one that takes too long is ended', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bl-slow-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const pidFile = join(folder, 'pid');
    const slow = join(folder, 'freshclam');
    await writeFile(slow, `#!/bin/sh\necho $$ > ${pidFile}\nsleep 100\n`, { mode: 0o755 });
    const service = await updater({ UPDATE_RUNTIME: 'freshclam', PATH: folder, UPDATE_TIMEOUT: '1s' });
    expect(await update(service)).toMatchObject({ status: 504, reply: { result: 'timed_out' } });
  });
});

describe('whoever asks', () => {
  test('needs the token where one is set, but for /health', async () => {
    const docker = await engine({ running: ['clamav'], stdout: UP_TO_DATE });
    const service = await updater({ DOCKER_HOST: `unix://${docker.socket}`, API_TOKEN: TOKEN });
    expect((await fetch(`${service.url}/update`, { method: 'POST' })).status).toBe(401);
    expect((await fetch(`${service.url}/metrics`)).status).toBe(401);
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    expect(await update(service)).toMatchObject({ status: 200 });
  });

  test('needs one that is made, also on loopback, where the socket of a runtime is held', async () => {
    const docker = await engine({ running: ['clamav'], stdout: UP_TO_DATE });
    const folder = await mkdtemp(join(tmpdir(), 'backuplens-updater-'));
    closers.push(() => rm(folder, { recursive: true }));
    const env = { DOCKER_HOST: `unix://${docker.socket}`, API_TOKEN: '', DATA_DIR: join(folder, 'data') };
    const service = await updater(env);
    const asked = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await fetch(`${service.url}/update`, { method: 'POST', headers })).status;
    expect(await asked({})).toBe(401);
    expect(docker.commands).toEqual([]);
    const told = service.log.find(({ msg }) => msg.includes('want the token that was made'));
    const path = String(told?.['token_file']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await asked({ authorization: `Bearer ${(await readFile(path, 'utf8')).trim()}` })).toBe(200);
    expect(docker.commands).toHaveLength(1);

    // Who wants none has to say so.
    const open = await updater({ ...env, ALLOW_ANONYMOUS: 'true' });
    expect((await fetch(`${open.url}/update`, { method: 'POST' })).status).toBe(200);
  });

  test('needs none on loopback with the freshclam of this machine', async () => {
    const service = await updater({ API_TOKEN: '' });
    expect((await fetch(`${service.url}/update`, { method: 'POST' })).status).toBe(500);
  });

  test('is refused as a page of another origin', async () => {
    const docker = await engine({ running: ['clamav'] });
    const service = await updater({ DOCKER_HOST: `unix://${docker.socket}` });
    const headers = { ...WITH_TOKEN, origin: 'http://evil.example' };
    expect((await fetch(`${service.url}/update`, { method: 'POST', headers })).status).toBe(403);
    expect(docker.commands).toEqual([]);
  });

  test('is told the method, and nothing of other paths', async () => {
    const service = await updater({ API_TOKEN: '' });
    expect((await fetch(`${service.url}/update`)).status).toBe(405);
    expect((await fetch(`${service.url}/nothing`)).status).toBe(404);
  });
});

describe('starting', () => {
  test('beyond loopback without a token is refused, with the next step', async () => {
    const service = await startService('clamav-updater', { ...ALONE, HOST: '0.0.0.0' });
    expect(service.url).toBeNull();
    expect(service.errors()).toMatch(/would let anybody in\nhint: set API_TOKEN_FILE/);
    expect(await service.stop()).toBe(2);
  });

  test('with a wrong setting names it', async () => {
    const service = await startService('clamav-updater', {
      ...ALONE,
      UPDATE_EVERY: 'often',
      DOCKER_HOST: 'tcp://x:2375',
    });
    expect(service.url).toBeNull();
    expect(service.errors()).toMatch(
      /UPDATE_EVERY: expected a time such as 90s, 15m, 24h or 7d, got "often"/,
    );
    expect(service.errors()).toMatch(/DOCKER_HOST: expected unix:\/\/\/PATH/);
    expect(await service.stop()).toBe(2);
  });

  test('starts as our images start it, with BACKUPLENS_CONTAINER=1', async () => {
    const service = await updater({ BACKUPLENS_CONTAINER: '1', HOST: '127.0.0.1' });
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
  });

  test('tells in /health what clamd scans with', async () => {
    const clamd = await startFakeClamd();
    closers.push(() => clamd.stop());
    if (clamd.address.kind !== 'tcp') throw new Error('it listens on TCP');
    const service = await updater({ CLAMAV_PORT: String(clamd.address.port) });
    expect(await (await fetch(`${service.url}/health`)).json()).toEqual({
      status: 'healthy',
      clamav_host: `127.0.0.1:${clamd.address.port}`,
      runtime: null,
      database: { version: 'ClamAV 9.9.9/12345/Sun Mar  2 08:30:00 2025', time: '2025-03-02T08:30:00Z' },
      changed_at: expect.stringMatching(/^\d{4}-.*Z$/),
      last_update: null,
    });
  });
});
