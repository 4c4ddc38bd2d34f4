// needs: clamav-daemon
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { startClamd, type RealClamd } from './kit/clamd/real.ts';
import { cli } from './kit/cli.ts';
import { ownInstallation } from './kit/own-installation.ts';
import { allFiles, infected, inStore, type Service } from './kit/pipeline-service.ts';

const SIGNED = ['CLAMD', 'KNOWS', 'THIS', 'TEXT'].join('-');

// Each starts processes of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000 });

const { at, start: startIn, afterwards, states, settled } = ownInstallation();
let policy: string;
beforeEach(() => {
  policy = join(at.root, 'scoring.yaml');
});

async function start(env: Record<string, string> = {}): Promise<Service> {
  return startIn({ SCORING_CONFIG: policy, ...env });
}

async function clamdThatIsAway(): Promise<RealClamd> {
  const clamd = await startClamd({ signatures: [{ name: 'Test.Signed', text: SIGNED }] });
  afterwards(async () => clamd.stop());
  await clamd.kill();
  return clamd;
}

/** A policy in which the marker's rule weighs so much; told to a running service. */
async function weigh(points: number, service?: Service): Promise<void> {
  writeFileSync(policy, `weights: {yara_match: ${points}}\n`);
  if (service === undefined) return;
  const before = service.said('policy read again').length;
  service.process.kill('SIGHUP');
  await service.until(() => service.said('policy read again').length > before, 'the new policy');
}

const actions = async (): Promise<string[]> =>
  inStore(at, async (store) =>
    (await store.journal.read({ after: 0, limit: 1000 })).map(({ action }) => action),
  );

test('a harsher policy is brought to what stands decided without scanning it again; a milder one frees nothing', async () => {
  await weigh(40);
  const service = await start();
  at.put('marked', infected('1'));
  at.put('plain', 'nothing');
  await settled(service, { marked: 'in_place', plain: 'in_place' });

  await weigh(80, service);
  await settled(service, { marked: 'held', plain: 'in_place' });
  const [review] = await inStore(at, async (store) => store.reviews.list({ limit: 5, state: 'open' }));
  expect(review?.reasons.join()).toContain('score 80 is above 50');

  await weigh(10, service);
  await service.until(() => service.said('judged again under the policy').length >= 2, 'the milder one');
  expect(await states()).toMatchObject({ marked: 'held', plain: 'in_place' });

  await weigh(150, service);
  await settled(service, { marked: 'quarantined', plain: 'in_place' });
  expect(existsSync(join(at.incoming, 'marked'))).toBe(false);
  expect(existsSync(join(at.incoming, 'plain'))).toBe(true);

  // Each was looked at once.
  expect(service.said('scanned')).toHaveLength(2);
  const told = await actions();
  expect(told.filter((action) => action === 'judged_again')).toHaveLength(2);
  expect(told.filter((action) => action === 'policy_taken')).toHaveLength(4);
  const scans = await inStore(at, async (store) => store.scans.list({ limit: 10 }));
  expect(new Set(scans.map(({ policy_sha256 }) => policy_sha256)).size).toBe(3);
  expect((await inStore(at, async (store) => store.journal.verify())).broken).toBe(null);
});

test('a policy that became harsher while nobody ran is brought to everything at the next start, and shuts the gate for what was released', async () => {
  await weigh(40);
  const first = await start({ APPROVED_DIR: at.approved });
  at.put('marked', infected('1'));
  await settled(first, { marked: 'released' });
  const gate = async (): Promise<number | null> =>
    (await cli(['gate', join(at.approved, 'marked')], { env: { ...at.env, APPROVED_DIR: at.approved } }))
      .code;
  expect(await gate()).toBe(0);
  await first.stop();

  await weigh(150);
  const second = await start({ APPROVED_DIR: at.approved });
  await second.until(() => second.said('a released file is no longer approved').length === 1, 'its alarm');
  expect(await gate()).toBe(1);
  expect(existsSync(join(at.approved, 'marked'))).toBe(true);
  expect(second.said('scanned')).toEqual([]);
});

test('what was released and is no longer approved waits for a person, who opens its gate again or takes it back', async () => {
  await weigh(40);
  const env = { APPROVED_DIR: at.approved };
  const first = await start(env);
  for (const name of ['sub/keep', 'sub/take', 'sub/gone']) at.put(name, infected(name));
  await settled(first, { 'sub/keep': 'released', 'sub/take': 'released', 'sub/gone': 'released' });
  rmSync(join(at.approved, 'sub/gone'));
  await weigh(80, first);
  await first.until(() => first.said('a released file is no longer approved').length === 3, 'the alarms');
  const reviews = await inStore(at, async (store) => store.reviews.list({ limit: 5, state: 'open' }));
  const about = (name: string) =>
    reviews.find(({ path }) => Buffer.from(path).toString().endsWith(name)) ?? reviews[0];
  expect(reviews).toHaveLength(3);
  expect(Buffer.from(about('keep')?.location ?? '').toString()).toBe(join(at.approved, 'sub/keep'));
  expect(about('keep')?.reasons[0]).toContain('no longer approved');
  await first.stop();

  const answer = async (verb: string, name: string) => {
    const { id = '', sha256 } = about(name) ?? {};
    const args = ['review', verb, id, '--sha256', sha256 ?? '', '--reason', 'looked at it'];
    const { code, stderr } = await cli(args, { env: { ...at.env, ...env } });
    return { code, stderr };
  };
  const gate = async (name: string) =>
    (await cli(['gate', join(at.approved, name)], { env: { ...at.env, ...env } })).code;
  expect(await gate('sub/keep')).toBe(1);
  expect(await answer('approve', 'keep')).toEqual({ code: 0, stderr: '' });
  expect(await gate('sub/keep')).toBe(0);
  expect(await answer('reject', 'take')).toEqual({ code: 0, stderr: '' });
  expect(existsSync(join(at.approved, 'sub/take'))).toBe(false);
  expect((await answer('reject', 'gone')).stderr).toContain('not there any more');
  expect(await states()).toEqual({ 'sub/keep': 'released', 'sub/take': 'quarantined', 'sub/gone': 'gone' });
  const second = await start(env);
  await weigh(150, second);
  await second.until(() => second.said('this policy decides from now on').length > 0, 'the policy');
  // A person has answered.
  expect(await gate('sub/keep')).toBe(0);
});

test('what a person has approved is not taken back by a policy', async () => {
  await weigh(80);
  const first = await start();
  at.put('marked', infected('1'));
  await settled(first, { marked: 'held' });
  await first.stop();
  const [review] = await inStore(at, async (store) => store.reviews.list({ limit: 5, state: 'open' }));
  const { id = '', sha256 } = review ?? {};
  const answer = ['review', 'approve', id, '--reason', 'looked', '--sha256', sha256 ?? ''];
  expect((await cli(answer, { env: at.env })).code).toBe(0);
  await weigh(150);
  const second = await start();
  await settled(second, { marked: 'in_place' });
  await second.until(
    async () => (await actions()).filter((one) => one === 'policy_taken').length === 2,
    'it',
  );
  expect(await states()).toEqual({ marked: 'in_place' });
});

test('with both engines away nothing is approved and nobody is asked: it is examined again when they are back', async () => {
  await weigh(120);
  const clamd = await clamdThatIsAway();
  const service = await start({
    CLAMD_HOST: `unix:${clamd.unix.path}`,
    YARA_HOST: '127.0.0.1',
    YARA_PORT: '1',
    APPROVED_DIR: at.approved,
  });
  at.put('good', 'nothing');
  await settled(service, { good: 'provisional' });
  const [row] = await allFiles(at);
  expect(row?.decision).toBe('manual_review');
  expect((await cli(['gate', join(at.incoming, 'good')], { env: at.env })).code).toBe(1);
  await service.stop();

  await clamd.start();
  const again = await start({ CLAMD_HOST: `unix:${clamd.unix.path}`, APPROVED_DIR: at.approved });
  await settled(again, { good: 'released' });
});

test('what is held for another reason while clamd is away is examined again where it lies when clamd is back', async () => {
  await weigh(80);
  const clamd = await clamdThatIsAway();
  const service = await start({ CLAMD_HOST: `unix:${clamd.unix.path}` });
  at.put('worse', infected(SIGNED));
  at.put('no worse', infected('only'));
  await settled(service, { worse: 'held', 'no worse': 'held' });
  expect(existsSync(join(at.incoming, 'worse'))).toBe(false);

  await clamd.start();
  await settled(service, { worse: 'quarantined' });
  await service.until(() => service.said('what is held was examined again').length === 2, 'both');
  expect(await states()).toEqual({ worse: 'quarantined', 'no worse': 'held' });
  const rows = await allFiles(at);
  for (const { scan } of rows) {
    const kept = await inStore(at, async (store) => store.scans.get(scan ?? ''));
    expect(kept?.provisional).toBe(false);
  }
});
