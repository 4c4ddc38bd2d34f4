// needs: clamav-daemon
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startFakeClamd, type FakeClamd } from './kit/clamd/fake.ts';
import { freePort, startClamd, type RealClamd } from './kit/clamd/real.ts';
import { startService as startScanner } from './kit/service.ts';
import { slowLine } from './kit/slow-line.ts';
import { descendants } from './kit/process-cost.ts';
import { ownInstallation } from './kit/own-installation.ts';
import { allFiles, infected, inStore, type Service } from './kit/pipeline-service.ts';

const SIGNED = ['CLAMD', 'KNOWS', 'THIS', 'TEXT'].join('-');

// Each starts processes of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000 });

const { at, start: startIn, afterwards, states, settled } = ownInstallation();

async function realClamd(): Promise<RealClamd> {
  const clamd = await startClamd({ signatures: [{ name: 'Test.Signed', text: SIGNED }] });
  afterwards(async () => clamd.stop());
  return clamd;
}

async function fakeClamd(options: Parameters<typeof startFakeClamd>[0] = {}): Promise<FakeClamd> {
  const clamd = await startFakeClamd(options);
  afterwards(async () => clamd.stop());
  return clamd;
}

async function start(env: Record<string, string>): Promise<Service> {
  return startIn({ APPROVED_DIR: at.approved, ...env });
}

async function stateOf(name: string): Promise<string | undefined> {
  return (await states())[name];
}

async function comesTo(service: Service, name: string, state: string): Promise<void> {
  await settled(service, { [name]: state });
}

test('approvals without clamd are provisional and not moved; when it is back, each is examined again and dealt with', async () => {
  const clamd = await realClamd();
  await clamd.kill();
  const service = await start({ CLAMD_HOST: `unix:${clamd.unix.path}` });
  at.put('good', 'nothing');
  at.put('bad', `text ${SIGNED}`);
  await comesTo(service, 'good', 'provisional');
  await comesTo(service, 'bad', 'provisional');
  expect(existsSync(join(at.incoming, 'good'))).toBe(true);
  expect(existsSync(join(at.approved, 'good'))).toBe(false);
  expect(await service.metric('backuplens_engine_up{engine="clamav"}')).toBe(0);
  expect(await service.metric('backuplens_files{state="provisional"}')).toBe(2);

  await clamd.start();
  await comesTo(service, 'good', 'released');
  await comesTo(service, 'bad', 'quarantined');
  expect(await service.metric('backuplens_engine_up{engine="clamav"}')).toBe(1);
  expect(service.said('an engine is back')).toMatchObject([{ engine: 'clamav' }]);
  expect(await stateOf('good')).toBe('released');
});

test('what stays provisional for too long is held for a person, with that reason', async () => {
  const service = await start({
    CLAMD_HOST: '127.0.0.1',
    CLAMD_PORT: String(await freePort()),
    PROVISIONAL_FOR: '1s',
  });
  at.put('good', 'nothing');
  await service.until(async () => (await stateOf('good')) === 'held', 'its hold');
  expect(existsSync(join(at.incoming, 'good'))).toBe(true);
  const [review] = await inStore(at, async (store) => store.reviews.list({ limit: 5 }));
  expect(review?.state).toBe('open');
  const [row] = await allFiles(at);
  expect(row?.detail).toContain('provisional for too long');
});

test('a policy with release_provisional releases at once', async () => {
  const policy = join(at.root, 'scoring.yaml');
  writeFileSync(policy, 'release_provisional: true\n');
  const env = { CLAMD_HOST: '127.0.0.1', CLAMD_PORT: String(await freePort()), SCORING_CONFIG: policy };
  const service = await start(env);
  at.put('good', 'nothing');
  await comesTo(service, 'good', 'released');
  expect(service.said('scanned')).toMatchObject([{ provisional: true, decision: 'auto_approve' }]);
});

test('a clamd that dies in the middle of a file leads to one more examination, alone, and no false approval', async () => {
  const fake = await fakeClamd({ fault: { kind: 'closes_at_end' } });
  if (fake.address.kind !== 'tcp') throw new Error('not over TCP');
  const service = await start({ CLAMD_HOST: '127.0.0.1', CLAMD_PORT: String(fake.address.port) });
  at.put('good', 'nothing');
  await comesTo(service, 'good', 'held');
  const [row] = await allFiles(at);
  const scan = await inStore(at, async (store) => store.scans.get(row?.scan ?? ''));
  expect(scan?.result?.gaps).toMatchObject([{ by: 'clamav', reason: 'engine_failed' }]);
  expect(await stateOf('good')).toBe('held');
});

test('a clamd that says nothing is found out once, and no file waits for it', async () => {
  const fake = await fakeClamd({ fault: { kind: 'silent' } });
  if (fake.address.kind !== 'tcp') throw new Error('not over TCP');
  const service = await start({ CLAMD_HOST: '127.0.0.1', CLAMD_PORT: String(fake.address.port) });
  for (let number = 0; number < 5; number++) at.put(`file-${number}`);
  for (let number = 0; number < 5; number++) await comesTo(service, `file-${number}`, 'held');
  const ready = await service.get('/ready');
  expect(JSON.parse(ready.body).engines.clamav.status).toBe('failed');
});

test('a YARA engine front that is killed is replaced, and files go on being examined', async () => {
  const service = await start({});
  at.put('first', infected('1'));
  await comesTo(service, 'first', 'quarantined');
  const front = descendants(service.process.pid ?? 0).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('services/yara-scanner/main'),
  );
  process.kill(front ?? 0, 'SIGKILL');
  await service.until(() => service.said('an engine is away').length > 0, 'its absence being noticed');
  await service.until(() => service.said('an engine is back').length > 0, 'its return');
  at.put('second', infected('2'));
  await comesTo(service, 'second', 'quarantined');
  expect(service.said('an engine is back')).toMatchObject([{ engine: 'yara' }]);
});

test('a YARA front and engines that flap during many files: each infected one is found or held, none is approved', async () => {
  const service = await start({ NUM_WORKERS: '2', QUARANTINE_PER_RULE: '1000' });
  const children = (): { readonly front: number | undefined; readonly engines: readonly number[] } => {
    const all = descendants(service.process.pid ?? 0).map((pid) => ({ pid, command: commandOf(pid) }));
    const named = (name: string): number[] =>
      all.filter(({ command }) => command.includes(`services/yara-scanner/${name}`)).map(({ pid }) => pid);
    return { front: named('main')[0], engines: named('engine-process') };
  };
  const names: string[] = [];
  const drop = (round: number): void => {
    for (let n = 0; n < 20; n++) {
      const name = `${n % 4 === 0 ? 'good' : 'bad'}-${round}-${n}`;
      at.put(name, n % 4 === 0 ? `nothing ${name}` : infected(name));
      names.push(name);
    }
  };
  for (let round = 0; round < 4; round++) {
    const scanned = service.said('scanned').length;
    drop(round);
    // In the middle of them: once the engines, whose front goes on, once all of it.
    await service.until(() => service.said('scanned').length > scanned + 2, 'a scan');
    const { front, engines } = children();
    const away = service.said('an engine is away').length;
    for (const pid of round % 2 === 0 ? engines : [front]) if (pid !== undefined) endHard(pid);
    if (round % 2 === 1) {
      await service.until(() => service.said('an engine is away').length > away, 'its absence being noticed');
      await service.until(() => service.said('an engine is back').length > away, 'its return');
    }
  }
  await service.until(async () => {
    const rows = await allFiles(at);
    const ended = rows.filter(({ state }) => ['released', 'quarantined', 'held'].includes(state));
    return ended.length === names.length;
  }, 'every file being dealt with');
  const ends = new Map<string, number>();
  for (const name of names) {
    const end = `${name.split('-', 1)[0]} ${await stateOf(name)}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  expect(
    [...ends.keys()].filter((end) => !/^(bad (quarantined|held)|good (released|held))$/.test(end)),
  ).toEqual([]);
  expect([...ends.values()].reduce((sum, count) => sum + count, 0)).toBe(80);
  // Who was not looked at is held for just that reason.
  const history = await inStore(at, async (store) => store.journal.read({ after: 0, limit: 1000 }));
  const reviews = history.filter(
    ({ action, decision }) => action === 'decided' && decision === 'manual_review',
  );
  expect(reviews.filter(({ detail }) => detail?.includes('engine_failed') !== true)).toEqual([]);
  expect(reviews.length).toBeGreaterThan(0);
  // Held or quarantined, none twice.
  const moved = history.filter(({ action }) => ['held', 'quarantined', 'released'].includes(action));
  expect(moved).toHaveLength(80);
  at.put('bad-last', infected('last'));
  await comesTo(service, 'bad-last', 'quarantined');
});

test('a clamd that flaps leads to no approval that it did not confirm', async () => {
  const clamd = await realClamd();
  const service = await start({ CLAMD_HOST: `unix:${clamd.unix.path}` });
  for (let round = 0; round < 3; round++) {
    at.put(`good-${round}`, `nothing ${round}`);
    at.put(`bad-${round}`, `${SIGNED} ${round}`);
    await service.until(() => service.said('scanned').length > round, 'a scan');
    await clamd.kill();
    at.put(`later-good-${round}`, `nothing more ${round}`);
    at.put(`later-bad-${round}`, `${SIGNED} more ${round}`);
    await service.until(async () => (await stateOf(`later-bad-${round}`)) !== undefined, 'its row');
    await clamd.start();
  }
  const names = [0, 1, 2].flatMap((round) => [
    `good-${round}`,
    `later-good-${round}`,
    `bad-${round}`,
    `later-bad-${round}`,
  ]);
  for (const name of names) {
    await service.until(
      async () => ['released', 'quarantined', 'held'].includes((await stateOf(name)) ?? ''),
      name,
    );
    const right = name.includes('bad') ? ['quarantined', 'held'] : ['released', 'held'];
    expect(right).toContain(await stateOf(name));
  }
});

test('with YARA refused and ClamAV off nothing is approved: it waits for YARA, and in the end for a person', async () => {
  const service = await start({
    YARA_HOST: '127.0.0.1',
    YARA_PORT: String(await freePort()),
    PROVISIONAL_FOR: '3s',
  });
  at.put('good', 'nothing');
  await comesTo(service, 'good', 'held');
  const history = await inStore(at, async (store) => store.journal.read({ after: 0, limit: 100 }));
  const [decided] = history.filter(({ action }) => action === 'decided');
  expect(decided).toMatchObject({ decision: 'manual_review' });
  expect(history.findLast(({ action }) => action === 'held')?.detail).toContain('provisional for too long');
  const ready = await service.get('/ready');
  expect(ready.status).toBe(503);
  expect(JSON.parse(ready.body).engines.yara.status).toBe('unavailable');
});

test('a slow YARA service is waited for, and one that stops answering is found out while no file is approved for it', async () => {
  const scanner = await startScanner('yara-scanner', {
    YARA_RULES_DIR: at.rules,
    TMPDIR: join(at.root, 'tmp'),
    YARA_CACHE_DIR: 'off',
    SCAN_ROOTS: at.root,
  });
  afterwards(async () => scanner.stop('SIGKILL'));
  const line = await slowLine(Number(new URL(scanner.url ?? '').port), 700);
  afterwards(async () => line.close());
  const service = await start({ YARA_HOST: '127.0.0.1', YARA_PORT: String(line.port) });
  at.put('good', 'nothing');
  at.put('bad', infected());
  await comesTo(service, 'good', 'released');
  await comesTo(service, 'bad', 'quarantined');
  expect(service.said('scanned').every(({ provisional }) => provisional === false)).toBe(true);

  line.freeze();
  await service.until(() => service.said('an engine is away').length > 0, 'its being missed');
  at.put('later', 'nothing more');
  await comesTo(service, 'later', 'held');
  // Nobody asked the scanner once more for this file: that would have taken as long as an answer may.
  const later = (await allFiles(at)).find(({ path }) => Buffer.from(path).toString().endsWith('later'));
  const scan = await inStore(at, async (store) => store.scans.get(later?.scan ?? ''));
  expect(scan?.result?.gaps).toContainEqual(
    expect.objectContaining({ by: 'yara', reason: 'engine_failed', detail: 'it does not answer in time' }),
  );
  line.thaw();
  await service.until(() => service.said('an engine is back').length > 0, 'its return');
  at.put('last', 'nothing at all');
  await comesTo(service, 'last', 'released');
});

test('a slow clamd is waited for', async () => {
  const fake = await fakeClamd({ fault: { kind: 'says_slowly', reply: '%d: stream: OK\0', pauseMs: 60 } });
  if (fake.address.kind !== 'tcp') throw new Error('not over TCP');
  const service = await start({ CLAMD_HOST: '127.0.0.1', CLAMD_PORT: String(fake.address.port) });
  at.put('good', 'nothing');
  await comesTo(service, 'good', 'released');
  expect(fake.streams.length).toBeGreaterThan(0);
  expect(service.said('scanned')).toMatchObject([{ provisional: false, decision: 'auto_approve' }]);
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // It has ended meanwhile.
  }
}

function endHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
