import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { watching } from '../kit/watching.ts';
import { descendants } from '../kit/process-cost.ts';
import { allFiles, inStore, newInstallation, startService } from '../kit/pipeline-service.ts';

const SMALL = 20_000;
const LARGE = 20;
const LARGE_BYTES = 500_000_000;
const MIB = 2 ** 20;

function residentMiB(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // It ended meanwhile.
  }
}

function peak(figures: readonly number[]): number {
  return Math.round(Math.max(...figures));
}

test('20,000 small files and 20 of 500 MB: memory stays where it was, the queue metric is true, each is decided once', async () => {
  const at = newInstallation({ NUM_WORKERS: '5', SCAN_INTERVAL_MS: '1000', LOG_LEVEL: 'info' });
  for (let number = 0; number < SMALL; number++) {
    const folder = join(at.incoming, String(number % 100));
    if (number < 100) mkdirSync(folder);
    writeFileSync(join(folder, `small-${number}`), `number ${number}`);
  }
  mkdirSync(join(at.incoming, 'large'));
  for (let number = 0; number < LARGE; number++) {
    // Holes: reading costs what it costs, the disk nothing. A tail makes each a file of its own.
    const file = openSync(join(at.incoming, 'large', String(number)), 'w');
    ftruncateSync(file, LARGE_BYTES + number);
    closeSync(file);
  }
  const service = await startService(at.env);
  const began = performance.now();
  const parent: number[] = [];
  const workers: number[] = [];
  try {
    for (;;) {
      await sleep(1000);
      parent.push(residentMiB(service.process.pid ?? 0));
      const children = descendants(service.process.pid ?? 0).filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('pipeline/worker.');
        } catch {
          return false;
        }
      });
      workers.push(Math.max(0, ...children.map(residentMiB)));
      const counts = await inStore(at, async (store) => store.counts());
      const waiting = counts.waiting.fresh + counts.waiting.large + counts.waiting.rescan;
      const told = await service.metric('backuplens_queue_depth');
      // What was taken and accepted between the two looks.
      expect(Math.abs(told - waiting)).toBeLessThanOrEqual(1500);
      if (counts.files.in_place + counts.files.held === SMALL + LARGE) break;
      expect(performance.now() - began).toBeLessThan(3_000_000);
    }
  } finally {
    await service.stop();
  }
  const seconds = (performance.now() - began) / 1000;
  const half = Math.floor(parent.length / 2);
  console.log(
    `load: ${Math.round(seconds)} s, ${Math.round((SMALL + LARGE) / seconds)} files/s; parent ${peak(parent)} MiB ` +
      `(first half ${peak(parent.slice(0, half))}, second ${peak(parent.slice(half))}), largest worker ${peak(workers)} MiB`,
  );
  const rows = await allFiles(at);
  expect(rows).toHaveLength(SMALL + LARGE);
  expect(peak(parent.slice(half))).toBeLessThan(peak(parent.slice(0, half)) * 1.3 + 32);
  expect(peak(workers)).toBeLessThan(400);
  at.remove();
});

test('100,000 names in one folder: what a sweep costs', async () => {
  const at = newInstallation();
  for (let number = 0; number < 100_000; number++) writeFileSync(join(at.incoming, `name-${number}`), '');
  global.gc?.();
  const before = process.memoryUsage().rss;
  const cpu = process.cpuUsage();
  const watch = watching(at.incoming, { interval_ms: 1000, settle_ms: 1000 });
  await watch.until(() => watch.arrivals().length === 100_000, '100,000 arrivals', 600_000);
  const done = (): number => watch.events.filter(({ type }) => type === 'swept').length;
  const soFar = done();
  await watch.until(() => done() >= soFar + 2, 'two more sweeps', 600_000);
  const sweeps = watch.events.filter((event) => event.type === 'swept');
  const used = process.cpuUsage(cpu);
  await watch.stop();
  const ms = sweeps.map(({ active_ms }) => Math.round(active_ms));
  console.log(
    `sweep of 100,000 names: ${ms.join(', ')} ms; ${Math.round((used.user + used.system) / 1000 / sweeps.length)} ms of CPU each; ` +
      `${Math.round((process.memoryUsage().rss - before) / MIB)} MiB more, with every arrival kept by the test`,
  );
  expect(new Set(watch.arrivals()).size).toBe(100_000);
  at.remove();
});
