import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { report as reportSchema, type Report, type ScanStats } from '../src/contracts/index.ts';
import { cli, scanJson } from './kit/cli.ts';
import { tarOf } from './kit/trees.ts';

const MIB = 2 ** 20;
const ARGS = ['--clamd', 'off', '--workers', '2'];

let work: string;
let folder: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'scan-stats-'));
  folder = join(work, 'backup');
  mkdirSync(folder);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

function put(name: string, content: string | Buffer): Buffer {
  writeFileSync(join(folder, name), content);
  return Buffer.from(content);
}

async function statsOf(...more: string[]): Promise<{ report: Report; stats: ScanStats }> {
  const { report } = await scanJson([...ARGS, '--stats', ...more, folder]);
  const { stats } = reportSchema.parse(report);
  if (stats === undefined) throw new Error('no stats in the report');
  return { report, stats };
}

/** Text of `bytes` bytes in which nothing is encoded. */
function text(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'the quick brown fox was in the report of last night;\n');
}

describe('where the time went', () => {
  test('nothing is said, nor measured, unless it is asked for', async () => {
    put('a.txt', text(2000));
    const { report } = await scanJson([...ARGS, folder]);
    expect(report).not.toHaveProperty('stats');
    expect((await cli(['scan', ...ARGS, folder])).stdout).not.toContain('limited by');
  });

  test('an engine that is off was asked about nothing', async () => {
    put('a.txt', text(2000));
    const { stats } = await statsOf('--yara', 'off');
    expect(Object.keys(stats.work.examinations)).not.toEqual(expect.arrayContaining(['clamav']));
    expect(Object.keys(stats.work.examinations)).not.toEqual(expect.arrayContaining(['yara']));
    expect(stats.work.examinations).toMatchObject({ entropy: 1 });
  });

  test('the parts of every process add up to its CPU, and those of all to the whole', async () => {
    for (let at = 0; at < 40; at++) put(`f${at}.txt`, text(20_000 + at));
    put('large.bin', randomBytes(3 * MIB));
    const { stats } = await statsOf();
    const roles = stats.processes.map(({ role }) => role);
    expect(roles).toEqual(expect.arrayContaining(['backuplens', 'worker', 'yara-scanner', 'yara-engine']));
    for (const { cpu_ms, parts, wall_ms, idle_ms } of stats.processes) {
      if (parts === null) continue;
      const sum = Object.values(parts).reduce((total, ms) => total + ms, 0);
      expect(sum).toBeCloseTo(cpu_ms, 3);
      expect(Object.keys(parts)).toEqual(expect.arrayContaining(['start', 'threads']));
      expect(idle_ms).toBeLessThanOrEqual(wall_ms ?? 0);
    }
    const all = stats.processes.reduce((total, { cpu_ms }) => total + cpu_ms, 0);
    expect(all).toBeCloseTo(stats.cpu_ms, 3);
    for (const one of stats.processes.filter(({ role }) => role === 'worker')) {
      expect(one.wall_ms).toBeLessThanOrEqual(stats.wall_ms);
    }
    expect(Object.keys(stats.waits)).toEqual(expect.arrayContaining(['read', 'yara']));
    expect(stats.limited_by.detail).not.toBe('');
  });

  test('the text report, and the last line of ndjson, say it too', async () => {
    put('a.txt', text(2000));
    const { stdout } = await cli(['scan', ...ARGS, '--no-color', '--stats', folder]);
    expect(stdout).toMatch(
      /^Time {2}\d+\.\d\d s, CPU \d+\.\d\d s \(\d+ % of \d+ cores?, clamd not counted\)$/m,
    );
    expect(stdout).toMatch(/^ {2}scan worker {3}CPU .* in .*, idle /m);
    expect(stdout).toMatch(/^ {2}limited by {2}(?:start|cpu|yara|disk|unpack|nothing): /m);
    const { stdout: lines } = await cli(['scan', ...ARGS, '--format', 'ndjson', '--stats', folder]);
    const last: { stats?: unknown } = JSON.parse(lines.trim().split('\n').at(-1) ?? '');
    expect(last.stats).toBeDefined();
  });

  test('a scan in which nothing was found to scan has figures all the same', async () => {
    const { stats } = await statsOf();
    expect(stats.work).toMatchObject({ reads: 0, read_bytes: 0, hashed_bytes: 0, examinations: {} });
    expect(stats.limited_by.what).toBe('start');
  });
});

/** Work is counted, never seconds: these say at once when something is done twice. */
describe('one pass', () => {
  test('each byte of a small file is read once, and sent to YARA, not read by it', async () => {
    const sizes = [1, 500, 70_000, MIB];
    for (const size of sizes) put(`f${size}`, text(size));
    const { stats } = await statsOf();
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    expect(stats.work).toMatchObject({ read_bytes: bytes, hashed_bytes: bytes, yara_read_bytes: 0 });
    expect(stats.work.reads).toBe(sizes.length);
    expect(stats.work.examinations['yara']).toBe(sizes.length);
  });

  test('each byte of a large file is read once by us, and once by YARA', async () => {
    const content = put('large.bin', randomBytes(5 * MIB + 12_345));
    const { report, stats } = await statsOf();
    expect(stats.work).toMatchObject({
      read_bytes: content.length,
      hashed_bytes: content.length,
      yara_read_bytes: content.length,
      scratch_files: 0,
    });
    expect(report.results[0]?.sha256).toBe(createHash('sha256').update(content).digest('hex'));
  });

  test('an archive that streams is read once; its small members are not written anywhere', async () => {
    const members = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [`m${at}.txt`, text(4000 + at)]),
    );
    const tar = await tarOf(members);
    const archive = put('a.tar.gz', gzipSync(tar));
    const { stats } = await statsOf();
    const inside = Object.values(members).reduce((sum, { length }) => sum + length, 0);
    expect(stats.work).toMatchObject({ read_bytes: archive.length, scratch_files: 0 });
    expect(stats.work.hashed_bytes).toBe(archive.length + tar.length + inside);
    expect(stats.work.examinations['yara']).toBe(2 + 30);
  });

  test('a handful of small files is scanned by a single process', async () => {
    for (let at = 0; at < 4; at++) put(`f${at}.txt`, text(3000 + at));
    const { stats } = await statsOf();
    expect(stats.processes.filter(({ role }) => role === 'worker')).toHaveLength(1);
  });

  test('small files share the messages between the program and its workers', async () => {
    const files = 400;
    for (let at = 0; at < files; at++) put(`f${at}.txt`, text(300 + at));
    const { stats } = await statsOf();
    // What is said twice a second, and at the beginning and the end, comes on top. Each by itself would be two a file.
    const others = 2 * (4 + Math.ceil(stats.wall_ms / 500));
    expect(stats.work.messages).toBeGreaterThan(0);
    expect(stats.work.messages).toBeLessThanOrEqual(files / 2 + others);
  });
});
