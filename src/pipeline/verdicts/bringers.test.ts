import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lastBrought, type Brought } from './bringers.ts';

const HOUR_MS = 3_600_000;

let folder: string;
let server: Server;
let updater: string;
let said: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bringers-'));
  server = createServer((_, response) => response.end(said));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  updater = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const bundles = async (ms = 0): Promise<Brought> =>
  lastBrought({ bundles: folder, updater: null }, Date.now() + ms);
const update = async (url = updater): Promise<Brought> =>
  lastBrought({ bundles: null, updater: url }, Date.now());

test('a bundle that is imported, or gone back from, counts at once, and what clamd says once it can have loaded it', async () => {
  const none = await bundles(HOUR_MS);
  expect(none.loaded).toBe(true);
  symlinkSync('releases/1-abc', join(folder, 'current'));
  const first = await bundles();
  expect([first.loaded, first.id === none.id]).toEqual([false, false]);
  expect(await bundles(HOUR_MS)).toEqual({ id: first.id, loaded: true });
  rmSync(join(folder, 'current'));
  symlinkSync('releases/2-def', join(folder, 'current'));
  expect((await bundles()).id).not.toBe(first.id);
  rmSync(join(folder, 'current'));
  expect(await bundles()).toEqual({ id: none.id, loaded: false });
});

test('an older folder of bundles keeps nobody waiting, nor does none at all', async () => {
  mkdirSync(join(folder, 'bundles'));
  utimesSync(join(folder, 'bundles'), 0, 0);
  for (const name of ['bundles', 'nowhere'])
    expect((await lastBrought({ bundles: join(folder, name), updater: null }, Date.now())).loaded).toBe(true);
});

const health = (changed: number, timestamp: string): string =>
  JSON.stringify({
    status: 'healthy',
    last_update: { timestamp },
    changed_at: new Date(changed).toISOString(),
  });

test('an update that may have changed something counts; one that found nothing new does not', async () => {
  const changed = Date.now() - HOUR_MS;
  said = health(changed, 'an hour ago');
  const known = await update();
  expect(known.loaded).toBe(true);
  said = health(changed, 'now');
  expect(await update()).toEqual(known);
  said = health(Date.now(), 'now');
  const after = await update();
  expect([after.loaded, after.id === known.id]).toEqual([false, false]);
});

test('an updater that is away, or says something else, is nobody whom anything was heard of before', async () => {
  said = JSON.stringify({ changed_at: new Date(0).toISOString() });
  const known = await update();
  const ids = [];
  for (const answer of ['no JSON', '{}', JSON.stringify({ changed_at: 'soon' }), 'x'.repeat(100_000)]) {
    said = answer;
    ids.push((await update()).id);
  }
  ids.push((await update('http://127.0.0.1:1')).id);
  expect(new Set(ids)).toEqual(new Set([ids[0]]));
  expect(ids[0]).not.toBe(known.id);
});
