import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tool } from './kit/archives/tool.ts';
import { cli, scanJson, type Result } from './kit/cli.ts';
import { MARKER } from './kit/marker.ts';

// Archives of GNU tar in volumes (-M), made by itself. Names do not tell them: what they hold does.

let work: string;
let folder: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'tar-volumes-'));
  folder = join(work, 'backup');
  mkdirSync(folder);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** Bytes that hardly compress and look encrypted to nobody: six bits of each. */
function filler(size: number, seed: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, i) =>
    createHash('sha256').update(`${seed}${i}`).digest(),
  );
  return Buffer.from(
    Buffer.concat(blocks)
      .subarray(0, size)
      .map((byte) => byte & 0x3f),
  );
}

interface Making {
  readonly names?: (number: number) => string;
  readonly options?: readonly string[];
  /** At the end of the packed member in the middle, which goes over volumes. */
  readonly middle?: string;
  /** In the packed member at the end. */
  readonly last?: string;
}

const COUNTED = (number: number): string => `x${number}.tar`;

/** An archive in three volumes in a folder of its own; returns their names. */
function volumes(place: string, making: Making = {}): string[] {
  const { names = COUNTED, options = [], middle = 'nothing', last = 'nothing' } = making;
  const path = join(folder, place);
  mkdirSync(path, { recursive: true });
  const content = join(work, `${place.replaceAll('/', '-')}-content`);
  mkdirSync(content);
  writeFileSync(join(content, 'a.bin'), filler(20_000, place));
  writeFileSync(join(content, 'm.gz'), gzipSync(Buffer.concat([filler(70_000, 'm'), Buffer.from(middle)])));
  writeFileSync(join(content, 'z.gz'), gzipSync(last));
  const files = [1, 2, 3, 4].map(names);
  tool(content, 'tar', [
    '-c',
    '-M',
    '-L',
    '30',
    ...options,
    ...files.flatMap((name) => ['-f', join(path, name)]),
    'a.bin',
    'm.gz',
    'z.gz',
  ]);
  const made = readdirSync(path);
  expect(made.toSorted()).toEqual(files.slice(0, 3).toSorted());
  return files.slice(0, 3).map((name) => `${place}/${name}`);
}

async function scan(): Promise<Map<string, Result>> {
  const { results } = (await scanJson(['--clamd', 'off', folder])).report;
  return new Map(results.map((result) => [result.path.slice(folder.length + 1), result]));
}

function gapsOf(result: Result | undefined): string[] {
  return (result?.gaps ?? [])
    .filter(({ reason }) => reason !== 'engine_off')
    .map(({ reason, detail }) => `${reason}: ${detail}`);
}

function trailsOf(result: Result | undefined): (readonly string[])[] {
  return (result?.findings ?? []).filter(({ rule }) => rule.includes('arker')).map(({ trail }) => trail);
}

test('what goes from one volume to the next is found, whatever they are called and in each format of GNU tar', async () => {
  const middle = `one ${MARKER}`;
  const sets = {
    gnu: volumes('gnu', { middle, options: ['--format=gnu'] }),
    pax: volumes('pax', { middle, options: ['--format=pax'], names: (n) => `part-${n - 1}.tar` }),
    oldgnu: volumes('oldgnu', { middle, options: ['--format=oldgnu'], names: (n) => `x.tar.00${n}` }),
    labelled: volumes('labelled', { middle, options: ['-V', 'Backup'], names: (n) => `vol${n}` }),
    'labelled-pax': volumes('labelled-pax', {
      middle,
      options: ['-V', 'Backup', '--format=pax'],
      names: (n: number) => `x.a${'abc'.charAt(n - 1)}`,
    }),
    script: volumes('script', { middle, names: (n) => (n === 1 ? 'b-29.tar' : `b-29.tar-${n}`) }),
  };
  writeFileSync(join(folder, 'script', 'b-28.tar'), 'another');
  const results = await scan();
  for (const [kind, [first = '', ...others]] of Object.entries(sets)) {
    expect([kind, ...gapsOf(results.get(first))]).toEqual([kind]);
    const name = first.slice(kind.length + 1);
    expect(trailsOf(results.get(first))).toContainEqual([name, '(joined: 3 parts)', 'm.gz', 'm']);
    for (const other of others) {
      expect(results.get(other)).toMatchObject({ decision: 'quarantine', findings: [] });
      expect(results.get(other)?.reasons.join()).toContain(`one archive together with ${name}`);
    }
  }
});

test('archives that are whole stay what they are, however they are counted, and in their order', async () => {
  const names = ['b-1.tar', 'b-1.txt', 'b-2.tar', 'b-3.tar', 'c.tar', 'c.tar.1', 'd', 'vol1', 'vol2'];
  const made = join(work, 'made.tar');
  writeFileSync(join(work, 'a'), 'buy milk');
  tool(work, 'tar', ['-c', '-f', made, 'a']);
  for (const name of names) writeFileSync(join(folder, name), readFileSync(made));
  const results = await scan();
  expect([...results.keys()].toSorted()).toEqual(names);
  for (const result of results.values()) {
    expect(result).toMatchObject({ decision: 'auto_approve', coverage: { artifacts: 2 } });
  }
  expect([...results.keys()].slice(4)).toEqual(names.slice(4));
});

test('sparse files and lists of incremental archives go over volumes like any other', async () => {
  const content = join(work, 'content');
  mkdirSync(join(content, 'd'), { recursive: true });
  const sparse = Buffer.alloc(3_000_000);
  for (let at = 0; at < 8; at++) filler(8192, `${at}`).copy(sparse, at * 147_456);
  gzipSync(`one ${MARKER}`).copy(sparse, 2_990_080);
  writeFileSync(join(content, 'raw'), sparse);
  tool(content, 'cp', ['--sparse=always', 'raw', 's']);
  for (let n = 0; n < 60; n++) writeFileSync(join(content, 'd', `${'long'.repeat(40)}-${n}`), '');
  writeFileSync(join(content, 'd', 'z'), filler(50_000, 'z'));
  for (const format of ['gnu', 'pax']) {
    for (const [kind, options] of [
      ['sparse', ['-S', 's']],
      ['incremental', ['-g', join(work, `${format}.snar`), 'd']],
    ] as const) {
      const place = join(folder, `${kind}-${format}`);
      mkdirSync(place);
      const files = Array.from({ length: 9 }, (_, i) => ['-f', join(place, `x${i + 1}.tar`)]).flat();
      tool(content, 'tar', ['-c', '-M', '-L', '30', `--format=${format}`, ...files, ...options]);
    }
  }
  const results = await scan();
  for (const [kind, artifacts] of Object.entries({
    'sparse-gnu': 5,
    'sparse-pax': 5,
    'incremental-gnu': 64,
    'incremental-pax': 64,
  })) {
    const first = results.get(`${kind}/x1.tar`);
    expect([kind, ...gapsOf(first)]).toEqual([kind]);
    expect([kind, first?.coverage.artifacts]).toEqual([kind, artifacts]);
  }
  // At its place behind the holes.
  for (const kind of ['sparse-gnu', 'sparse-pax']) {
    const [found] = trailsOf(results.get(`${kind}/x1.tar`));
    expect(found?.slice(2, 4)).toEqual(['s', '(archive at 2990080)']);
  }
});

/** Changes a header and makes its check sum right again. */
function lie(file: string, at: number, bytes: string): void {
  const path = join(folder, file);
  const volume = readFileSync(path);
  volume.write(bytes, at, 'latin1');
  const header = volume.subarray(0, 512);
  header.fill(' ', 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  writeFileSync(path, volume);
}

function swap(one: string, other: string): void {
  const [a, b, between] = [join(folder, one), join(folder, other), join(folder, 'between')];
  renameSync(a, between);
  renameSync(b, a);
  renameSync(between, b);
}

test('what is missing, swapped, mixed, cut off or lied about is a gap that says so, and all that is there is examined', async () => {
  const last = `one ${MARKER}`;
  const [, second = ''] = volumes('missing', { last });
  rmSync(join(folder, second));
  const [, two = '', three = ''] = volumes('swapped', { last });
  swap(two, three);
  volumes('mixed', { last });
  volumes('mixed/other', {});
  swap('mixed/x2.tar', 'mixed/other/x2.tar');
  const [, cut = ''] = volumes('cut', { last });
  writeFileSync(join(folder, cut), readFileSync(join(folder, cut)).subarray(0, 10_240));
  const [, noise = ''] = volumes('noise', { last });
  writeFileSync(join(folder, noise), filler(30_720, 'noise'));
  for (const [what, at, bytes] of [
    ['offset', 369, '00000000512'],
    ['size', 124, '00000001000'],
    ['name', 0, 'n.gz'],
  ] as const) {
    const [, lying = ''] = volumes(what, { last });
    lie(lying, at, bytes);
  }
  const results = await scan();
  const said = Object.fromEntries([...results].map(([path, result]) => [path, gapsOf(result).join('\n')]));
  expect(said['missing/x1.tar']).toMatch(/corrupt: cut off: \d+ bytes of a member are missing/);
  expect(said['missing/x3.tar']).toMatch(/unsupported_format: a later volume: of "m.gz" \d+ bytes are here/);
  expect(said['swapped/x1.tar']).toMatch(/corrupt: volume 2 does not continue what the one before ends in/);
  expect(said['swapped/x1.tar']).toMatch(/unsupported_format: a later volume: of "m.gz"/);
  expect(said['mixed/x1.tar']).toMatch(/^$|corrupt/);
  expect(said['cut/x1.tar']).toMatch(
    /corrupt: volume 3 does not continue .* bytes are to follow, but \d+ are missing/,
  );
  expect(said['noise/x1.tar']).toMatch(/corrupt: cut off/);
  expect(said['offset/x1.tar']).toMatch(
    /corrupt: volume 2 does not continue .* it goes on at 330, and \d+ bytes are there/,
  );
  expect(said['size/x1.tar']).toMatch(/corrupt: volume 2 does not continue .* 512 bytes are to follow/);
  expect(said['name/x1.tar']).toMatch(/corrupt: volume 2 does not continue .* but another one/);
  for (const place of ['missing', 'swapped', 'mixed', 'cut', 'noise', 'offset', 'size', 'name']) {
    const found = [...results].filter(([path]) => path.startsWith(`${place}/x`)).map(([, result]) => result);
    expect([place, ...found.flatMap(trailsOf).map((trail) => trail.at(-1))]).toEqual([place, 'z']);
  }
});

test('a lone volume is held, and says what it is; --apply and gate take a set as one', async () => {
  const [first = '', second = '', third = ''] = volumes('lone');
  for (const [index, volume] of [first, second, third].entries()) {
    mkdirSync(join(folder, `${index}`));
    renameSync(join(folder, volume), join(folder, `${index}`, 'x.tar'));
  }
  const lone = await scan();
  expect([...lone.values()].map(({ decision }) => decision)).toEqual(Array(3).fill('manual_review'));
  expect(gapsOf(lone.get('0/x.tar')).join()).toMatch(/^corrupt: cut off/);
  expect(gapsOf(lone.get('2/x.tar')).join()).toMatch(/^unsupported_format: a later volume/);
  for (const index of [0, 1, 2]) rmSync(join(folder, `${index}`), { recursive: true });

  const set = volumes('set', { middle: `one ${MARKER}` });
  const env = {
    QUARANTINE_DIR: join(work, 'quarantine'),
    REVIEW_DIR: join(work, 'review'),
    DATA_DIR: join(work, 'data'),
  };
  const { report } = await scanJson(['--clamd', 'off', '--apply', folder], { env });
  const left = report.results.filter(({ disposition }) => disposition?.detail?.includes('stays as a whole'));
  expect(left.map(({ path }) => path.slice(folder.length + 1))).toEqual(set);
  const gate = await cli(['gate', join(folder, 'set', 'x3.tar')], { env });
  expect(gate).toMatchObject({ code: 1, stdout: expect.stringContaining('x1.tar (volumes)') });
});
