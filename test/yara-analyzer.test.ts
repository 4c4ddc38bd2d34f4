import { createWriteStream, readdirSync, statSync } from 'node:fs';
import { mkdir, open, readdir, truncate } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { yaraAnalyzer } from '../src/analyze/yara/index.ts';
import type { Analyzer, Outcome } from '../src/analyze/analyzer.ts';
import { FileSource, MemorySource, Scratch } from '../src/bytes/index.ts';
import { startYaraChild, type YaraChild } from '../src/pipeline/yara-child.ts';
import { examineBytes, examineFile, examineStream, subject } from './kit/yara/examine.ts';
import { startProgram, type Program } from './kit/yara/program.ts';
import { NEEDLE, NEEDLE_RULE, ruleFolder, type RuleFolder } from './kit/yara/rule-folder.ts';

const MIB = 1024 * 1024;
const WINDOW = 64 * MIB;

let rules: RuleFolder;
let child: YaraChild;
let program: Program;
let scratch: Scratch;
let analyzers: Readonly<Record<'child' | 'remote', Analyzer>>;

beforeAll(async () => {
  rules = ruleFolder({
    'tests/needle.yar': NEEDLE_RULE,
    'named.yar': `rule Named { condition: filename == "Evil-ä\u202e.EXE" and extension == ".exe" and filetype == "EXE"
      and filepath == "box.zip/sub/Evil-ä\u202e.EXE" }`,
  });
  scratch = await Scratch.create('/tmp');
  child = await startYaraChild({ rulesDirs: [rules.path] });
  program = await startProgram({ YARA_RULES_DIR: rules.path });
  analyzers = {
    child: yaraAnalyzer({ endpoint: { socket: child.socketPath }, scratch }),
    remote: yaraAnalyzer({ endpoint: { url: program.url ?? '' }, scratch }),
  };
});
afterAll(async () => {
  await analyzers.child.close();
  await analyzers.remote.close();
  await child.close();
  await program.stop();
  await scratch.remove();
  rules.remove();
});

const found = (bytes: number, offset: number, windowed = false): Outcome => ({
  claims: [
    {
      kind: 'yara_match',
      rule: 'Needle',
      namespace: 'tests/needle',
      tags: ['test'],
      detail: 'YARA rule Needle of tests/needle matched: a needle',
      offset,
      evidence: {
        namespace: 'tests/needle',
        tags: ['test'],
        description: 'a needle',
        matches: 1,
        strings: ['$n'],
        found: [`$n at ${offset}: ${NEEDLE}`],
      },
    },
  ],
  measurements: {},
  misses: [],
  inspected_bytes: bytes,
  windowed,
});
const clean = (bytes: number): Outcome => ({
  claims: [],
  measurements: {},
  misses: [],
  inspected_bytes: bytes,
  windowed: false,
});

/** `size` bytes in chunks, with the needle at `at`. */
function* withNeedle(size: number, at: number): Generator<Buffer, void, undefined> {
  const chunk = 256 * 1024;
  for (let start = 0; start < size; start += chunk) {
    const bytes = Buffer.alloc(Math.min(chunk, size - start), 'x');
    for (let i = 0; i < NEEDLE.length; i++) {
      const place = at + i - start;
      if (place >= 0 && place < bytes.length) bytes.write(NEEDLE.charAt(i), place);
    }
    yield bytes;
  }
}

async function fileWith(size: number, at: number): Promise<string> {
  const folder = join(scratch.path, 'engine-0');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `file-${size}-${at}`);
  const stream = createWriteStream(path);
  for (const chunk of withNeedle(size, at)) if (!stream.write(chunk)) await once(stream, 'drain');
  stream.end();
  await once(stream, 'close');
  return path;
}

/** The rules that match so many zeros, which are a program of a certain name in an archive. */
async function named(analyzer: Analyzer, bytes: number, streams: boolean): Promise<string[]> {
  const path = await fileWith(bytes, bytes);
  const handle = await open(path);
  const source = streams
    ? null
    : bytes > MIB
      ? new FileSource(handle, bytes)
      : new MemorySource(Buffer.alloc(bytes));
  const plain = subject(streams ? null : bytes, source);
  const examination = analyzer.examine({
    ...plain,
    artifact: { id: 1, parent: 0, trail: ['box.zip', 'sub/Evil-ä\u202e.EXE'] },
    type: { ...plain.type, mime: 'application/vnd.microsoft.portable-executable' },
  });
  for (let left = bytes; left > 0; left -= MIB) {
    await examination?.write(Buffer.alloc(Math.min(left, MIB)));
  }
  const outcome = await examination?.end();
  await handle.close();
  return outcome?.claims.map(({ rule }) => rule) ?? [];
}

describe.each(['child', 'remote'] as const)('the analyzer with a scanner that is a %s', (kind) => {
  test('finds what is in memory, a file or a stream, at its place', async () => {
    const analyzer = analyzers[kind];
    const small = Buffer.concat([...withNeedle(4096, 1000)]);
    expect(await examineBytes(analyzer, small)).toEqual(found(4096, 1000));
    expect(await examineStream(analyzer, withNeedle(4096, 1000))).toEqual(found(4096, 1000));
    expect(await examineFile(analyzer, await fileWith(4096, 1000))).toEqual(found(4096, 1000));
    expect(await examineBytes(analyzer, Buffer.alloc(4096))).toEqual(clean(4096));
    expect(await examineBytes(analyzer, Buffer.alloc(0))).toEqual(clean(0));
  });

  test('finds it in what is larger than is sent, and around that size', async () => {
    const analyzer = analyzers[kind];
    for (const size of [MIB - 1, MIB, MIB + 1, 3 * MIB]) {
      const at = size - NEEDLE.length;
      expect(await examineStream(analyzer, withNeedle(size, at))).toEqual(found(size, at));
      expect(await examineFile(analyzer, await fileWith(size, at))).toEqual(found(size, at));
    }
  });

  test('finds it across the border of two windows, once, whether a file or a stream', async () => {
    const analyzer = analyzers[kind];
    const size = 2 * WINDOW + 10 * MIB;
    for (const at of [WINDOW - 5, WINDOW + MIB - 5, 2 * WINDOW + 5]) {
      expect(await examineStream(analyzer, withNeedle(size, at))).toEqual(found(size, at, true));
    }
    const path = await fileWith(size, WINDOW + MIB - 5);
    expect(await examineFile(analyzer, path)).toEqual(found(size, WINDOW + MIB - 5, true));
  });

  test('says that a file changed when it becomes shorter before it is scanned', async () => {
    const path = await fileWith(2 * MIB, 7);
    const outcome = await examineFile(analyzers[kind], path, () => truncate(path, MIB));
    expect(outcome.misses).toEqual([expect.objectContaining({ reason: 'changed', bytes: 2 * MIB })]);
    expect(outcome.claims).toEqual([]);
  });

  test('writes no more of a stream to the scratch folder than one window', async () => {
    let largest = 0;
    const own = await Scratch.create(scratch.path);
    const endpoint = kind === 'child' ? { socket: child.socketPath } : { url: program.url ?? '' };
    const analyzer = yaraAnalyzer({ endpoint, scratch: own });
    const chunks = function* (): Generator<Buffer, void, undefined> {
      for (let n = 0; n < 140; n++) yield Buffer.alloc(MIB, 'x');
    };
    const watch = setInterval(() => {
      largest = Math.max(
        largest,
        ...readdirSync(own.path).map((name) => statSync(join(own.path, name)).size),
      );
    }, 20);
    const outcome = await examineStream(analyzer, chunks());
    clearInterval(watch);
    expect(outcome).toEqual({ ...clean(140 * MIB), windowed: true });
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThanOrEqual(WINDOW + MIB);
    await analyzer.close();
    await own.remove();
  });

  test('tells the rules name, trail, extension and type, however the bytes get there, and of each artifact its own', async () => {
    for (const bytes of [10, 3 * MIB]) {
      for (const streams of [true, false]) {
        expect([bytes, streams, await named(analyzers[kind], bytes, streams)]).toEqual([
          bytes,
          streams,
          ['Named'],
        ]);
        expect(await examineBytes(analyzers[kind], Buffer.alloc(10))).toEqual(clean(10));
      }
    }
  });

  test('lets go of its scratch file when an artifact is aborted', async () => {
    const examination = analyzers[kind].examine(subject(null, null));
    await examination?.write(Buffer.alloc(2 * MIB));
    examination?.abort();
    await expect.poll(async () => (await readdir(scratch.path)).filter((n) => /^\d+$/.test(n))).toEqual([]);
  });
});

test('nothing stays in the scratch folder', async () => {
  expect((await readdir(scratch.path)).filter((name) => /^\d+$/.test(name))).toEqual([]);
});

describe('a scanner of our own that fails is a failure of ours', () => {
  test('when its front dies, everything asked afterwards is engine_failed, and its state says so', async () => {
    const own = await startYaraChild({ rulesDirs: [rules.path] });
    const analyzer = yaraAnalyzer({ endpoint: { socket: own.socketPath }, scratch });
    expect(await examineBytes(analyzer, Buffer.from(NEEDLE))).toMatchObject({ misses: [] });
    const pids = own.pids();
    expect(pids).toHaveLength(3);
    const [front = 0] = pids;
    process.kill(front, 'SIGKILL');
    await expect.poll(async () => (await own.state()).status).toBe('failed');
    for (let n = 0; n < 3; n++) {
      const outcome = await examineBytes(analyzer, Buffer.from(NEEDLE));
      expect(outcome.misses).toMatchObject([{ reason: 'engine_failed', bytes: NEEDLE.length }]);
      expect(outcome.inspected_bytes).toBe(0);
    }
    // Its engines notice by themselves.
    await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);
    await analyzer.close();
    await own.close();
  });

  test('no rules are a gap that names itself', async () => {
    const empty = ruleFolder({});
    const own = await startYaraChild({ rulesDirs: [empty.path] });
    const analyzer = yaraAnalyzer({ endpoint: { socket: own.socketPath }, scratch });
    expect(await own.state()).toMatchObject({
      status: 'unavailable',
      rules: 0,
      detail: 'no rules are loaded',
    });
    expect((await examineBytes(analyzer, Buffer.from('x'))).misses).toEqual([
      { reason: 'engine_unavailable', detail: 'no rules are loaded', bytes: 1 },
    ]);
    await analyzer.close();
    await own.close();
    empty.remove();
  });

  test('a rules folder that is not there stops the start, with a hint', async () => {
    await expect(startYaraChild({ rulesDirs: ['/nowhere/at/all'] })).rejects.toMatchObject({
      code: 'BL_RULES',
      hint: expect.stringContaining('--rules'),
    });
  });

  test('closing it ends all of its processes and removes its socket', async () => {
    const own = await startYaraChild({ rulesDirs: [rules.path] });
    const pids = own.pids();
    await own.close();
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(readdir(join(own.socketPath, '..'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('the socket is in a folder that only we may enter', async () => {
    expect(statSync(child.socketPath).mode & 0o777).toBe(0o600);
    expect(statSync(join(child.socketPath, '..')).mode & 0o777).toBe(0o700);
    expect(child.socketPath.length).toBeLessThan(107);
  });
});

describe('a scanner of somebody else', () => {
  test('is unavailable when it refuses the connection, and is not asked again for a while', async () => {
    const { server, url } = await fake(() => {});
    server.close();
    const analyzer = yaraAnalyzer({ endpoint: { url }, scratch });
    for (let n = 0; n < 2; n++) {
      const [miss] = (await examineBytes(analyzer, Buffer.from('abc'))).misses;
      expect(miss).toMatchObject({ reason: 'engine_unavailable', bytes: 3 });
    }
    await analyzer.close();
  });

  test('that comes back is asked again', async () => {
    const { server, url } = await fake(() => {});
    const { port } = new URL(url);
    server.close();
    const analyzer = yaraAnalyzer({ endpoint: { url }, scratch, timeouts: { awayMs: 50 } });
    const reasons = async (): Promise<unknown[]> =>
      (await examineBytes(analyzer, Buffer.from('abc'))).misses.map(({ reason }) => reason);
    expect(await reasons()).toEqual(['engine_unavailable']);
    const back = createServer((request, response) =>
      request.resume().on('end', () => response.end('{"matches":[],"match_count":0}')),
    ).listen(Number(port), '127.0.0.1');
    await expect.poll(reasons, { timeout: 20_000 }).toEqual([]);
    await analyzer.close();
    back.closeAllConnections();
    back.close();
  });

  test('that has too much to do is waited for', async () => {
    let asked = 0;
    const outcome = await ask((request, response) => {
      request.resume();
      if (++asked < 4) response.writeHead(503).end('{"error":"too many scans are waiting","code":"busy"}');
      else response.end('{"matches":[],"match_count":0}');
    });
    expect(outcome).toEqual(clean(3));
    expect(asked).toBe(4);
  });

  test.each<[string, string, RequestListener]>([
    ['never answers', 'engine_failed', () => {}],
    ['hangs up', 'engine_failed', (request) => request.destroy()],
    ['answers nonsense', 'engine_failed', (_request, response) => response.end('<html>')],
    ['answers without an end', 'engine_failed', (_request, response) => endless(response)],
    ['answers 500', 'engine_failed', (_request, response) => response.writeHead(500).end('{"error":"x"}')],
    ['answers 404', 'engine_failed', (_request, response) => response.writeHead(404).end()],
    [
      'says that it has no rules',
      'engine_unavailable',
      (_request, response) => response.writeHead(503).end('{"error":"No rules loaded"}'),
    ],
    [
      'says that it took too long',
      'timed_out',
      (_request, response) => response.writeHead(500).end('{"error":"x","code":"timed_out"}'),
    ],
  ])('that %s is %s, never clean', async (_name, reason, listener) => {
    const outcome = await ask(listener);
    expect(outcome.misses).toMatchObject([{ reason, bytes: 3 }]);
    expect(outcome.inspected_bytes).toBe(0);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function fake(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, url: `http://127.0.0.1:${address.port}` };
}

function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, ' ')));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}

async function ask(listener: RequestListener): Promise<Outcome> {
  const { server, url } = await fake(listener);
  const analyzer = yaraAnalyzer({ endpoint: { url }, scratch, timeouts: { answerMs: 1000 } });
  const outcome = await examineBytes(analyzer, Buffer.from('abc'));
  await analyzer.close();
  server.closeAllConnections();
  server.close();
  return outcome;
}
