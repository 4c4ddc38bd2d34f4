// needs: clamav-daemon openssl
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startClamd, type RealClamd } from './kit/clamd/real.ts';
import { cli } from './kit/cli.ts';
import { certificateIn } from './kit/events/certificate.ts';
import { ecsOf, isSigned, Receiver, type EcsEvent } from './kit/events/receiver.ts';
import { newInstallation, startService, type Installation, type Service } from './kit/pipeline-service.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const CANARY = ['CLAMD', 'KNOWS', 'THIS', 'TEXT'].join('-');
const SECRET = 'what-the-receiver-knows';
/** As few as make a rate. */
const FILES = 20;

// One installation, started three times: what a former process has told is not told again, and its end is.
let at: Installation;
let clamd: RealClamd;
let receiver: Receiver;
let service: Service | null = null;
let trust: Record<string, string>;
beforeAll(async () => {
  at = newInstallation();
  clamd = await startClamd({ signatures: [{ name: 'Test.Canary', text: CANARY }] });
  await clamd.kill();
  const certificate = certificateIn(at.root);
  receiver = await new Receiver(certificate).up();
  trust = { NODE_EXTRA_CA_CERTS: certificate.path };
});
afterAll(async () => {
  await service?.kill();
  await receiver.down();
  await clamd.stop();
  at.remove();
});

async function start(env: Record<string, string>): Promise<Service> {
  await service?.stop();
  receiver.taken.length = 0;
  service = await startService({
    ...at.env,
    ...trust,
    CLAMD_HOST: `unix:${clamd.unix.path}`,
    CLAMD_CANARY: CANARY,
    WEBHOOK_URL: receiver.url,
    EVENTS_HEARTBEAT: '1s',
    EVENTS_RETRY_MAX: '1s',
    ...env,
  });
  return service;
}

const told = (action: string): EcsEvent[] =>
  ecsOf(receiver.taken).filter(({ event }) => event.action === action);

test('a receiver whose certificate nobody vouches for is told nothing, and one that is trusted is', async () => {
  const env = { DATA_DIR: `${at.root}/apart`, WEBHOOK_URL: receiver.url };
  const refused = await cli(['events', 'test'], { env });
  expect(refused).toMatchObject({ code: 1, stdout: expect.stringMatching(/self-signed/) });
  expect(receiver.seen).toEqual([]);
  expect(await cli(['events', 'test'], { env: { ...env, ...trust } })).toMatchObject({ code: 0 });
});

test('an engine that is away, many gaps, and what waits too long are told, and signs of life between; with a password', async () => {
  const url = new URL(receiver.url);
  [url.username, url.password] = ['backup lens', 'p:w/ä'];
  const first = await start({ ESCALATE_AFTER: '1s', WEBHOOK_URL: url.href });
  at.put('held.zip', 'PK\u0003\u0004 broken');
  for (let n = 0; n < FILES; n++) at.put(`good-${n}.txt`);
  const alarms = ['engine.down', 'gap_rate', 'hold.escalated', 'heartbeat'];
  await first.until(() => alarms.every((action) => told(action).length > 0), alarms.join(', '));
  for (const action of alarms.slice(0, -1)) expect([action, told(action).length]).toEqual([action, 1]);
  expect(told('engine.down')).toMatchObject([
    { event: { severity: 4, reason: expect.stringMatching(/clamav unavailable/) } },
  ]);
  expect(told('gap_rate')).toMatchObject([
    { event: { reason: expect.stringMatching(/^\d+ of the last \d+ files have gaps$/) } },
  ]);
  expect(told('hold.escalated')).toMatchObject([{ event: { severity: 4, kind: 'alert' } }]);
  // It is told, and decided by nobody.
  expect(await first.metric('backuplens_reviews{state="open"}')).toBe(1);
  const { stdout } = await cli(['review', 'list'], { env: at.env });
  expect(stdout).toMatch(/^\S+ +\S+ +[0-9a-f]{16} {2}waits too long {2}.*\/held\.zip {2}/);
  expect(told('heartbeat')[0]?.backuplens.figures).toMatchObject({ last_canary_ok: null });
  const basic = `Basic ${Buffer.from('backup lens:p:w/ä').toString('base64')}`;
  expect(new Set(receiver.taken.map(({ headers }) => headers['authorization']))).toEqual(new Set([basic]));
  expect(JSON.stringify([first.log, first.stderr()])).not.toMatch(/p:w|cDp3/);
});

test('the engine that is back, and gaps that are over, are told by the next process; with a token', async () => {
  await clamd.start();
  const token = 'a-token-of-the-receiver';
  const second = await start({ WEBHOOK_TOKEN: token, WEBHOOK_SECRET: SECRET });
  const over = ['engine.up', 'gap_rate.over', 'heartbeat'];
  await second.until(() => over.every((action) => told(action).length > 0), over.join(', '));
  await second.until(
    () => told('heartbeat').at(-1)?.backuplens.figures?.['last_canary_ok'] !== null,
    'the canary',
  );
  for (const action of ['engine.up', 'gap_rate.over']) expect(told(action)).toHaveLength(1);
  expect(['engine.down', 'gap_rate', 'hold.escalated'].flatMap(told)).toEqual([]);
  // A signed heartbeat is what the journal can be held to later (ATTACKS E4).
  const beat = receiver.taken.findLast(({ headers }) => headers['backuplens-event'] === 'heartbeat')!;
  expect(isSigned(SECRET, beat)).toBe(true);
  const { hash } = JSON.parse(beat.body).backuplens.journal;
  expect(await cli(['journal', 'verify', '--head', hash], { env: at.env })).toMatchObject({ code: 0 });
  const tokens = new Set(receiver.taken.map(({ headers }) => headers['authorization']));
  expect(tokens).toEqual(new Set([`Bearer ${token}`]));
});

test('an engine that answers and finds nothing is blind, which is worse than away', async () => {
  // Without a text of its own it is asked for EICAR, which this database does not name.
  const third = await start({ CLAMD_CANARY: '' });
  await third.until(() => told('engine.blind').length > 0, 'it');
  expect(told('engine.blind')).toMatchObject([
    { event: { severity: 5, reason: expect.stringMatching(/clamav unproven/) } },
  ]);
});
