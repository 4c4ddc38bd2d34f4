import { createServer, type AddressInfo } from 'node:net';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test, vi } from 'vitest';
import { cli } from './kit/cli.ts';
import { ecsOf, isSigned, Receiver, type EcsEvent } from './kit/events/receiver.ts';
import { ownInstallation } from './kit/own-installation.ts';
import { infected, inStore, type Service } from './kit/pipeline-service.ts';

// Each starts processes of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000 });

const SECRET = 'the secret of a test'.replaceAll(' ', '-');

const { at, start: startIn, afterwards } = ownInstallation();
let receiver: Receiver;
beforeEach(async () => {
  receiver = await new Receiver().up();
  afterwards(async () => receiver.down());
});

async function start(env: Record<string, string> = {}, cwd?: string): Promise<Service> {
  writeFileSync(join(at.root, 'secret'), `${SECRET}\n`, { mode: 0o600 });
  return startIn(
    {
      WEBHOOK_URL: receiver.url,
      WEBHOOK_SECRET_FILE: join(at.root, 'secret'),
      EVENTS_RETRY_MAX: '1s',
      ...env,
    },
    cwd,
  );
}

const records = async () => inStore(at, async (store) => store.journal.read({ after: 0, limit: 1000 }));
const told = (): EcsEvent[] => ecsOf(receiver.taken);

const one = (action: string) => told().find(({ event }) => event.action === action);
const saidOf = (action: string) => told().filter(({ backuplens }) => backuplens.action === action);
const alarms = () =>
  told()
    .map(({ event }) => event.action)
    .filter((action) => /^(engine|silence)/.test(action));

async function lagOf(service: Service, sink: string): Promise<number> {
  const { body } = await service.get('/ready');
  const ready: { sinks: Record<string, { lag: number }> } = JSON.parse(body);
  return ready.sinks[sink]?.lag ?? Number.NaN;
}

test('a service that is killed while it tells, with a receiver that is away for half the time, tells everything, file by file in order', async () => {
  mkdirSync(join(at.root, 'events'), { mode: 0o700 });
  const file = join(at.root, 'events', 'events.jsonl');
  const env = { EVENTS_FILE: file };
  let service = await start(env);
  for (let n = 0; n < 8; n++) at.put(`first/good-${n}`);
  at.put('bad.txt', infected());
  await service.until(() => told().length > 5, 'the first events');
  // In the middle of it: the receiver answers late, so that there is always one on its way.
  receiver.behaviour = (_received, answer) => setTimeout(() => answer.writeHead(200).end(), 30);
  for (let n = 0; n < 8; n++) at.put(`second/good-${n}`);
  await service.until(() => told().length > 20, 'more of them');
  await service.kill();
  await receiver.down();
  service = await start(env);
  for (let n = 0; n < 5; n++) at.put(`third/good-${n}`);
  await service.until(async () => (await records()).length >= 44, 'the decisions');
  let stdout = '';
  const isRefused = async () => {
    ({ stdout } = await cli(['status'], { env: at.env }));
    return stdout.includes('connection refused');
  };
  await service.until(isRefused, 'the receiver that is away');
  expect(stdout).toMatch(/^to webhook +failing \d+ times in a row \(connection refused\); \d+ records/m);
  expect(stdout).toMatch(/^to file +ok, \d+ events delivered$/m);
  await service.kill();
  await receiver.up();
  service = await start(env);
  await service.until(async () => (await lagOf(service, 'webhook')) === 0, 'the end');

  expect(receiver.taken.every((received) => isSigned(SECRET, received))).toBe(true);
  const all = await records();
  const begun = told().find(({ event }) => event.action === 'begun')?.event.sequence ?? Number.NaN;
  const due = all.filter(({ seq, action }) => seq > begun && action !== 'reports_removed');
  const inOrder = (events: readonly EcsEvent[]): string[] => [
    ...new Set(events.map(({ event }) => event.id).filter((id) => due.some(({ hash }) => hash === id))),
  ];
  expect(inOrder(told())).toEqual(due.map(({ hash }) => hash));
  // Through the file as well, though it was killed while it was appended to.
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(inOrder(ecsOf(lines.map((body) => ({ body }))))).toEqual(due.map(({ hash }) => hash));
  expect(await service.metric('backuplens_event_sink_lag_records{sink="webhook"}')).toBe(0);
  expect(await service.metric('backuplens_event_sink_delivered{sink="webhook"}')).toBeGreaterThan(40);
});

test('what becomes of a file is told with what was found, and a hold with its review', async () => {
  const service = await start();
  at.put('bad.txt', infected());
  at.put('bomb.zip', Buffer.from('PK\x03\x04 and nothing that a zip needs'));
  await service.until(() => one('quarantine') !== undefined && one('hold.opened') !== undefined, 'both');
  expect(one('quarantine')).toMatchObject({
    message: 'A file was taken into quarantine',
    event: { kind: 'alert', category: ['malware', 'file'], severity: 4, risk_score: 120 },
    file: { name: 'bad.txt', hash: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    rule: { name: 'Marker', category: 'yara_match', ruleset: 'yara' },
    backuplens: { decision: 'quarantine', verdict: 'malicious', findings_total: 1 },
  });
  const [review] = await inStore(at, async (store) => store.reviews.list({ limit: 1 }));
  expect(one('hold.opened')).toMatchObject({
    file: { name: 'bomb.zip' },
    backuplens: { review: { id: review?.id, group: review?.group, state: 'open' } },
  });
  const token = readFileSync(join(at.data, 'api-token'), 'utf8').trim();
  const answer = await fetch(`${service.address()}/api/v1/reviews/${review?.id}/reject`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'it is broken', sha256: review?.sha256 }),
  });
  expect(answer.status).toBe(200);
  await service.until(() => one('hold.decided') !== undefined, 'the answer');
  expect(one('hold.decided')).toMatchObject({
    event: { reason: 'it is broken' },
    backuplens: { action: 'rejected', review: { id: review?.id, state: 'rejected' } },
  });
});

test('an engine that goes and comes back, and a silence, are told once each, also across a restart', async () => {
  const clamd = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    clamd.listen(0, '127.0.0.1', resolve);
  });
  const { port } = clamd.address() as AddressInfo;
  clamd.close();
  const env = { CLAMD_HOST: '127.0.0.1', CLAMD_PORT: String(port), EXPECT_FILE_WITHIN: '2s' };
  let service = await start(env);
  await service.until(() => alarms().length === 2, 'both alarms');
  expect(alarms().toSorted()).toEqual(['engine.down', 'silence']);
  expect(await service.metric('backuplens_silent')).toBe(1);
  await service.stop();
  service = await start(env);
  await service.until(() => told().filter(({ event }) => event.action === 'begun').length === 1, 'it');
  await sleep(4000);
  expect(alarms()).toHaveLength(2);
  at.put('a file');
  await service.until(() => alarms().includes('silence.over'), 'the end of the silence');
  expect(JSON.parse((await service.get('/ready')).body)).toMatchObject({
    sinks: { webhook: { state: 'ok' } },
  });
});

test('a policy, lists and rules that were refused are told, with why; and fewer rules that came by a restart', async () => {
  const policy = join(at.root, 'scoring.yaml');
  const marker = readFileSync(join(at.rules, 'marker.yar'), 'utf8');
  const others = Array.from({ length: 30 }, (_, n) => `rule Other${n} { condition: false }\n`).join('');
  mkdirSync(join(at.root, 'config'), { mode: 0o700 });
  const names = join(at.root, 'config', 'ransomware-names.txt');
  writeFileSync(names, '# none\n');
  writeFileSync(policy, 'weights: {yara_match: 80}\n');
  writeFileSync(join(at.rules, 'marker.yar'), marker + others);
  const env = { SCORING_CONFIG: policy, CHECKPOINT_FILE: join(at.root, 'checkpoints') };
  const first = await start(env, at.root);
  await first.until(() => one('policy') !== undefined, 'the rules of the beginning');

  writeFileSync(join(at.rules, 'marker.yar'), marker);
  writeFileSync(names, 'nonsense\n');
  first.process.kill('SIGHUP');
  await first.until(() => saidOf('rules_refused').length === 1, 'the refusal of fewer rules');
  expect(saidOf('lists_refused')).toHaveLength(1);
  writeFileSync(policy, 'weights: {yara_mach: 80}\n');
  first.process.kill('SIGHUP');
  await first.until(() => saidOf('policy_refused').length === 1, 'the refusal of a broken policy');
  expect(saidOf('policy_refused')[0]).toMatchObject({
    message: 'What decides was read again and refused: what was in force stays so',
    event: { action: 'policy', severity: 4 },
  });
  const refusals = (await records()).filter(({ action }) => action.endsWith('_refused'));
  expect(refusals.map(({ action, detail }) => `${action}: ${detail}`)).toEqual([
    expect.stringMatching(/^lists_refused: .*names/),
    expect.stringMatching(/^rules_refused: 1 rules where 31 were in force/),
    expect.stringMatching(/^policy_refused: .*yara_mach/s),
  ]);
  await first.stop();

  writeFileSync(policy, 'weights: {yara_match: 80}\n');
  writeFileSync(names, '# none\n');
  const second = await start(env, at.root);
  await second.until(() => saidOf('rules_fewer').length === 1, 'what the restart has taken');
  expect(saidOf('rules_fewer')[0]).toMatchObject({
    message: 'Many fewer rules are in force than before',
    event: { severity: 4 },
  });
  const taken = (await records()).filter(({ action }) => /^rules_(?:taken|fewer)$/.test(action));
  expect(taken.map(({ detail }) => detail?.replaceAll(/[0-9a-f]{64}/g, 'H'))).toEqual([
    '31 rules, H; before: none',
    '1 rules, H; before: 31, H',
  ]);

  // The journal's checkpoints: at each start and each end.
  await second.stop();
  const { stdout, code } = await cli(['journal', 'verify', '--checkpoints', env.CHECKPOINT_FILE], {
    env: at.env,
  });
  expect(stdout).toMatch(
    new RegExp(`^\\d signed checkpoints, the last of record ${(await records()).length} `, 'm'),
  );
  expect(code).toBe(0);
});
