import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { OPERATIONS } from '../src/contracts/index.ts';
import { fuzzApi } from './kit/api/fuzz.ts';
import { serve, type Served } from './kit/api/installation.ts';

// Longer, with another seed each time: npm run fuzz.
const REQUESTS = 2000;
/** With thirteen jobs on a core they take about a minute; alone, seconds. */
const MS = 150_000;
const SEED = 7;

vi.setConfig({ testTimeout: 240_000 });

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(async () => served.end());

test('no request that is nearly right, or not at all, makes it fail, hang or tell of its folders', async () => {
  const held = await served.held('held.txt');
  const token = await served.token('fuzz', 'admin');
  await served.service.until(
    async () => (await served.api.as(token).call('stats')).status === 200,
    'the token',
  );
  const { url } = served.api;
  const ids = [held.id, held.file, held.scan, '20260101T000000000Z-0123456789ab'];
  const secrets = [served.at.root, import.meta.dirname];
  const { requests, statuses, operations, wrong } = await fuzzApi({
    url,
    token,
    seed: SEED,
    most: REQUESTS,
    forMs: MS,
    ids,
    secrets,
  });
  console.log(`${requests} requests: ${JSON.stringify(statuses)}`);
  expect(wrong).toEqual([]);
  expect(requests).toBe(REQUESTS);
  // What is meant well is answered well: otherwise only the first check was ever tried.
  expect(statuses['200']).toBeGreaterThan(requests / 20);
  expect(operations).toEqual(Object.keys(OPERATIONS).toSorted());
  // And it still does its work.
  expect(await served.admin.ok('ready')).toMatchObject({ status: 'ready' });
  expect(served.service.said('a request failed')).toEqual([]);
});
