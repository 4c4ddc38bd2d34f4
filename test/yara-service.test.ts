import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { yaraScanReply } from '../src/contracts/index.ts';
import { createServer, keepPace, listen } from '../src/http/index.ts';
import { descendants, peakOf } from './kit/process-cost.ts';
import { startProgram, type Program } from './kit/yara/program.ts';
import { NEEDLE, NEEDLE_RULE, ruleFolder, type RuleFolder } from './kit/yara/rule-folder.ts';

const MIB = 1024 * 1024;
const TOKEN = 'only-for-tests-'.repeat(3);
const PATIENT = { timeout: 30_000 };
let rules: RuleFolder;
let home: string;
beforeAll(() => {
  home = mkdtempSync('/tmp/backuplens-service-');
  rules = ruleFolder({
    'needle.yar': NEEDLE_RULE,
    'named.yar': `rule Named { condition: filename == "Letter.DOC" and extension == ".doc" }`,
    'path.yar': `rule Path { condition: filepath endswith "/sub/Letter.DOC" }`,
    'md5.yar': `rule Md5 { condition: md5 == "9dd4e461268c8034f5c8564e155c67a6" }`,
  });
});
afterAll(() => {
  rules.remove();
  rmSync(home, { recursive: true });
});

async function running(
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Program & AsyncDisposable> {
  const program = await startProgram({ YARA_RULES_DIR: rules.path, TMPDIR: home, ...env }, [
    '--engines=1',
    ...args,
  ]);
  return { ...program, [Symbol.asyncDispose]: async () => void (await program.stop()) };
}
function form(bytes: Buffer | string, name = 'name.bin'): RequestInit {
  const body = new FormData();
  body.append('file', new Blob([bytes]), name);
  return { method: 'POST', body };
}
async function rulesFound(response: Response): Promise<string[]> {
  return yaraScanReply.parse(await response.json()).matches.map(({ rule }) => rule);
}
/** What lies in the scratch folders of all services, beside who owns them. */
function stored(): string[] {
  return readdirSync(home)
    .filter((name) => name.startsWith('backuplens-'))
    .flatMap((name) => readdirSync(join(home, name)))
    .filter((name) => name !== '.owner');
}
/** Sends so much, as a form, from one piece of memory. */
function formOf(
  pieces: number,
  piece: Buffer,
  end: Buffer = Buffer.alloc(0),
  after: () => Promise<void> = async () => {},
): RequestInit {
  const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="large"\r\n\r\n';
  const tail = '\r\n--b--\r\n';
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(head);
    for (let n = 0; n < pieces; n++) yield piece;
    await after();
    yield end;
    yield Buffer.from(tail);
  }
  return {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    body: ReadableStream.from(parts()),
    duplex: 'half',
  };
}

function bytesOf(pieces: number, piece: Buffer, end: Buffer = Buffer.alloc(0)): RequestInit {
  function* parts(): Generator<Uint8Array> {
    for (let n = 0; n < pieces; n++) yield piece;
    if (end.length > 0) yield end;
  }
  return {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: ReadableStream.from(parts()),
    duplex: 'half',
  };
}

test('rules see the name of an upload and the path of a file, and the hash of what is scanned whole', async () => {
  await using service = await running({ SCAN_ROOTS: home });
  expect(await rulesFound(await fetch(`${service.url}/scan`, form('y', 'Letter.DOC')))).toEqual(['Named']);
  expect(await rulesFound(await fetch(`${service.url}/scan`, form('y')))).toEqual([]);
  expect(await rulesFound(await fetch(`${service.url}/scan`, form('x')))).toEqual(['Md5']);
  const folder = mkdtempSync(join(home, 'x-'));
  const sub = join(folder, 'sub');
  symlinkSync('.', sub);
  writeFileSync(join(folder, 'Letter.DOC'), 'y');
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ path: join(sub, 'Letter.DOC') });
  expect(
    await rulesFound(await fetch(`${service.url}/scan-file`, { method: 'POST', headers, body })),
  ).toEqual(['Named', 'Path']);
});

test('an artifact header that is none is refused', async () => {
  await using service = await running();
  for (const header of ['{', Buffer.from('7').toString('base64'), Buffer.from('{').toString('base64')]) {
    const headers = { 'content-type': 'application/octet-stream', 'x-backuplens-artifact': header };
    expect((await fetch(`${service.url}/scan`, { method: 'POST', headers, body: 'x' })).status).toBe(400);
  }
});

describe('tokens', () => {
  test('where one is set, everything but /health wants it', async () => {
    writeFileSync(join(home, 'token'), `${TOKEN}\n`, { mode: 0o600 });
    await using service = await running({ API_TOKEN_FILE: join(home, 'token') });
    const ask = async (path: string, authorization?: string): Promise<number> => {
      const headers = authorization === undefined ? {} : { authorization };
      return (await fetch(`${service.url}${path}`, { headers })).status;
    };
    expect(await ask('/health')).toBe(200);
    expect(await ask('/health?x')).toBe(200);
    for (const path of ['/metrics', '/scan', '/reload', '/elsewhere']) {
      expect([path, await ask(path)]).toEqual([path, 401]);
      for (const wrong of ['the secret', 'Bearer', 'Bearer other', 'Basic the', 'Bearer the']) {
        expect([wrong, await ask(path, wrong)]).toEqual([wrong, 401]);
      }
    }
  });

  test('the right one opens, and it is nowhere in the log', async () => {
    await using service = await running({ API_TOKEN: TOKEN, LOG_LEVEL: 'debug' });
    const headers = { authorization: `bearer ${TOKEN}` };
    const response = await fetch(`${service.url}/scan`, { ...form(NEEDLE), headers });
    expect(await rulesFound(response)).toEqual(['Needle']);
    expect(JSON.stringify(service.log)).not.toContain(TOKEN);
  });

  test('to be reached by others without one takes a word', async () => {
    for (const host of ['0.0.0.0', '::']) {
      const refused = await startProgram({ YARA_RULES_DIR: rules.path, HOST: host });
      expect(refused.url).toBeNull();
      expect(await refused.stop()).toBe(2);
      expect(refused.errors()).toContain('without a token');
    }
    await using service = await running({ HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' });
    expect((await fetch(`http://127.0.0.1:${new URL(service.url ?? '').port}/health`)).status).toBe(200);
  });
});

describe('uploads', () => {
  test('that are announced or turn out too large are refused with 413, and leave nothing', async () => {
    await using service = await running({ MAX_UPLOAD_BYTES: String(2 * MIB) });
    const fits = await fetch(`${service.url}/scan`, form(Buffer.alloc(2 * MIB)));
    expect(fits.status).toBe(200);
    const announced = await fetch(`${service.url}/scan`, form(Buffer.alloc(3 * MIB)));
    expect([announced.status, await announced.json()]).toEqual([
      413,
      expect.objectContaining({ error: expect.any(String) }),
    ]);
    const streamed = await fetch(`${service.url}/scan`, formOf(3, Buffer.alloc(MIB)));
    expect(streamed.status).toBe(413);
    await expect.poll(stored, PATIENT).toEqual([]);
  });

  test.each([
    ['a form', formOf],
    ['bytes', bytesOf],
  ])('take disk and not memory: 400 MiB as %s', async (_name, uploadOf) => {
    await using service = await running();
    const processes = (): number[] => [service.pid, ...descendants(service.pid)];
    // The engine's one large buffer, and compiled code.
    expect((await fetch(`${service.url}/scan`, uploadOf(70, Buffer.alloc(MIB)))).status).toBe(200);
    const before = peakOf(processes());
    const end = Buffer.concat([Buffer.alloc(MIB - NEEDLE.length), Buffer.from(NEEDLE)]);
    const response = await fetch(`${service.url}/scan`, uploadOf(400, Buffer.alloc(MIB), end));
    expect(yaraScanReply.parse(await response.json()).matches[0]?.strings).toMatchObject([
      { offset: 401 * MIB - NEEDLE.length },
    ]);
    expect(peakOf(processes()) - before).toBeLessThan(64);
  });

  test('that together are too many bytes are told to come again', async () => {
    await using service = await running({ MAX_UPLOAD_BYTES: String(12 * MIB) });
    // The quota is twice as much.
    const release = Promise.withResolvers<void>();
    const slow = (): Promise<Response> =>
      fetch(
        `${service.url}/scan`,
        formOf(10, Buffer.alloc(MIB), Buffer.alloc(0), () => release.promise),
      );
    const first = [slow(), slow()];
    await expect.poll(stored, PATIENT).toHaveLength(2);
    const second = await fetch(`${service.url}/scan`, formOf(10, Buffer.alloc(MIB)));
    expect([second.status, await second.json()]).toEqual([
      503,
      { error: 'the uploads together are too large', code: 'busy' },
    ]);
    release.resolve();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await fetch(`${service.url}/scan`, formOf(10, Buffer.alloc(MIB)))).status).toBe(200);
    // What was refused in the middle is not waited for.
    expect(await service.stop()).toBe(0);
  });

  test('that end in the middle are no scans, and leave nothing', async () => {
    await using service = await running();
    const { port } = new URL(service.url ?? '');
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'POST /scan HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 9000000\r\n\r\n',
    );
    socket.write('--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n');
    socket.write(Buffer.alloc(3 * MIB));
    await expect.poll(stored, PATIENT).toHaveLength(1);
    socket.destroy();
    await expect.poll(stored, PATIENT).toEqual([]);
    expect(await rulesFound(await fetch(`${service.url}/scan`, form(NEEDLE)))).toEqual(['Needle']);
  });
});

test.each([
  ['a body of which nothing comes', 0],
  ['a body that comes too slowly', 1],
])('%s is ended with 408', async (_what, step) => {
  const app = createServer({ bodyLimitBytes: MIB, requestTimeoutMs: 60_000 });
  keepPace(app, { idleMs: 700, bytesPerSecond: 1000, graceMs: 500 });
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.post('/x', (request, reply) => {
    void reply.send({ bytes: Buffer.isBuffer(request.body) ? request.body.length : 0 });
  });
  const url = await listen(app, { host: '127.0.0.1', port: 0 });
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
  socket.on('error', () => {});
  socket.write(
    'POST /x HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 100000\r\n\r\n',
  );
  const drip = setInterval(() => step > 0 && socket.write('x'.repeat(step)), 100);
  let answer = '';
  socket.on('data', (text: string) => (answer += text));
  await once(socket, 'close');
  clearInterval(drip);
  expect(answer).toContain('408 Request Timeout');
  const fast = await fetch(`${url}/x`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.alloc(200_000),
  });
  expect(await fast.json()).toEqual({ bytes: 200_000 });
  await app.close();
});

test('a socket whose path would be cut short is refused', async () => {
  const app = createServer({ bodyLimitBytes: 1, requestTimeoutMs: 1000 });
  const socket = join(home, 'x'.repeat(120));
  await expect(listen(app, { socket })).rejects.toThrow('too long');
  expect(existsSync(socket.slice(0, 107))).toBe(false);
  await app.close();
});
