import { readFileSync, mkdirSync } from 'node:fs';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WebhookSettings } from '../src/outward/sinks/webhook.ts';
import { OutboxUnderTest } from './kit/events/outbox.ts';
import { answers, ecsOf, isSigned, Receiver, takes, type Behaviour } from './kit/events/receiver.ts';

let under: OutboxUnderTest;
let receiver: Receiver;
beforeEach(async () => {
  under = await new OutboxUnderTest().open();
  receiver = await new Receiver().up();
});
afterEach(async () => {
  await under.remove();
  await receiver.down();
});

const SECRET = 'a-secret-of-the-test';
const webhook = (more: Partial<WebhookSettings> = {}): WebhookSettings => ({
  url: receiver.url,
  format: 'ecs',
  secrets: [SECRET],
  token: null,
  within_ms: 2000,
  ...more,
});
const beats = () => ecsOf(receiver.taken).filter(({ event }) => event.action === 'heartbeat');
const eventsFile = () => {
  mkdirSync(join(under.root, 'events'), { recursive: true, mode: 0o700 });
  return { path: join(under.root, 'events/e.jsonl'), format: 'ecs', max_bytes: 2 ** 20, keep: 1 } as const;
};
const inFile = () =>
  ecsOf(
    readFileSync(join(under.root, 'events/e.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((body) => ({ body })),
  );

test('a receiver that is away for half the time is told of everything, signed, in order, with the same ids', async () => {
  await under.start({ webhook: webhook({ secrets: [SECRET, 'the-secret-before-it'] }) });
  const ids: string[] = [];
  for (let at = 0; at < 40; at++) {
    if (at === 10) await receiver.down();
    if (at === 30) await receiver.up();
    ids.push((await under.tell({ file: `file-${at % 3}` })).hash);
    if (at % 10 === 9) await sleep(300);
  }
  await under.caughtUp();
  const [begun, ...events] = ecsOf(receiver.taken);
  expect(begun?.event.action).toBe('begun');
  // Whatever came twice: each id, in the order of its first time.
  expect([...new Set(events.map(({ event }) => event.id))]).toEqual(ids);
  expect(receiver.taken.every((one) => isSigned(SECRET, one))).toBe(true);
  expect(receiver.taken.every((one) => isSigned('the-secret-before-it', one))).toBe(true);
  expect(receiver.taken.some((one) => isSigned('another-secret', one))).toBe(false);
  expect(receiver.taken.map(({ headers }) => headers['idempotency-key'])).toEqual(
    ecsOf(receiver.taken).map(({ event }) => event.id),
  );
  expect(await under.state('webhook')).toMatchObject({ state: 'ok', failures: 0, set_aside: 0 });
});

const gigabyte: Behaviour = (_received, answer) => {
  answer.writeHead(200);
  const piece = Buffer.alloc(64 * 1024);
  const more = (): void => {
    while (!answer.destroyed && answer.write(piece));
    if (!answer.destroyed) answer.once('drain', more);
  };
  more();
};
const slowly: Behaviour = (_received, _answer, socket) => {
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else socket.write('H');
  }, 50);
};
const switches: Behaviour = (_received, _answer, socket) =>
  void socket.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
const manyHeaders: Behaviour = (_received, _answer, socket) =>
  void socket.write(`HTTP/1.1 200 OK\r\n${'X-Long: '.padEnd(100_000, 'x')}\r\n\r\n`);

test.each<readonly [string, Behaviour, string, RegExp]>([
  ['hangs', () => undefined, 'failing', /no answer within 300 ms/],
  ['answers byte by byte', slowly, 'failing', /HPE_/],
  [
    'closes the connection',
    (_received, _answer, socket) => void socket.destroy(),
    'failing',
    /connection reset/,
  ],
  ['answers 500', answers(500), 'failing', /it answered 500/],
  ['answers 503 and asks for time', answers(503, { 'retry-after': '0' }), 'failing', /it answered 503/],
  ['answers 429', answers(429), 'failing', /it answered 429/],
  ['speaks another protocol', switches, 'failing', /another protocol/],
  ['sends headers without an end', manyHeaders, 'failing', /HPE_HEADER_OVERFLOW/],
  ['answers 400', answers(400), 'refused', /it answered 400/],
  ['answers 401', answers(401), 'refused', /it answered 401/],
  ['answers 404', answers(404), 'refused', /it answered 404/],
  ['leads elsewhere', answers(307, { location: '/elsewhere' }), 'refused', /redirects are not followed/],
])(
  'a receiver that %s holds up nobody else, loses nothing, and is shown',
  async (_what, behaviour, state, why) => {
    receiver.behaviour = behaviour;
    await under.start({ webhook: webhook({ within_ms: 300 }), file: eventsFile() });
    const ids = [(await under.tell()).hash, (await under.tell()).hash];
    await under.until(async () => (await under.state('file'))?.lag === 0, 'the other sink');
    await under.until(async () => (await under.state('webhook'))?.state === state, state);
    expect(await under.state('webhook')).toMatchObject({ lag: 2, detail: expect.stringMatching(why) });
    expect(
      inFile()
        .map(({ event }) => event.id)
        .slice(1),
    ).toEqual(ids);
    // It comes to its senses: nothing was lost, and nothing went where it led to.
    receiver.behaviour = takes;
    await under.caughtUp();
    const told = ecsOf(receiver.taken).map(({ event }) => event.id);
    expect([...new Set(told)].filter((id) => ids.includes(id))).toEqual(ids);
    expect(await under.state('webhook')).toMatchObject({ state: 'ok', failures: 0 });
  },
);

test('a gigabyte for an answer is not read, and the event has arrived', async () => {
  receiver.behaviour = gigabyte;
  await under.start({ webhook: webhook() });
  const before = process.memoryUsage().rss;
  await under.tell();
  await under.caughtUp();
  expect(ecsOf(receiver.seen).map(({ event }) => event.action)).toEqual(['begun', 'decision']);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
});

test('an event that is refused for good is replaced by a gap that names it; the others go on', async () => {
  await under.start({ webhook: webhook() });
  await under.caughtUp();
  const bad = await under.tell({ file: 'bad' });
  receiver.behaviour = (received, answer, socket) =>
    (received.headers['idempotency-key'] === bad.hash ? answers(422) : takes)(received, answer, socket);
  const good = await under.tell();
  await under.until(
    () => receiver.taken.some(({ headers }) => headers['idempotency-key'] === good.hash),
    'it',
  );
  const gap = ecsOf(receiver.taken).find(({ event }) => event.action === 'gap');
  expect(gap?.backuplens.figures).toEqual({
    reason: 'refused',
    events: 1,
    event_id: bad.hash,
    event_type: 'decision',
  });
  // The cursor moves after the receiver has answered.
  await under.until(async () => (await under.state('webhook'))?.lag === 0, 'the cursor');
  expect(await under.state('webhook')).toMatchObject({ state: 'ok', set_aside: 1 });
});

test('what happens at once is told up to a number, then together, with how much and of what', async () => {
  await under.start({ webhook: webhook() }, { per_minute: 3 });
  // A minute that is over.
  const time = new Date(Date.now() - 3_600_000).toISOString();
  const records = [];
  for (let at = 0; at < 8; at++)
    records.push(await under.tell({ time, decision: at === 6 ? 'quarantine' : 'auto_approve' }));
  const alarm = await under.tell({ time, action: 'engine_down', item: 'clamav', decision: null, file: null });
  await under.tell({ time });
  await under.caughtUp();
  const events = ecsOf(receiver.taken).slice(1);
  expect(events.map(({ event }) => event.action)).toEqual([
    'decision',
    'decision',
    'decision',
    'digest',
    'engine.down',
    'digest',
  ]);
  expect(events[3]?.backuplens.figures).toEqual({
    events: 5,
    first_seq: records[3]?.seq,
    last_seq: records[7]?.seq,
    'decision.auto_approve': 4,
    'decision.quarantine': 1,
  });
  expect(events[4]?.event.id).toBe(alarm.hash);
});

test('a journal that was shortened or changed behind a cursor is a gap, and is told from there on', async () => {
  await under.start({ webhook: webhook() });
  for (let at = 0; at < 5; at++) await under.tell();
  await under.caughtUp();
  await under.stop();
  const { seq } = await under.store.journal.head();
  const database = new DatabaseSync(join(under.root, 'data/store.sqlite'));
  // As a retention of the journal would: the cursor stands before what is left.
  database.exec('drop trigger journal_is_never_shortened');
  for (let at = 0; at < 3; at++) await under.tell();
  database.exec(`delete from journal where seq = ${seq + 1}`);
  database.close();
  await under.start({ webhook: webhook() });
  await under.caughtUp();
  const gap = ecsOf(receiver.taken).findLast(({ event }) => event.action === 'gap');
  expect(gap?.backuplens.figures).toMatchObject({
    reason: 'missing',
    events: 1,
    last_seq: seq,
    next_seq: seq + 2,
  });
  expect(
    ecsOf(receiver.taken)
      .slice(-2)
      .map(({ event }) => event.sequence),
  ).toEqual([seq + 2, seq + 3]);
});

test('a sink that is set again goes on where it was; a new one begins with what comes', async () => {
  await under.start({ webhook: webhook() });
  await under.caughtUp();
  await under.stop();
  const missed = await under.tell();
  await under.start({ file: eventsFile() });
  await under.caughtUp();
  await under.stop();
  expect(inFile().map(({ event }) => event.action)).toEqual(['begun']);
  expect((await under.store.sinks.list()).map(({ name, state }) => `${name} ${state}`)).toEqual([
    'file ok',
    'webhook off',
  ]);
  await under.start({ webhook: webhook(), file: eventsFile() });
  await under.caughtUp();
  expect(ecsOf(receiver.taken).map(({ event }) => event.id)).toContain(missed.hash);
});

test('signs of life come when nothing else does', async () => {
  await under.start({ webhook: webhook() }, { heartbeat: 100 });
  await under.until(() => beats().length >= 2, 'two signs of life');
  expect(beats()[0]?.backuplens.figures).toMatchObject({
    last_file_seen: null,
    last_canary_ok: null,
    waiting: 0,
  });
  const [first, second] = beats();
  expect(first?.event.id).not.toBe(second?.event.id);
  expect(await under.state('webhook')).toMatchObject({ lag: 0 });
});

test('the signature is checked as the page for receivers says', async () => {
  const page = readFileSync(new URL('../docs/siem.md', import.meta.url), 'utf8');
  const [, code = ''] = /```js\n(.*?)```/s.exec(page) ?? [];
  const { isFromBackupLens } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  await under.start({ webhook: webhook({ secrets: ['the-secret-before-it', SECRET] }) });
  await under.caughtUp();
  const { headers, body } = receiver.taken[0]!;
  const header = headers['backuplens-signature'] ?? '';
  expect(isFromBackupLens(header, Buffer.from(body), SECRET)).toBe(true);
  expect(isFromBackupLens(header, Buffer.from(`${body} `), SECRET)).toBe(false);
  expect(isFromBackupLens(header, Buffer.from(body), 'another-secret')).toBe(false);
  const old = header.replace(/t=\d+/, `t=${Math.floor(Date.now() / 1000) - 301}`);
  expect(isFromBackupLens(old, Buffer.from(body), SECRET)).toBe(false);
});

test('the end comes soon, whatever a receiver does', async () => {
  const silent = createTcp(() => undefined);
  await new Promise<void>((resolve) => {
    silent.listen(0, '127.0.0.1', resolve);
  });
  const { port } = silent.address() as AddressInfo;
  await under.start({ webhook: webhook({ url: `http://127.0.0.1:${port}/`, within_ms: 60_000 }) });
  await under.tell();
  await sleep(200);
  expect(await under.stop()).toBeLessThan(3000);
  silent.close();
});

test('names go out as far as the setting says', async () => {
  const path = Buffer.from('/in/secret project/plan.docx');
  const told = async (privacy: 'full' | 'basename' | 'hash') => {
    await under.stop();
    receiver.taken.length = 0;
    await under.start({ webhook: webhook() }, { privacy });
    await under.tell({ path, detail: 'found in plan.docx' });
    await under.until(() => ecsOf(receiver.taken).some(({ event }) => event.action === 'decision'), 'it');
    return receiver.taken.at(-1)?.body ?? '';
  };
  expect(await told('full')).toMatch(/"path":"\/in\/secret project\/plan.docx".*/);
  const basename = await told('basename');
  expect(basename).toContain('"path":"plan.docx"');
  expect(basename).not.toContain('secret project');
  expect(basename).not.toContain('found in');
  const hashed = await told('hash');
  expect(hashed).toMatch(/"path":"name-[0-9a-f]{32}"/);
  expect(hashed).not.toMatch(/plan|secret project/);
});
