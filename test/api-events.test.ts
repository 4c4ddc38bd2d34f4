import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { journalEvent } from '../src/contracts/index.ts';
import { serve, type Served } from './kit/api/installation.ts';
import { inStore } from './kit/pipeline-service.ts';

vi.setConfig({ testTimeout: 120_000 });

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(async () => served.end());

interface Event {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly comment?: string;
}

/** Follows the events, and keeps what came. */
async function follow(headers: Readonly<Record<string, string>> = {}, query = '') {
  const controller = new AbortController();
  const reply = await fetch(`${served.api.url}/api/v1/events${query}`, {
    headers,
    signal: controller.signal,
  });
  const events: Event[] = [];
  let ended = false;
  void (async () => {
    let rest = '';
    try {
      for await (const part of reply.body ?? []) {
        const blocks = (rest + Buffer.from(part).toString()).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) events.push(eventOf(block));
      }
    } catch {
      // Ended by us.
    }
    ended = true;
  })();
  return {
    status: reply.status,
    type: reply.headers.get('content-type'),
    events,
    isOver: () => ended,
    stop: () => controller.abort(),
  };
}

function eventOf(block: string): Event {
  const fields = block.split('\n').map((line) => {
    const colon = line.indexOf(':');
    return [colon === 0 ? 'comment' : line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return Object.fromEntries(fields);
}

const records = (events: readonly Event[]) =>
  events
    .filter(({ data }) => data !== undefined)
    .map(({ data }) => journalEvent.parse(JSON.parse(data ?? '')));

test('everything that happens is told once, in order, as the journal has it; who comes again goes on where it was', async () => {
  const live = await follow();
  expect(live).toMatchObject({ status: 200, type: 'text/event-stream; charset=utf-8' });
  await served.held('first.txt');
  await served.service.until(
    () => records(live.events).some(({ action }) => action === 'held'),
    'the events',
  );
  const told = records(live.events);
  const journal = await inStore(served.at, async (store) => store.journal.read({ after: 0, limit: 1000 }));
  expect(told).toEqual(
    journal
      .filter(({ seq }) => seq >= (told[0]?.seq ?? 0))
      .slice(0, told.length)
      .map(({ seq, hash, action, who }) => expect.objectContaining({ seq, hash, action, who })),
  );
  live.stop();

  const last = told.at(-2)?.seq ?? 0;
  for (const again of [await follow({ 'last-event-id': String(last) }), await follow({}, `?after=${last}`)]) {
    await served.service.until(() => again.events.some(({ id }) => id !== undefined), 'what was missed');
    expect(records(again.events)[0]?.seq).toBe(last + 1);
    again.stop();
  }
  const whole = await follow({}, '?after=0');
  await served.service.until(() => records(whole.events).length >= journal.length, 'all of it');
  expect(records(whole.events).map(({ seq }) => seq)).toEqual(
    Array.from(records(whole.events), (_, at) => at + 1),
  );
  whole.stop();
});

test('who knows of what never was, or of too much that was, is told to begin anew', async () => {
  const ahead = await follow({ 'last-event-id': '999999' });
  await served.service.until(() => ahead.events.some(({ event }) => event === 'reset'), 'the reset');
  const [reset] = ahead.events.filter(({ event }) => event === 'reset');
  const { seq } = await inStore(served.at, async ({ journal }) => journal.head());
  expect(JSON.parse(reset?.data ?? '')).toEqual({ head: seq });
  ahead.stop();
  for (const id of ['-1', 'x', '1e3', '9'.repeat(30)]) {
    expect((await follow({ 'last-event-id': id })).status).toBe(400);
  }
  expect((await follow({}, '?after=x')).status).toBe(400);
});

test('no more than so many follow, and a place that is given back is free', async () => {
  const all = await Promise.all(Array.from({ length: 70 }, async () => follow()));
  expect(all.filter(({ status }) => status === 200)).toHaveLength(64);
  expect(all.filter(({ status }) => status === 503)).toHaveLength(6);
  expect((await served.api.ok('stats')).event_clients).toBe(64);
  for (const { stop } of all) stop();
  await served.service.until(async () => (await served.api.ok('stats')).event_clients === 0, 'the places');
});

test('the end of the service is told to those who follow', async () => {
  const live = await follow();
  await served.service.until(async () => (await served.api.ok('stats')).event_clients >= 1, 'it');
  await served.service.stop();
  expect(live.events.some(({ comment }) => comment === 'the service ends')).toBe(true);
  expect(live.isOver()).toBe(true);
});
