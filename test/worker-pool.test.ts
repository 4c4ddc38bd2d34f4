import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { WorkerPool, type PoolOptions } from '../src/pipeline/worker-pool.ts';
import { DEFAULT_LIMITS } from '../src/unpack/index.ts';

let folder: string;
let scratch: Scratch;
let pool: WorkerPool;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pool-'));
  scratch = await Scratch.create(folder);
});
afterEach(async () => {
  await pool.close();
  await scratch.remove();
  rmSync(folder, { recursive: true });
});

function open(options: Partial<PoolOptions> = {}): WorkerPool {
  const off = { away: 'engine_off', detail: 'turned off' } as const;
  pool = new WorkerPool({
    workers: 1,
    setup: {
      clamd: off,
      yara: off,
      entropy_threshold: 6.5,
      ransomware_names: [],
      limits: DEFAULT_LIMITS,
      passwords: ['secret word'],
    },
    stdin: false,
    scratch,
    readable: [folder],
    ...options,
  });
  return pool;
}

function file(name: string, content = 'hello'): Buffer {
  writeFileSync(join(folder, name), content);
  return Buffer.from(join(folder, name));
}

/** Busy for seconds: a hole of 8 GiB. */
function busy(name: string): Buffer {
  const path = file(name);
  truncateSync(path, 8 * 2 ** 30);
  return path;
}

/** Waits until more than `bytes` were read, and says in which process. */
async function underWay(bytes = 0): Promise<number> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const [pid] = pool.pids();
    if (pid !== undefined && pool.progress().bytes > bytes) return pid;
    if (performance.now() > deadline) throw new Error('the work did not begin');
    await sleep(20);
  }
}

test('a worker has no environment, and no password on its command line', async () => {
  const outcome = await open().run(file('a'), 'a', 5);
  expect(outcome.type).toBe('done');
  const [pid] = pool.pids();
  const environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
    .split('\0')
    .filter((line) => line !== '');
  // The channel to its parent is all there is.
  expect(environment.map((line) => line.split('=')[0])).toEqual([
    'NODE_CHANNEL_FD',
    'NODE_CHANNEL_SERIALIZATION_MODE',
  ]);
  const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  expect(command).toContain('--permission');
  expect(command).not.toContain('secret word');
});

test('a worker may only read what is scanned', async () => {
  const outcome = await open().run(Buffer.from('/etc/hostname'), 'hostname', 5);
  if (outcome.type !== 'done') throw new Error(outcome.why);
  expect(outcome.outcome.gaps.map(({ reason, detail }) => `${reason}: ${detail}`)).toEqual([
    'unreadable: outside of what was given to be scanned',
  ]);
});

test('a file that has vanished since it was met is a gap', async () => {
  const path = file('gone');
  rmSync(path);
  const outcome = await open().run(path, 'gone', 5);
  if (outcome.type !== 'done') throw new Error(outcome.why);
  expect(outcome.outcome.gaps.map(({ reason, detail }) => `${reason}: ${detail}`)).toEqual([
    'unreadable: vanished before it could be read',
  ]);
});

test('a file whose worker dies is scanned once more, then given up; its neighbours are scanned', async () => {
  const files = ['b', 'c', 'd'].map((name) => file(name));
  open();
  const first = pool.run(busy('a'), 'a', 8 * 2 ** 30);
  const others = files.map((path, at) => pool.run(path, String(at), 5));
  process.kill(await underWay(), 'SIGKILL');
  process.kill(await underWay(pool.progress().bytes), 'SIGKILL');
  expect(await first).toMatchObject({ type: 'lost', why: 'its worker ended by itself (SIGKILL)' });
  for (const outcome of await Promise.all(others)) expect(outcome.type).toBe('done');
});

test('a file that makes its worker grow beyond its memory is given up, with the figure', async () => {
  await open().run(file('a'), 'a', 5);
  const [pid] = pool.pids();
  const idle = Number(readFileSync(`/proc/${pid}/statm`, 'ascii').split(' ')[1]) * 4096;
  await pool.close();
  await scratch.remove();
  scratch = await Scratch.create(folder);
  const limit = Math.ceil(idle / 2 ** 20) + 100;
  open({ memory_limit_bytes: limit * 2 ** 20 });
  // Unpacking it fills the dictionary that it asks for: 192 MiB.
  const archive = join(folder, 'zeros.xz');
  execFileSync('sh', ['-c', 'head -c 180M /dev/zero | xz --lzma2=preset=0,dict=192MiB > "$0"', archive]);
  const outcome = await pool.run(Buffer.from(archive), 'zeros.xz', 2 ** 21);
  expect(outcome).toMatchObject({ type: 'lost', why: `its worker grew beyond ${limit} MiB of memory` });
});

test('a worker that gives no sign of life is ended, and its file is scanned by another', async () => {
  open({ silence_limit_ms: 1500 });
  const path = file('a');
  truncateSync(path, 2 ** 30);
  const outcome = pool.run(path, 'a', 2 ** 30);
  process.kill(await underWay(), 'SIGSTOP');
  expect((await outcome).type).toBe('done');
});

test('closing ends what is under way as lost, and leaves no process behind', async () => {
  open();
  const outcome = pool.run(busy('a'), 'a', 8 * 2 ** 30);
  const pid = await underWay();
  await pool.close();
  expect(await outcome).toMatchObject({ type: 'lost', why: 'the scan was ended' });
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('what is handed to a pool that was closed is lost at once, and waited for by nobody', async () => {
  open();
  await pool.close();
  expect(await pool.run(file('late'), 'late', 5)).toMatchObject({ type: 'lost', why: 'the scan was ended' });
});

test('small files do not wait for large ones: one worker is left to them while there are any', async () => {
  open({ workers: 2 });
  const order: string[] = [];
  const run = async (path: Buffer, name: string, size: number): Promise<void> => {
    const { type } = await pool.run(path, name, size);
    if (type === 'done') order.push(name);
  };
  const large = ['a', 'b'].map(async (name) => run(busy(name), name, 8 * 2 ** 30));
  const small = Array.from({ length: 30 }, (_, at) => `s${at}`);
  await Promise.all(small.map(async (name) => run(file(name, name), name, name.length)));
  expect(order.toSorted()).toEqual(small.toSorted());
  await pool.close();
  await Promise.all(large);
  expect(order).toHaveLength(small.length);
});

test('with a single worker files are scanned in the order in which they came, large or small', async () => {
  open({ workers: 1 });
  const order: string[] = [];
  const names = ['s1', 'large', 's2'];
  const sizes = [2, 2 ** 21, 2];
  const runs = names.map(async (name, at) => {
    const path = file(name, 'x'.repeat(sizes[at] ?? 0));
    await pool.run(path, name, sizes[at] ?? 0);
    order.push(name);
  });
  await Promise.all(runs);
  expect(order).toEqual(names);
});
