import { spawn, type ChildProcess } from 'node:child_process';
import { access, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { report } from '../src/contracts/index.ts';
import { DEFAULT_LIMITS } from '../src/domain/index.ts';
import { CODE } from '../src/pipeline/program-code.ts';
import type { FromWorker, Job, ToWorker, WorkerSetup } from '../src/pipeline/protocol.ts';
import { ended } from './kit/cli.ts';
import { bundle } from '../tools/bundle.ts';

// Starting is most of what a small command does. What counts here is what it loads, not how long that takes.

const ROOT = join(import.meta.dirname, '..');
const HOOK = join(import.meta.dirname, 'kit/list-loaded.ts');

const DEADLINE_MS = 60_000;

let home: string;
let runs = 0;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'start-'));
  await mkdir(join(home, 'data'));
  await writeFile(join(home, 'small'), 'abc');
});
afterAll(async () => rm(home, { recursive: true, force: true }));

interface Loaded {
  readonly code: number | null;
  readonly stdout: string;
  readonly packages: readonly string[];
  /** `unpack`, `services/pipeline`. */
  readonly rooms: readonly string[];
  /** Below src/ or dist/, without their endings. */
  readonly files: readonly string[];
}

/** What counts here are the modules that somebody wrote, so always the sources. */
const source = (program: string): string => join(ROOT, 'src', `${program}.ts`);

/** Starts a program of ours with descriptor 3 as asked; `list` is where it says what it has loaded. */
function spawned(
  list: string,
  third: 'pipe' | 'ipc',
  program: string,
  args: readonly string[],
  flags: readonly string[] = [],
): ChildProcess {
  const { PATH } = process.env;
  return spawn(process.execPath, [...flags, '--import', HOOK, program, ...args], {
    cwd: home,
    env: { PATH, HOME: home, DATA_DIR: join(home, 'data'), YARA_CACHE_DIR: 'off', LOADED_LIST: list },
    stdio: ['ignore', 'pipe', 'pipe', third],
    serialization: 'advanced',
  });
}

/** Runs it to its end; what it had loaded then. */
async function start(program: string, ...args: readonly string[]): Promise<Loaded> {
  const list = join(home, `loaded-${runs++}`);
  const child = spawned(list, 'pipe', source(program), args);
  // An engine process is asked there, and ends when nobody does any more.
  child.stdio[3]?.destroy();
  const { code, stdout } = await ended(child);
  return loadedIn(list, code, stdout);
}

interface Worked extends Loaded {
  /** Of all files together; engines are off. */
  readonly gaps: readonly string[];
}

/** Starts a scan worker, which may read and write what it may in a scan; it looks at the files one by one, and ends. */
async function startWorker(
  files: readonly string[] = [],
  program = source('pipeline/worker'),
): Promise<Worked> {
  const list = join(home, `loaded-${runs++}`);
  const readable = [...CODE, join(import.meta.dirname, 'kit'), home].map((path) => `--allow-fs-read=${path}`);
  const flags = ['--permission', `--allow-fs-write=${home}`, ...readable];
  const child = spawned(list, 'ipc', program, [], flags);
  const tell = (...messages: readonly ToWorker[]): unknown => child.send([...messages]);
  const setup = { ...SETUP, scratch: await mkdtemp(join(home, 'scratch-')) };
  const jobs = files.map((name, id): Job => ({
    type: 'scan',
    id,
    path: Buffer.from(join(home, name)),
    name,
  }));
  const gaps: string[] = [];
  child.on('message', (messages: readonly FromWorker[]) => {
    for (const message of messages) {
      if (message.type === 'ready') tell(setup);
      else if (message.type !== 'done') continue;
      else gaps.push(...message.outcome.gaps.map(({ by, reason }) => `${by} ${reason}`));
      const next = jobs.shift();
      if (next === undefined) child.disconnect();
      else tell(next);
    }
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  // Not `close`: it never comes for who hangs up himself.
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearTimeout(deadline);
  return { ...(await loadedIn(list, code, '')), gaps };
}

const OFF = { away: 'engine_off', detail: 'off' } as const;
const SETUP: Omit<WorkerSetup, 'scratch'> = {
  type: 'setup',
  clamd: OFF,
  yara: OFF,
  entropy_threshold: 6.5,
  ransomware_names: [],
  limits: DEFAULT_LIMITS,
  passwords: [],
  workers: 1,
};

/** What the pattern takes out of each, without repetition. */
function found(pattern: RegExp, urls: readonly string[]): string[] {
  return [...new Set(urls.flatMap((url) => pattern.exec(url)?.[1] ?? []))].toSorted();
}

async function loadedIn(list: string, code: number | null, stdout: string): Promise<Loaded> {
  const urls = (await readFile(list, 'utf8')).split('\n');
  const ours = urls.filter((url) => !url.includes('/node_modules/'));
  return {
    code,
    stdout,
    packages: found(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//, urls),
    rooms: found(/\/(?:src|dist)\/(services\/[^/]+|[^/]+)\//, ours),
    files: found(/\/(?:src|dist)\/(.*)\.[jt]s$/, ours),
  };
}

const CLI = 'cli/main';
/** What no small command needs: a database, HTTP both ways, logs, container and type libraries. */
const HEAVY = ['7z-wasm', 'fastify', 'kysely', 'pino', 'prom-client', 'undici', 'wasmagic'];
const heavyOf = ({ packages }: Loaded): string[] => packages.filter((name) => HEAVY.includes(name));

test.each([['--version'], ['--help'], ['scan --help'], ['rules check --help'], ['completion bash']])(
  'backuplens %s loads what describes commands, and no work',
  async (line) => {
    const loaded = await start(CLI, ...line.split(' '));
    expect(loaded.code).toBe(0);
    expect(loaded.stdout).not.toBe('');
    expect(loaded.packages).toEqual(['commander']);
    expect(loaded.rooms).toEqual(['cli', 'config', 'contracts', 'domain', 'report']);
    expect(loaded.files.filter((file) => /^cli\/[^/]+\/run$/.test(file))).toEqual([]);
  },
);

test('entropy-map says its version without what measures', async () => {
  const loaded = await start('cli/entropy-map/main', '--version');
  expect([loaded.code, loaded.packages]).toEqual([0, ['commander']]);
  expect(loaded.rooms).toEqual(['cli', 'config', 'contracts', 'domain', 'report']);
});

test.each([
  ['pipeline', '--version'],
  ['pipeline', '--help'],
  ['yara-scanner', '--version'],
  ['yara-scanner', '--help'],
  ['clamav-updater', '--version'],
])('the service %s answers %s without a package', async (service, option) => {
  const loaded = await start(`services/${service}/main`, option);
  expect([loaded.code, loaded.packages]).toEqual([0, []]);
  expect(['config', 'domain', `services/${service}`]).toEqual(expect.arrayContaining([...loaded.rooms]));
});

test('a scan without engines loads no store, no HTTP, no API, and leaves opening and telling types to its workers', async () => {
  const loaded = await start(CLI, 'scan', '--clamd', 'off', '--yara', 'off', 'small');
  expect(loaded.stdout).toContain('Decision: manual_review');
  expect(heavyOf(loaded)).toEqual([]);
  for (const room of ['store', 'unpack', 'identify', 'http', 'observe', 'bundle']) {
    expect(loaded.rooms).not.toContain(room);
  }
  expect(loaded.files.filter((file) => file.startsWith('contracts/api/'))).toEqual([]);
});

test('a scan with our own YARA loads no package and no store', async () => {
  const loaded = await start(CLI, 'scan', '--clamd', 'off', 'small');
  expect(loaded.stdout).toContain('Decision: auto_approve');
  expect(heavyOf(loaded)).toEqual([]);
  expect(loaded.rooms).not.toContain('store');
});

test.each([
  ['gate small', 2],
  ['status', 0],
  ['journal verify', 0],
])('%s loads the store, and nothing that opens, analyzes or talks', async (line, code) => {
  const loaded = await start(CLI, ...line.split(' '));
  expect(loaded.code).toBe(code);
  expect(heavyOf(loaded)).toEqual(['kysely']);
  expect(loaded.packages).not.toContain('yaml');
  for (const room of ['unpack', 'analyze', 'identify', 'assess', 'http', 'observe', 'bundle']) {
    expect(loaded.rooms).not.toContain(room);
  }
  expect(loaded.files.filter((file) => file.startsWith('contracts/api/'))).toEqual([]);
});

test('a scan worker is ready without a database, a client or a schema', async () => {
  const loaded = await startWorker();
  expect(loaded.code).toBe(0);
  expect(heavyOf(loaded)).toEqual([]);
  expect(loaded.packages).not.toContain('zod');
  expect(loaded.files).toContain('pipeline/scan-root');
  // 255 of our files; they were 540 when it loaded every format.
  expect(loaded.files.length).toBeLessThan(275);
});

const openersIn = ({ files }: Loaded): string[] => found(/^unpack\/formats\/(.*)/, files);

test('a scan worker loads what opens a format with the first file of it, and nothing for others', async () => {
  await writeFile(join(home, 'note.txt'), 'a harmless note, '.repeat(20));
  await writeFile(join(home, 'note.gz'), gzipSync('a harmless note'));
  const ready = await startWorker();
  const text = await startWorker(['note.txt']);
  const packed = await startWorker(['note.gz', 'note.txt', 'note.gz']);
  expect([ready, text, packed].map(openersIn)).toEqual([[], ['text-data'], ['gzip', 'text-data']]);
  expect(new Set(packed.gaps)).toEqual(new Set(['clamav engine_off', 'yara engine_off']));
  expect(text.files.length).toBeLessThan(300);
});

test('as it is built every program is there, and a scan worker is a few files that still open what comes later', async () => {
  const built = join(home, 'built');
  await bundle(join(built, 'dist'));
  const sources = (await readdir(join(ROOT, 'src'), { recursive: true })).filter((file) =>
    file.endsWith('.ts'),
  );
  const texts = await Promise.all(sources.map(async (file) => readFile(join(ROOT, 'src', file), 'utf8')));
  const asked = texts.flatMap((text) =>
    [...text.matchAll(/programFile\('([^']+)'\)/g)].map(([, name]) => name),
  );
  expect(asked.length).toBeGreaterThan(5);
  for (const name of asked) await access(join(built, 'dist', `${name}.js`));
  await cp(join(ROOT, 'package.json'), join(built, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(built, 'node_modules'));
  await writeFile(join(home, 'note.gz'), gzipSync('a harmless note'));
  const program = join(built, 'dist/pipeline/worker.js');
  const ready = await startWorker([], program);
  const packed = await startWorker(['note.gz'], program);
  // 8 files; everything together is 120.
  expect(ready.files.length).toBeLessThan(16);
  expect(packed.files.length).toBeLessThan(32);
  expect(new Set(packed.gaps)).toEqual(new Set(['clamav engine_off', 'yara engine_off']));
});

test('what opens a format and cannot be loaded is a gap of the file, and the scan goes on', async () => {
  const copy = join(home, 'copy');
  await cp(join(ROOT, 'src'), join(copy, 'src'), { recursive: true });
  for (const name of ['package.json', 'config'])
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  await rm(join(copy, 'src/unpack/formats/gzip.ts'));
  await writeFile(join(home, 'a.gz'), gzipSync('a harmless note'));
  await writeFile(join(home, 'b.txt'), 'a harmless note');
  const args = [
    'scan',
    '--clamd',
    'off',
    '--yara',
    'off',
    '--cache',
    'off',
    '--format',
    'json',
    'a.gz',
    'b.txt',
  ];
  const child = spawn(process.execPath, [join(copy, 'src/cli/main.ts'), ...args], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home },
  });
  const { stdout } = await ended(child);
  const { results } = report.parse(JSON.parse(stdout));
  const gaps = results.map((result) => result.gaps.filter(({ stage }) => stage === 'unpack'));
  expect(gaps).toEqual([
    [
      expect.objectContaining({
        by: 'gzip',
        reason: 'engine_failed',
        detail: expect.stringMatching(/cannot be loaded/),
      }),
    ],
    [],
  ]);
  expect(results[0]?.decision).not.toBe('auto_approve');
});

test.each(['engine', 'compile'])('the %s process of YARA loads what it asks with alone', async (name) => {
  const loaded = await start(`services/yara-scanner/${name}-process`);
  expect([loaded.code, loaded.packages]).toEqual([0, []]);
  expect(loaded.rooms).toEqual(['analyze', 'services/yara-scanner']);
  expect(
    loaded.files.filter((file) => file.startsWith('analyze/') && !file.startsWith('analyze/yara/')),
  ).toEqual([]);
});
