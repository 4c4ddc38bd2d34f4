import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Names } from '../src/outward/index.ts';
import { Describer } from '../src/services/pipeline/outbox/describe.ts';
import { planFrom, type Position } from '../src/services/pipeline/outbox/plan.ts';
import type { Store } from '../src/store/index.ts';
import { openTestStore } from './kit/store/open.ts';
import { seeded } from './kit/seeded.ts';

const BEGINNING: Position = { seq: 0, hash: '0'.repeat(64), minute: '', in_minute: 0 };
const OVER = Date.parse('2026-11-29T00:00:00Z');
const PER_MINUTE = 5;

let root: string;
let store: Store;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'backuplens-plan-'));
  ({ store } = await openTestStore(join(root, 'data')));
  const random = seeded(7);
  let at = Date.parse('2026-11-28T10:00:00Z');
  const nothing = { file: null, item: null, path: null, sha256: null, verdict: null, detail: null };
  for (let n = 0; n < 300; n++) {
    // Bursts within a minute, and minutes in which little happens; now and then an alarm, or what nobody is told of.
    at += random() < 0.1 ? 90_000 : 100;
    const kind = random();
    const action = kind < 0.05 ? 'engine_down' : kind < 0.15 ? 'hook_told' : 'decided';
    const decision = action === 'decided' ? 'auto_approve' : null;
    const time = new Date(at).toISOString();
    await store.journal.append({ ...nothing, action, decision, time, who: 'a test' });
  }
});
afterAll(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

/** Ids of all events, when so many are planned at a time, each batch from the position that was kept. */
async function idsBy(limit: () => number, now = OVER): Promise<string[]> {
  const describer = new Describer(store, new Names('full', Buffer.alloc(32)), {
    instance: 'x',
    version: '1',
  });
  const ids: string[] = [];
  for (let at = BEGINNING; ;) {
    const { steps, end, more } = await planFrom(store.journal, at, {
      limit: limit(),
      perMinute: PER_MINUTE,
      now,
      wants: undefined,
    });
    for (const step of steps) ids.push((await describer.describe(step)).id);
    if (steps.length === 0 && !more) return ids;
    at = end;
  }
}

test('the same events with the same ids come of a journal, wherever it was left off', async () => {
  const whole = await idsBy(() => 10_000);
  expect(new Set(whole).size).toBe(whole.length);
  expect(await idsBy(() => 1)).toEqual(whole);
  const random = seeded(8);
  expect(await idsBy(() => 1 + Math.floor(random() * 7))).toEqual(whole);
});

test('together, single events and digests account for every record that is told', async () => {
  const { steps } = await planFrom(store.journal, BEGINNING, {
    limit: 10_000,
    perMinute: PER_MINUTE,
    now: OVER,
    wants: undefined,
  });
  const records = await store.journal.read({ after: 0, limit: 1000 });
  const due = records.filter(({ action }) => ['decided', 'engine_down', 'store_made'].includes(action));
  let told = 0;
  for (const step of steps) told += step.what === 'digest' ? step.digest.records : 1;
  expect(told).toBe(due.length);
  expect(steps.some(({ what }) => what === 'digest')).toBe(true);
  // Alarms are never in a digest.
  const single = steps.flatMap((step) => (step.what === 'record' ? [step.record.action] : []));
  expect(single.filter((action) => action === 'engine_down')).toHaveLength(
    records.filter(({ action }) => action === 'engine_down').length,
  );
});

test('a digest waits until its minute is over, and nothing behind it is told before', async () => {
  const last = (await store.journal.head()).seq;
  const time = '2026-11-28T23:00:30.000Z';
  const nothing = { file: null, item: null, path: null, sha256: null, verdict: null, detail: null };
  for (let n = 0; n < 8; n++)
    await store.journal.append({
      ...nothing,
      action: 'decided',
      decision: 'quarantine',
      time,
      who: 'a test',
    });
  const [before] = await store.journal.read({ after: last - 1, limit: 1 });
  const from = { ...BEGINNING, seq: last, hash: before?.hash ?? '' };
  const options = { limit: 100, perMinute: PER_MINUTE, wants: undefined };
  const during = await planFrom(store.journal, from, { ...options, now: Date.parse(time) });
  expect(during.steps.map(({ what }) => what)).toEqual(Array.from({ length: PER_MINUTE }, () => 'record'));
  const after = await planFrom(store.journal, from, { ...options, now: Date.parse(time) + 60_000 });
  expect(after.steps.at(-1)).toMatchObject({ what: 'digest', digest: { records: 3 } });
});

test('a journal that does not go on where the cursor is is a hole, and what there is is told from there', async () => {
  const options = { limit: 100, perMinute: PER_MINUTE, now: OVER, wants: undefined };
  const changed = await planFrom(store.journal, { ...BEGINNING, seq: 10, hash: 'f'.repeat(64) }, options);
  expect(changed.steps).toMatchObject([{ what: 'hole', hole: { missing: null, next: { seq: 11 } } }]);
  expect((await planFrom(store.journal, changed.end, options)).steps[0]).toMatchObject({ what: 'record' });
  const shorter = await planFrom(store.journal, { ...BEGINNING, seq: 9999, hash: 'f'.repeat(64) }, options);
  expect(shorter.steps).toMatchObject([{ what: 'hole', hole: { next: null } }]);
  expect(shorter.end).toMatchObject({ seq: 0 });
});
