import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../src/analyze/analyzer.ts';
import { probeYara, yaraAnalyzer } from '../src/analyze/yara/index.ts';
import { FileSource, Scratch } from '../src/bytes/index.ts';
import { yaraError, yaraScanReply } from '../src/contracts/index.ts';
import { cli } from './kit/cli.ts';
import { examineFile, examineStream, subject } from './kit/yara/examine.ts';
import { startProgram, type Program } from './kit/yara/program.ts';
import { proxyOf } from './kit/yara/proxy.ts';
import { NEEDLE, NEEDLE_RULE, ruleFolder, type RuleFolder } from './kit/yara/rule-folder.ts';

const MIB = 1024 * 1024;
const SIZE = 3 * MIB;
const TOKEN = 'only-for-tests-'.repeat(3);

let rules: RuleFolder;
let home: string;
/** Seen by the scanner, and not. */
let shared: string;
let apart: string;
let program: Program;
let url: string;
let scratch: Scratch;

beforeAll(async () => {
  rules = ruleFolder({ 'needle.yar': NEEDLE_RULE });
  home = mkdtempSync('/tmp/backuplens-shared-');
  shared = join(home, 'shared');
  apart = join(home, 'apart');
  mkdirSync(shared);
  mkdirSync(apart);
  program = await startProgram({ YARA_RULES_DIR: rules.path, SCAN_ROOTS: shared, API_TOKEN: TOKEN }, [
    '--engines=1',
  ]);
  url = program.url ?? '';
  scratch = await Scratch.create(shared);
});
afterAll(async () => {
  await program.stop();
  await scratch.remove();
  rules.remove();
  rmSync(home, { recursive: true });
});

function fileIn(folder: string, name: string, at = SIZE - NEEDLE.length): string {
  const path = join(folder, name);
  const bytes = Buffer.alloc(SIZE, name);
  bytes.write(NEEDLE, at);
  writeFileSync(path, bytes);
  return path;
}
const analyzerOf = (to: string) => yaraAnalyzer({ endpoint: { url: to, token: TOKEN }, scratch });
const offsets = ({ claims }: Outcome): unknown[] => claims.map(({ offset }) => offset);
const found = {
  inspected_bytes: SIZE,
  misses: [],
  claims: [{ rule: 'Needle', offset: SIZE - NEEDLE.length }],
};

describe('a scanner elsewhere that sees the same files', () => {
  test('is told where a large one is, and what streams past goes the same way', async () => {
    await using proxy = await proxyOf(url);
    const analyzer = analyzerOf(proxy.url);
    expect(await examineFile(analyzer, fileIn(shared, 'seen'))).toMatchObject(found);
    const chunks = Array.from({ length: 3 }, () => Buffer.alloc(MIB, 'x'));
    expect(await examineStream(analyzer, chunks)).toMatchObject({ inspected_bytes: SIZE, misses: [] });
    expect(proxy.passed.map(({ path, status }) => [path, status])).toEqual([
      ['/scan-file', 200],
      ['/scan-file', 200],
    ]);
    expect(Math.max(...proxy.passed.map(({ bytes }) => bytes))).toBeLessThan(1024);
    await analyzer.close();
  });

  test('gets those sent that it does not see, and after three is not asked for more of that file system', async () => {
    await using proxy = await proxyOf(url);
    const analyzer = analyzerOf(proxy.url);
    for (let n = 0; n < 5; n++) {
      expect(await examineFile(analyzer, fileIn(apart, `unseen-${n}`))).toMatchObject(found);
    }
    expect(proxy.passed.map(({ path, status }) => `${path} ${status}`)).toEqual([
      ...Array.from({ length: 3 }, () => ['/scan-file 403', '/scan 200']).flat(),
      '/scan 200',
      '/scan 200',
    ]);
    await analyzer.close();
  });

  test('gets a file sent that is nowhere any more, or whose name is no text', async () => {
    await using proxy = await proxyOf(url);
    const analyzer = analyzerOf(proxy.url);
    const path = fileIn(shared, 'removed');
    const handle = await open(path);
    unlinkSync(path);
    const odd = Buffer.concat([Buffer.from(`${shared}/`), Buffer.from([0xff])]);
    writeFileSync(odd, Buffer.alloc(SIZE, 'x'));
    const oddHandle = await open(odd);
    for (const one of [handle, oddHandle]) {
      const outcome = await analyzer.examine(subject(SIZE, new FileSource(one, SIZE)))?.end();
      expect(outcome).toMatchObject({ inspected_bytes: SIZE, misses: [] });
      await one.close();
    }
    expect(proxy.passed.at(-1)).toMatchObject({ path: '/scan', status: 200 });
    expect(
      proxy.passed.filter(({ path: asked, status }) => asked === '/scan-file' && status === 200),
    ).toEqual([]);
    await analyzer.close();
  });

  test('is asked by the workers of a scan, with the token of a file', async () => {
    await using proxy = await proxyOf(url);
    const given = mkdtempSync(join(shared, 'given-'));
    fileIn(given, 'large.bin');
    const tokenFile = join(home, 'token');
    writeFileSync(tokenFile, `${TOKEN}\n`, { mode: 0o600 });
    const scan = async (env: Readonly<Record<string, string>>) => {
      const { stdout } = await cli(['scan', '--format=json', '--clamd=off', `--yara=${proxy.url}`, given], {
        env,
      });
      return JSON.parse(stdout);
    };
    const right = await scan({ YARA_TOKEN_FILE: tokenFile });
    expect(right.results[0].findings).toMatchObject([{ kind: 'yara_match', rule: 'Needle' }]);
    expect(JSON.stringify(right)).not.toContain(TOKEN);
    const scans = proxy.passed.filter(({ status }) => status === 200);
    expect(scans.map(({ path }) => path)).toEqual(['/scan-file']);
    // Without it nothing is scanned, and that is said.
    const none = await scan({});
    expect(none.engines.yara).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('YARA_TOKEN_FILE'),
    });
    expect(none.results[0]).toMatchObject({ decision: 'manual_review', findings: [] });
    expect(none.results[0].gaps).toContainEqual(
      expect.objectContaining({ by: 'yara', reason: 'engine_failed' }),
    );
  });
});

describe('a scanner that lies, or is another one than before', () => {
  // oxlint-disable-next-line unicorn/consistent-function-scoping
  const answer =
    (change: (file: Record<string, unknown>) => unknown): RequestListener =>
    (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (request.url === '/scan')
          return response.end('{"matches":[{"rule":"Sent","strings":[]}],"match_count":1}');
        const { ino, size, mtime_ns, ctime_ns } = JSON.parse(Buffer.concat(parts).toString());
        const file = change({ ino, size, mtime_ns, ctime_ns, proof: '0'.repeat(64) });
        return response.end(
          JSON.stringify({ matches: [], match_count: 0, ...(file === null ? {} : { file }) }),
        );
      });
    };

  test.each<[string, (file: Record<string, unknown>) => unknown]>([
    ['says nothing of the file', () => null],
    ['repeats what it was told, without having read the file', (file) => file],
    ['names another inode', (file) => ({ ...file, ino: '1' })],
    ['answers nonsense', () => 7],
  ])('that %s is not believed: the file is sent', async (_name, change) => {
    await using proxy = await proxyOf(url);
    const analyzer = analyzerOf(proxy.url);
    expect(await examineFile(analyzer, fileIn(shared, 'first'))).toMatchObject(found);
    proxy.instead = answer(change);
    const outcome = await examineFile(analyzer, fileIn(shared, 'second'));
    expect(outcome.claims.map(({ rule }) => rule)).toEqual(['Sent']);
    expect(outcome.misses).toEqual([]);
    await analyzer.close();
  });
});

describe('/scan-file with a nonce', () => {
  // oxlint-disable-next-line unicorn/consistent-function-scoping
  const ask = async (change: Readonly<Record<string, unknown>> = {}, path = fileIn(shared, 'asked')) => {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    const window = {
      path,
      offset: 0,
      length: Number(size),
      nonce: '0123456789abcdef'.repeat(2),
      ino: String(ino),
      size: Number(size),
      mtime_ns: String(mtimeNs),
      ctime_ns: String(ctimeNs),
      ...change,
    };
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
    return fetch(`${url}/scan-file`, { method: 'POST', headers, body: JSON.stringify(window) });
  };

  test('answers with what it opened, and another nonce with another proof', async () => {
    const path = fileIn(shared, 'twice');
    const one = yaraScanReply.parse(await (await ask({}, path)).json());
    const other = yaraScanReply.parse(await (await ask({ nonce: 'f'.repeat(32) }, path)).json());
    expect(one.matches).toMatchObject([{ rule: 'Needle' }]);
    expect(one.file).toMatchObject({ size: SIZE, ino: String(statSync(path).ino) });
    expect(other.file?.proof).toMatch(/^[0-9a-f]{64}$/);
    expect(other.file?.proof).not.toBe(one.file?.proof);
  });

  test('scans a part, whose places count from its beginning', async () => {
    const reply = yaraScanReply.parse(await (await ask({ offset: MIB, length: 2 * MIB })).json());
    expect(reply.matches[0]?.strings[0]?.offset).toBe(SIZE - NEEDLE.length - MIB);
    expect((await ask({ offset: MIB, length: 100 })).status).toBe(200);
  });

  test.each([[{ ino: '1' }], [{ size: SIZE + 1 }], [{ mtime_ns: '0' }], [{ ctime_ns: '-1' }]])(
    'is refused with 409 where the file is not %j',
    async (change) => {
      const response = await ask(change);
      expect(response.status).toBe(409);
      expect(yaraError.parse(await response.json()).code).toBe('another_file');
    },
  );

  test.each([
    [{ nonce: 'short' }],
    [{ nonce: 7 }],
    [{ ino: 7 }],
    [{ mtime_ns: 'x' }],
    [{ offset: -1 }],
    [{ length: 66 * MIB, size: 70 * MIB }],
    [{ offset: SIZE, length: 1 }],
    [{ path: '' }],
  ])('answers %j with 400', async (change) => {
    const response = await ask(change);
    expect(response.status).toBe(400);
    expect(yaraError.parse(await response.json()).code).toBe('bad_request');
  });

  test('leads no further than without', async () => {
    const outside = fileIn(apart, 'outside');
    symlinkSync(outside, join(shared, 'link'));
    expect((await ask({}, outside)).status).toBe(403);
    expect((await ask({}, join(shared, 'link'))).status).toBe(403);
  });
});

test('a token that is wanted and missing, or wrong, shows when the scanner is first asked', async () => {
  expect(await probeYara({ url, token: TOKEN })).toMatchObject({ status: 'ok', rules: 1 });
  expect(await probeYara({ url })).toMatchObject({
    status: 'failed',
    detail: 'it wants a token: set YARA_TOKEN_FILE',
  });
  expect(await probeYara({ url, token: 'x'.repeat(40) })).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining('another token'),
  });
  const analyzer = yaraAnalyzer({ endpoint: { url }, scratch });
  const outcome = await examineFile(analyzer, fileIn(shared, 'refused'));
  expect(outcome.misses).toMatchObject([
    { reason: 'engine_failed', detail: expect.stringContaining('YARA_TOKEN_FILE') },
  ]);
  expect(offsets(outcome)).toEqual([]);
  await analyzer.close();
});
