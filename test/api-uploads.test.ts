import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Api, fileForm } from './kit/api/client.ts';
import { holdUpload, type HeldUpload } from './kit/api/held-upload.ts';
import { serve, type Served } from './kit/api/installation.ts';
import { allFiles, inStore, startService } from './kit/pipeline-service.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MOST = 300 * 1024;
const QUOTA = 1024 * 1024;
const NAMES = ['rita', 'ria', 'rob', 'ron'];

let served: Served;
let tokens: string[];
let reviewer: Api;
let still: HeldUpload;
beforeAll(async () => {
  served = await serve({ MAX_UPLOAD_BYTES: String(MOST), UPLOAD_QUOTA: String(QUOTA) });
  tokens = [];
  for (const name of NAMES) tokens.push(await served.token(name, 'reviewer'));
  reviewer = served.api.as(tokens[0]);
  const sam = await served.token('sam', 'reviewer');
  await served.service.until(async () => (await reviewer.call('stats')).status === 200, 'the token');
  // It takes its time, and needs none of ours: its end is looked at below.
  still = holdUpload(served.api.url, sam);
  await served.service.until(() => arriving().length === 1, 'it');
});
afterAll(async () => served.end());

const arriving = (): string[] =>
  readdirSync(served.at.incoming).filter((name) => name.startsWith('.backuplens-upload-'));
const arrivingInStore = async () => inStore(served.at, async ({ uploads }) => uploads.arriving());

test('what is larger than MAX_UPLOAD_BYTES is refused, said beforehand or not, and leaves nothing', async () => {
  const before = arriving().length;
  const whole = fileForm('x'.repeat(MOST), 'just-right.bin');
  const { size } = await reviewer.ok('uploadScan', { body: whole });
  expect(size).toBe(MOST);
  for (const bytes of [MOST + 1, 4 * MOST]) {
    const body = fileForm('x'.repeat(bytes), 'too-large.bin');
    expect(await reviewer.wrong('uploadScan', 413, { body })).toMatchObject({ code: 'too_large' });
  }
  const unsaid = holdUpload(served.api.url, tokens[0]!, MOST);
  unsaid.send(1000);
  expect(await unsaid.answer).toBe(413);
  unsaid.breakOff();
  await served.service.until(() => arriving().length === before, 'its folder to go');
  const { items } = await served.admin.ok('listScans', { query: { limit: 500 } });
  expect(items.map(({ size: of }: { size: number }) => of).filter((of: number) => of > MOST)).toEqual([]);
});

test('four at a time of one token, sixteen of all: who has no place is told when to come again', async () => {
  const before = arriving().length;
  const held: HeldUpload[] = [];
  try {
    for (const [n, token] of tokens.entries()) {
      // The one that stands still has one of the sixteen.
      for (let each = n === 3 ? 3 : 4; each > 0; each--) held.push(holdUpload(served.api.url, token));
      await served.service.until(() => arriving().length === before + held.length, 'them');
      if (n > 0) continue;
      const full = await reviewer.call('uploadScan', { body: fileForm('x') });
      expect(full).toMatchObject({ status: 429, body: { code: 'too_many' } });
      expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(arriving()).toHaveLength(16);
    const full = await served.admin.call('uploadScan', { body: fileForm('x') });
    expect(full).toMatchObject({ status: 503, body: { code: 'busy' } });
    expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
    // Whoever only looks is not held up.
    expect(await served.admin.ok('ready')).toMatchObject({ status: 'ready' });
  } finally {
    for (const one of held) one.breakOff();
  }
  await served.service.until(() => arriving().length === before, 'their places');
  await reviewer.ok('uploadScan', { body: fileForm('there is room again') });
});

test('one token brings in no more than UPLOAD_QUOTA in a day; others still do', async () => {
  const ria = served.api.as(tokens[1]);
  const body = fileForm('y'.repeat(MOST));
  for (let n = 0; n < 3; n++) await ria.ok('uploadScan', { body });
  const full = await ria.call('uploadScan', { body });
  expect(full).toMatchObject({ status: 429, body: { code: 'quota' } });
  expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
  await ria.ok('uploadScan', { body: fileForm('a little still has room') });
  await reviewer.ok('uploadScan', { body });
  expect(arriving()).toHaveLength(1);
});

test('what stands still is ended with 408, and leaves nothing', async () => {
  expect(await still.answer).toBe(408);
  await served.service.until(() => arriving().length === 0, 'its folder to go');
  expect(await arrivingInStore()).toEqual([]);
});

test('what was half here when the service was killed is nowhere afterwards; without free space nothing is taken in', async () => {
  await served.service.until(
    async () => (await served.admin.ok('stats')).files.waiting === 0,
    'what came before',
  );
  const known = (await allFiles(served.at)).length;
  const half = holdUpload(served.api.url, tokens[0]!, 100_000);
  await served.service.until(async () => (await arrivingInStore()).length === 1, 'the upload');
  await served.service.kill();
  expect(await half.answer).toBeNull();
  expect(arriving()).toHaveLength(1);

  const service = await startService({ ...served.at.env, MIN_FREE: '900T' });
  try {
    expect(arriving()).toEqual([]);
    expect(await arrivingInStore()).toEqual([]);
    const token = tokens[0]!;
    const again = new Api(service.address(), token);
    const full = await again.call('uploadScan', { body: fileForm('no room') });
    expect(full).toMatchObject({ status: 503, body: { code: 'busy' } });
    expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
    // What is seen is not taken in either (service-faults.test.ts has what becomes of it).
    const paused = await again.call('ready');
    expect(paused).toMatchObject({ status: 503, body: { status: 'not_ready', intake: 'paused' } });
  } finally {
    await service.kill();
  }
  expect(await allFiles(served.at)).toHaveLength(known);
});
