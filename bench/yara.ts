/**
 * `npm run bench:yara`: scans by the yara-scanner program beside the `yara` command line (one process for all files), on
 * the same files and rules, in the same run. Client and server run on this machine, and both count. Writes its table
 * of docs/performance.md. `npm run bench:yara 1`: one run.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { Pool } from 'undici';
import { openClient } from '../src/analyze/yara/open-client.ts';
import type { Reply, ScannerClient } from '../src/analyze/yara/scanner-client.ts';
import { startYaraChild } from '../src/pipeline/yara-child.ts';
import { cpuOf, descendants } from '../test/kit/process-cost.ts';
import { generatedRules, literalRules } from '../test/kit/yara/generated-rules.ts';
import { seeded } from '../test/kit/seeded.ts';
import { startProgram } from '../test/kit/yara/program.ts';
import { ruleFolder } from '../test/kit/yara/rule-folder.ts';
import { sampleBytes } from './corpus.ts';
import { measure, median } from './measure.ts';

const RUNS = Number(process.argv[2] ?? 3);
const ONLY = process.argv[3] ?? '';
const KIB = 1024;
const MIB = KIB * KIB;
const PAGE = join(import.meta.dirname, '../docs/performance.md');
const BEGIN = '<!-- yara: begin -->';
const END = '<!-- yara: end -->';
const CLIENTS = [1, 16];
/** Of the scanner's own requests; everything else is told by the table. */
const AIM_SMALL = '≥ 3,000';
const AIM_LARGE = '≤ 1.2';

/** As many scans as take a second or so: CPU is counted in hundredths. */
const SIZES = [
  { name: '4 KB', bytes: 4 * KIB, files: 250, scans: 4000, few: 1500 },
  { name: '64 KB', bytes: 64 * KIB, files: 100, scans: 1500, few: 300 },
  { name: '1 MB', bytes: MIB, files: 20, scans: 150, few: 40 },
  { name: '16 MB', bytes: 16 * MIB, files: 4, scans: 12, few: 6 },
] as const;
type Size = (typeof SIZES)[number];

interface OpenSample {
  readonly path: string;
  readonly bytes: Buffer;
  readonly fd: number;
  readonly dev: bigint;
  readonly ino: bigint;
}

/** One way to have a file scanned, whose processes are `pids`. Throws when it was not. */
interface Way {
  readonly name: string;
  readonly scan: (file: OpenSample) => Promise<void>;
  readonly pids: () => readonly number[];
}

interface Result {
  readonly cpu: number;
  readonly client: number;
  readonly wall: number;
  readonly scans: number;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-yara-'));
  try {
    const samples = new Map(SIZES.map((size) => [size, makeFiles(folder, size)]));
    const lines: string[] = [];
    for (const [name, files] of ruleSets()) {
      if (!name.includes(ONLY)) continue;
      lines.push(...(await compare(folder, name, files, samples)), '');
    }
    lines.push(...(await starts(folder)), '');
    const text = lines.join('\n').trimEnd();
    const page = readFileSync(PAGE, 'utf8');
    const [before = ''] = page.split(BEGIN);
    const [, after = ''] = page.split(END);
    if (ONLY === '') writeFileSync(PAGE, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
    for (const { fd } of [...samples.values()].flat()) closeSync(fd);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Only what both compile; globals gate their own file on both sides. */
function ruleSets(): readonly (readonly [string, Readonly<Record<string, string>>])[] {
  const generated = generatedRules();
  const both = Object.entries(generated.files).filter(
    ([file]) => !generated.broken.has(file) && !generated.onlyYaraX.includes(file),
  );
  return [
    ['200 literal rules', { 'literal.yar': literalRules(200).source }],
    ['5,000 rules in 289 files', Object.fromEntries(both)],
  ];
}

function makeFiles(folder: string, { name, bytes: length, files }: Size): readonly OpenSample[] {
  const random = seeded(length);
  mkdirSync(join(folder, name));
  return Array.from({ length: files }, (_, index): OpenSample => {
    const path = join(folder, name, `f${index}.bin`);
    const bytes = sampleBytes(random, length);
    writeFileSync(path, bytes);
    const fd = openSync(path, 'r');
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return { path, bytes, fd, dev, ino };
  });
}

async function compare(
  folder: string,
  name: string,
  files: Readonly<Record<string, string>>,
  samples: ReadonlyMap<Size, readonly OpenSample[]>,
): Promise<string[]> {
  const rules = ruleFolder(files);
  const lines = [
    `### ${name}`,
    '',
    '| file | how | clients | scans/s | MB/s | CPU ms a scan | of it client | scans per CPU s | CPU, ours : yara | aim |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ];
  const program = await startProgram({ YARA_RULES_DIR: rules.path, SCAN_ROOTS: folder });
  const child = await startYaraChild({ rulesDirs: [rules.path] });
  const { url } = program;
  if (url === null) throw new Error(`the yara-scanner did not start: ${program.errors()}`);
  const overTcp = openClient({ url });
  const overSocket = openClient({ socket: child.socketPath });
  const paths = new Pool(url, { connections: 16 });
  const service = (): readonly number[] => [program.pid, ...descendants(program.pid)];
  const ways: readonly Way[] = [
    { name: 'TCP, bytes', scan: async (file) => ok(await bytesOf(overTcp, file)), pids: service },
    { name: 'TCP, path', scan: async ({ path }) => byPath(paths, path), pids: service },
    {
      name: 'own child, bytes or descriptor',
      scan: async (file) => ok(await bytesOf(overSocket, file)),
      pids: () => child.pids(),
    },
  ];
  try {
    const compiled = join(folder, 'rules.yarc');
    const named = Object.keys(files).filter((file) => /\.yara?$/.test(file));
    const defined = ['filename', 'filepath', 'extension', 'filetype', 'owner'].flatMap((key) => [
      '-d',
      `${key}=`,
    ]);
    execFileSync('yarac', ['-w', ...defined, ...named.map((file) => `${file}:${file}`), compiled], {
      cwd: rules.path,
    });
    for (const [size, sample] of samples) {
      const scans = files['literal.yar'] === undefined ? size.few : size.scans;
      for (const way of ways) await run(way, sample, Math.min(scans, 500), 16); // Warm: caches, compiled code.
      const rows = new Map<string, { way: string; clients: number; runs: Result[]; theirs: number[] }>();
      for (let at = 0; at < RUNS; at++) {
        const theirs = await commandLine(folder, compiled, sample, scans);
        note(rows, 'yara -C', 1, theirs, theirs.cpu);
        for (const way of ways) {
          for (const clients of CLIENTS)
            note(rows, way.name, clients, await run(way, sample, scans, clients), theirs.cpu);
        }
      }
      for (const { way, clients, runs, theirs } of rows.values()) {
        const line = row(size, way, clients, runs, theirs, files['literal.yar'] !== undefined);
        process.stdout.write(`${line}\n`);
        lines.push(line);
      }
    }
    return lines;
  } finally {
    await Promise.all([overTcp.close(), overSocket.close(), paths.close()]);
    await child.close();
    await program.stop();
    rules.remove();
  }
}

/** From the start of the program to its first answer, with 5,000 rules: compiled, and out of the cache. */
async function starts(folder: string): Promise<string[]> {
  const rules = ruleFolder(generatedRules().files);
  const env = { YARA_RULES_DIR: rules.path, YARA_CACHE_DIR: join(folder, 'cache') };
  const lines = ['### Starts with 5,000 rules', '', '| start | s | CPU s | aim |', '|---|---|---|---|'];
  const once = async (): Promise<{ wall: number; cpu: number }> => {
    const started = performance.now();
    const program = await startProgram(env);
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await fetch(`${program.url}/scan`, { method: 'POST', headers, body: 'x' });
    await response.text();
    const wall = (performance.now() - started) / 1000;
    const cpu = cpuOf([program.pid, ...descendants(program.pid)]);
    await program.stop();
    if (response.status !== 200) throw new Error(`not scanned: ${response.status}`);
    return { wall, cpu };
  };
  try {
    const first = await once();
    const again = [];
    for (let n = 0; n < Math.max(3, RUNS); n++) again.push(await once());
    const told = (name: string, wall: number, cpu: number, aim: string): void => {
      const line = `| ${name} | ${wall.toFixed(2)} | ${cpu.toFixed(2)} | ${aim} |`;
      process.stdout.write(`${line}\n`);
      lines.push(line);
    };
    told('first: compiles', first.wall, first.cpu, '');
    told(
      'second: from the cache',
      median(again.map(({ wall }) => wall)),
      median(again.map(({ cpu }) => cpu)),
      '< 1 s',
    );
    return lines;
  } finally {
    rules.remove();
  }
}

function note(
  rows: Map<string, { way: string; clients: number; runs: Result[]; theirs: number[] }>,
  way: string,
  clients: number,
  result: Result,
  theirs: number,
): void {
  const key = `${way} ${clients}`;
  const noted = rows.get(key) ?? { way, clients, runs: [], theirs: [] };
  noted.runs.push(result);
  noted.theirs.push(theirs);
  rows.set(key, noted);
}

function row(
  size: Size,
  way: string,
  clients: number,
  runs: readonly Result[],
  theirs: readonly number[],
  literal: boolean,
): string {
  const of = (value: (run: Result) => number): number => median(runs.map(value));
  const ours = way !== 'yara -C';
  const ratio = median(runs.map(({ cpu }, at) => cpu / (theirs[at] ?? Number.NaN)));
  const perCpu = of(({ scans, cpu }) => scans / cpu);
  const aim = size.bytes >= 64 * KIB ? AIM_LARGE : literal && way !== 'TCP, path' ? AIM_SMALL : '';
  const cells = [
    size.name,
    way,
    ours ? String(clients) : '',
    of(({ scans, wall }) => scans / wall).toFixed(0),
    of(({ scans, wall }) => (scans * size.bytes) / wall / 1e6).toFixed(0),
    of(({ scans, cpu }) => (cpu / scans) * 1000).toFixed(3),
    ours ? of(({ scans, client }) => (client / scans) * 1000).toFixed(3) : '',
    perCpu.toFixed(perCpu < 100 ? 1 : 0),
    ours ? `**${ratio.toFixed(2)}**` : '1',
    ours ? aim : '',
  ];
  return `| ${cells.join(' | ')} |`;
}

/** `scans` scans by so many clients, each of which waits for its answer. */
async function run(way: Way, files: readonly OpenSample[], scans: number, clients: number): Promise<Result> {
  let next = 0;
  const server = cpuOf(way.pids());
  const own = process.cpuUsage();
  const started = performance.now();
  const client = async (): Promise<void> => {
    while (next < scans) {
      const file = files[next++ % files.length];
      if (file !== undefined) await way.scan(file);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const wall = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(own);
  const used = (user + system) / 1e6;
  return { cpu: used + cpuOf(way.pids()) - server, client: used, wall, scans };
}

/** The same scans by one `yara` process: each file as often as ours scan it. */
async function commandLine(
  folder: string,
  compiled: string,
  files: readonly OpenSample[],
  scans: number,
): Promise<Result> {
  const list = join(folder, 'list');
  writeFileSync(
    list,
    Array.from({ length: scans }, (_, at) => `${files[at % files.length]?.path ?? ''}\n`).join(''),
  );
  // One thread: more would spend more CPU, not less.
  const { cpu, wall, code } = await measure(
    ['yara', '-w', '-p', '1', '-C', compiled, '--scan-list', list],
    null,
  );
  if (code !== 0) throw new Error(`yara ended with ${code}`);
  return { cpu, client: 0, wall, scans };
}

/** What the client tells of an artifact, for rules that ask. */
const ABOUT = { filename: 'f.bin', filepath: 'bench/f.bin', extension: '.bin', filetype: '' };

/** As the analyzer does it: bytes up to 1 MiB, larger ones out of the open file. */
function bytesOf(client: ScannerClient, { bytes, fd, dev, ino }: OpenSample): Promise<Reply> {
  if (bytes.length <= MIB) return client.scanBytes(bytes, ABOUT);
  return client.scanWindow({ fd, dev, ino, size: bytes.length }, 0, bytes.length, ABOUT);
}

function ok(reply: Reply): void {
  if (!reply.ok) throw new Error(`not scanned: ${reply.detail}`);
}

async function byPath(pool: Pool, path: string): Promise<void> {
  const { statusCode, body } = await pool.request({
    path: '/scan-file',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path }),
  });
  await body.text();
  if (statusCode !== 200) throw new Error(`not scanned: ${statusCode}`);
}

await main();
