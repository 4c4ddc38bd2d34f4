import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { yaraError, yaraHealth, yaraReload, yaraScanReply } from '../src/contracts/index.ts';
import { probeYara } from '../src/analyze/yara/index.ts';
import { startProgram, type Program } from './kit/yara/program.ts';
import { NEEDLE, NEEDLE_RULE, ruleFolder, type RuleFolder } from './kit/yara/rule-folder.ts';

let rules: RuleFolder;
let root: string;
let program: Program;
let url: string;

beforeAll(async () => {
  rules = ruleFolder({
    'tests/needle.yar': NEEDLE_RULE,
    'broken.yar': 'rule broken {\n  condition: nothing\n}',
    'untagged.yar': `rule Untagged { strings: $n = "${NEEDLE}" condition: $n }`,
  });
  root = mkdtempSync('/tmp/backuplens-roots-');
  mkdirSync(join(root, 'inside'));
  program = await startProgram({ YARA_RULES_DIR: rules.path, SCAN_ROOTS: join(root, 'inside') });
  url = program.url ?? '';
});
afterAll(async () => {
  await program.stop();
  rules.remove();
  rmSync(root, { recursive: true });
});

function upload(bytes: Buffer | string, field = 'file'): RequestInit {
  const body = new FormData();
  body.append(field, new Blob([bytes]), 'name.bin');
  return { method: 'POST', body };
}
function two(): RequestInit {
  const body = new FormData();
  for (const name of ['one.bin', 'two.bin']) body.append('file', new Blob([NEEDLE]), name);
  return { method: 'POST', body };
}
const json = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body,
});
const scanFile = async (path: unknown): Promise<Response> =>
  fetch(`${url}/scan-file`, json(JSON.stringify({ path })));

test('/health says what is loaded and what was rejected', async () => {
  const response = await fetch(`${url}/health`);
  expect(response.status).toBe(200);
  expect(yaraHealth.parse(await response.json())).toEqual({
    status: 'healthy',
    rules_loaded: true,
    rules_dir: rules.path,
    rules: 2,
    rule_files: 2,
    rejected: [
      {
        file: 'broken.yar',
        line: 2,
        column: 14,
        message: 'unknown identifier (E009); this rule is left out',
      },
    ],
    engine: 'YARA-X 1.20.0 (native)',
    rules_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    externals: [],
    takes_bytes: true,
    proves_files: true,
  });
  expect(await probeYara({ url })).toMatchObject({ status: 'ok', rules: 2, address: url, detail: null });
});

describe('/scan', () => {
  test('tells each rule with its tags (null for none), namespace, meta and strings', async () => {
    const response = await fetch(`${url}/scan`, upload(`ab${NEEDLE}`));
    expect(response.status).toBe(200);
    const strings = [{ id: '$n', offset: 2, length: NEEDLE.length, excerpt: NEEDLE }];
    expect(yaraScanReply.parse(await response.json())).toEqual({
      matches: [
        {
          rule: 'Needle',
          tags: ['test'],
          namespace: 'tests/needle',
          meta: { description: 'a needle' },
          strings,
        },
        { rule: 'Untagged', tags: null, namespace: 'untagged', meta: {}, strings },
      ],
      match_count: 2,
    });
  });

  test.each([0, 10, 1024 * 1024 - 100, 2 * 1024 * 1024])(
    'takes %d bytes before the match',
    async (before) => {
      const response = await fetch(
        `${url}/scan`,
        upload(Buffer.concat([Buffer.alloc(before), Buffer.from(NEEDLE)])),
      );
      expect(yaraScanReply.parse(await response.json()).matches[0]?.strings[0]?.offset).toBe(before);
    },
  );

  test('takes raw bytes, and nothing', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    const raw = await fetch(`${url}/scan`, { method: 'POST', headers, body: NEEDLE });
    expect(yaraScanReply.parse(await raw.json()).match_count).toBe(2);
    expect(await (await fetch(`${url}/scan`, upload(''))).json()).toEqual({ matches: [], match_count: 0 });
  });

  test.each([0, 1, 200_000, 262_144 - NEEDLE.length, 262_144, 1_048_576, 3_000_000])(
    'takes raw bytes of any size: %d before the match',
    async (before) => {
      const headers = { 'content-type': 'application/octet-stream' };
      const body = Buffer.concat([Buffer.alloc(before), Buffer.from(NEEDLE)]);
      const response = await fetch(`${url}/scan`, { method: 'POST', headers, body });
      expect(yaraScanReply.parse(await response.json()).matches[0]?.strings[0]?.offset).toBe(before);
    },
  );

  test('scans what is larger than a window in several, and corrects the places', async () => {
    const large = Buffer.alloc(70 * 1024 * 1024);
    const offset = 64 * 1024 * 1024 - 4;
    large.write(NEEDLE, offset);
    const reply = yaraScanReply.parse(await (await fetch(`${url}/scan`, upload(large))).json());
    expect(reply.matches[0]?.strings).toEqual([{ id: '$n', offset, length: NEEDLE.length, excerpt: NEEDLE }]);
  });

  test.each<[string, RequestInit, number]>([
    ['another field', upload('x', 'document'), 400],
    ['two files', two(), 400],
    ['no body', { method: 'POST' }, 400],
    ['an empty form', { method: 'POST', body: new FormData() }, 400],
    ['JSON', json('{}'), 415],
    ['text', { method: 'POST', body: 'x' }, 415],
    ['GET', {}, 405],
    ['PUT', { method: 'PUT', body: 'x' }, 405],
  ])('answers %s with an error', async (_name, init, status) => {
    const response = await fetch(`${url}/scan`, init);
    expect(response.status).toBe(status);
    const { error, code } = yaraError.parse(await response.json());
    expect([error === '', code]).toEqual([false, 'bad_request']);
    expect(response.headers.get('allow')).toBe(status === 405 ? 'POST' : null);
  });
});

describe('/scan-file', () => {
  test('scans a file below the roots', async () => {
    const path = join(root, 'inside', 'file');
    writeFileSync(path, `x${NEEDLE}`);
    const response = await scanFile(path);
    expect(response.status).toBe(200);
    expect(yaraScanReply.parse(await response.json()).matches[0]?.strings[0]?.offset).toBe(1);
  });

  test('says which paths it does not take, and why', async () => {
    const inside = join(root, 'inside');
    writeFileSync(join(root, 'secret'), NEEDLE);
    symlinkSync('../secret', join(inside, 'out'));
    symlinkSync('/etc/passwd', join(inside, 'etc'));
    writeFileSync(join(inside, 'real'), NEEDLE);
    symlinkSync('real', join(inside, 'within'));
    execFileSync('mkfifo', [join(inside, 'pipe')]);
    const answers: Record<string, unknown> = {
      [join(inside, 'missing')]: 404,
      [join(inside, 'real', 'below')]: 404,
      [inside]: 400,
      [join(inside, 'pipe')]: 400,
      [join(inside, 'within')]: 200,
      [join(inside, 'out')]: 403,
      [join(inside, 'etc')]: 403,
      [join(inside, '..', 'secret')]: 403,
      [join(root, 'secret')]: 403,
      [join(root, 'missing')]: 403,
      [`${inside}-next`]: 403,
      '/etc/passwd': 403,
      '/proc/self/environ': 403,
    };
    for (const [path, status] of Object.entries(answers)) {
      const response = await scanFile(path);
      expect([path, response.status]).toEqual([path, status]);
      expect(await response.text()).not.toContain(root);
    }
  });

  test.each([
    ['{}', 400],
    ['{"path":7}', 400],
    ['{"path":""}', 400],
    ['{"path":"/etc/pass\\u0000wd"}', 400],
    ['{"path":', 400],
    ['[]', 400],
    ['null', 400],
    ['', 400],
  ])('answers the body %s with %d', async (body, status) => {
    const response = await fetch(`${url}/scan-file`, json(body));
    expect(response.status).toBe(status);
    yaraError.parse(await response.json());
  });

  test.each<[string, RequestInit, number]>([
    ['no body', { method: 'POST' }, 400],
    ['a form', upload('x'), 415],
    ['text', { method: 'POST', body: 'x' }, 415],
    ['more than a megabyte of JSON', json(`{"path":"${'x'.repeat(1024 * 1024)}"}`), 413],
    ['GET', {}, 405],
    ['DELETE', { method: 'DELETE' }, 405],
  ])('answers %s with an error', async (_name, init, status) => {
    const response = await fetch(`${url}/scan-file`, init);
    expect(response.status).toBe(status);
    expect(yaraError.parse(await response.json()).code).toBe('bad_request');
    expect(response.headers.get('allow')).toBe(status === 405 ? 'POST' : null);
  });

  test('a file that is there and cannot be read was not scanned, and says so', async () => {
    // Loopback has no speed: the kernel answers each read with EINVAL.
    const folder = '/sys/devices/virtual/net/lo';
    const own = await startProgram({ YARA_RULES_DIR: rules.path, SCAN_ROOTS: folder });
    const response = await fetch(
      `${own.url}/scan-file`,
      json(JSON.stringify({ path: join(folder, 'speed') })),
    );
    expect([response.status, yaraError.parse(await response.json())]).toEqual([
      404,
      { error: 'EINVAL', code: 'unreadable' },
    ]);
    expect(await own.stop()).toBe(0);
  });

  test('does not offer the parts of files that a parent may ask for', async () => {
    const path = `/proc/${process.pid}/fd/0`;
    expect((await scanFile(path)).status).toBe(403);
  });
});

test('knows no other path, and no other method of those it knows', async () => {
  expect((await fetch(`${url}/metrics-or-so`)).status).toBe(404);
  expect((await fetch(`${url}/health`, { method: 'POST' })).status).toBe(405);
});

test('/metrics tells Prometheus what was scanned', async () => {
  const metric = async (name: string): Promise<number> => {
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(await response.text())?.[1]);
  };
  const before = await metric('backuplens_scanned_bytes_total');
  await fetch(`${url}/scan`, upload(Buffer.alloc(1000)));
  expect(await metric('backuplens_scanned_bytes_total')).toBe(before + 1000);
  expect(await metric('backuplens_engine_up\\{engine="yara"\\}')).toBe(1);
  expect(await metric('backuplens_queue_depth')).toBe(0);
});

test('the log has a line of JSON for the start and for each rule that is left out', async () => {
  await expect
    .poll(() => program.log.find(({ msg }) => msg === 'a rule is left out'))
    .toMatchObject({
      level: 'warn',
      name: 'yara-scanner',
      line: 2,
      column: 14,
      untrusted: { file: 'broken.yar' },
    });
  expect(program.log.find(({ msg }) => msg === 'rules are loaded')).toMatchObject({ rules: 2, rejected: 1 });
});

test.each([
  ['in its folder', { 'readme.txt': 'none here' }],
  ['because its folder is empty', {}],
  ['because none compile', { 'broken.yar': 'rule broken {' }],
])('with no rules %s it is degraded, and scans nothing rather than finding nothing', async (_why, files) => {
  const empty = ruleFolder(files);
  const own = await startProgram({ YARA_RULES_DIR: empty.path });
  const health = yaraHealth.parse(await (await fetch(`${own.url}/health`)).json());
  expect(health).toMatchObject({ status: 'degraded', rules_loaded: false, rules: 0 });
  const scan = await fetch(`${own.url}/scan`, upload('x'));
  expect([scan.status, yaraError.parse(await scan.json()).code]).toEqual([503, 'no_rules']);
  // What is wrong with the request is said first.
  expect((await fetch(`${own.url}/scan`, upload('x', 'other'))).status).toBe(400);
  const file = async (path: string): Promise<number> =>
    (await fetch(`${own.url}/scan-file`, json(JSON.stringify({ path })))).status;
  expect([await file('/etc/passwd'), await file('/tmp/not-there'), await file(import.meta.filename)]).toEqual(
    [403, 404, 503],
  );
  const reload = await fetch(`${own.url}/reload`, { method: 'POST' });
  expect([reload.status, yaraReload.parse(await reload.json()).success]).toEqual([500, false]);
  expect(await own.stop()).toBe(0);
  empty.remove();
});

test.each([
  [{ YARA_RULES_DIR: '/nowhere/at/all' }, 'cannot read the rules folder'],
  [{ PORT: 'eighty' }, 'PORT: expected an integer from 0 to 65535, got "eighty"'],
  [
    { LOG_LEVEL: 'loud' },
    'LOG_LEVEL: expected one of silent, fatal, error, warn, info, debug, trace, got "loud"',
  ],
  [
    { MAX_UPLOAD_BYTES: 'much' },
    'MAX_UPLOAD_BYTES: expected a size in bytes, or such as 512M or 2G, got "much"',
  ],
  [{ BACKUPLENS_YARA_RULEZ_DIR: '/x' }, 'unknown variable; did you mean BACKUPLENS_YARA_RULES_DIR?'],
  [{ API_TOKEN_FILE: '/nowhere' }, 'API_TOKEN_FILE: "/nowhere" cannot be read'],
])('a wrong setting ends the start with a message: %j', async (env, message) => {
  const own = await startProgram(env);
  expect(own.url).toBeNull();
  await expect.poll(() => own.errors()).toContain(message);
  expect(await own.stop()).toBe(2);
});

test('a request that is in progress is answered before a shutdown, and later ones are not accepted', async () => {
  const own = await startProgram({ YARA_RULES_DIR: rules.path });
  const agent = new Agent({ keepAlive: true });
  const headers = { 'content-type': 'application/octet-stream', 'content-length': '1000' };
  const request = httpRequest(`${own.url}/scan`, { method: 'POST', headers, agent });
  request.write(Buffer.alloc(500));
  await once(request, 'socket');
  await expect.poll(() => request.socket?.connecting).toBe(false);
  // The server must have seen its beginning.
  await fetch(`${own.url}/health`);
  const stopped = own.stop();
  request.end(Buffer.alloc(500));
  const [response] = await once(request, 'response');
  expect(response.statusCode).toBe(200);
  response.resume();
  expect(await stopped).toBe(0);
  agent.destroy();
});
