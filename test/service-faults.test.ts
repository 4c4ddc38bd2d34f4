import {
  appendFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ownInstallation } from './kit/own-installation.ts';
import { allFiles, infected, type Service } from './kit/pipeline-service.ts';
import { descendants } from './kit/process-cost.ts';
import { filesBelow } from './kit/whereabouts.ts';

// Each starts processes of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 400_000 });

const MIB = 2 ** 20;
const DAY_MS = 86_400_000;
const CLOCK = join(import.meta.dirname, 'kit/shifted-clock.ts');

const { at, start } = ownInstallation();

/** The states that the rows of a name have come to, the oldest first. */
async function history(name: string): Promise<string[]> {
  const rows = await allFiles(at);
  return rows
    .filter(({ path }) => Buffer.from(path).toString() === join(at.incoming, name))
    .map(({ state }) => state);
}

async function comesTo(service: Service, name: string, states: readonly string[]): Promise<void> {
  await service.until(
    async () => JSON.stringify(await history(name)) === JSON.stringify(states),
    `${name}: ${states.join(', ')}`,
  );
}

/** Resolves while a scan worker has the file open. */
async function beingScanned(service: Service, path: string): Promise<void> {
  await service.until(
    () =>
      descendants(service.process.pid ?? 0).some((pid) => {
        try {
          return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path);
        } catch {
          return false; // It ended meanwhile.
        }
      }),
    `a scan of ${path}`,
  );
}

const large = (what: string): Buffer => Buffer.concat([Buffer.alloc(60 * MIB, what), Buffer.from(what)]);

test('a file that vanishes, changes, or is replaced while it is scanned is never decided as what it was', async () => {
  const service = await start({ NUM_WORKERS: '1' });
  const vanishing = at.put('vanishing', large('a'));
  await beingScanned(service, vanishing);
  rmSync(vanishing);
  await comesTo(service, 'vanishing', ['gone']);

  const linked = at.put('linked', large('b'));
  await beingScanned(service, linked);
  writeFileSync(join(at.root, 'target'), 'outside');
  rmSync(linked);
  symlinkSync(join(at.root, 'target'), linked);
  await comesTo(service, 'linked', ['superseded']);
  expect(lstatSync(linked).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(at.root, 'target'), 'utf8')).toBe('outside');

  const replaced = at.put('replaced', large('c'));
  await beingScanned(service, replaced);
  writeFileSync(join(at.root, 'next'), infected());
  renameSync(join(at.root, 'next'), replaced);
  await comesTo(service, 'replaced', ['superseded', 'quarantined']);

  const growing = at.put('growing', large('d'));
  await beingScanned(service, growing);
  appendFileSync(growing, 'more');
  await comesTo(service, 'growing', ['superseded', 'in_place']);
  expect(lstatSync(growing).size).toBe(60 * MIB + 5);
});

test('a newer file that takes the name while the old one is moved away is left alone, and is new work', async () => {
  const service = await start();
  const path = at.put('nightly.tar', Buffer.concat([large('e'), Buffer.from(infected())]));
  await service.until(
    () => readdirSync(at.incoming).some((name) => name.startsWith('.backuplens-claim-')),
    'the claim',
  );
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, 'tonight');
  await comesTo(service, 'nightly.tar', ['quarantined', 'in_place']);
  expect(readFileSync(path, 'utf8')).toBe('tonight');
  expect(filesBelow(at.incoming)).toEqual([path]);
});

test('with too little space nothing is taken in, and it says so', async () => {
  const service = await start({ MIN_FREE: '900T' });
  at.put('waits');
  await service.until(async () => (await service.get('/ready')).body.includes('"paused"'), 'the pause');
  expect((await service.get('/ready')).status).toBe(503);
  expect(await service.metric('backuplens_intake_paused')).toBe(1);
  expect(service.said('intake paused: too little free space')).toHaveLength(1);
  expect(service.said('scanned')).toEqual([]);
  expect(existsSync(join(at.incoming, 'waits'))).toBe(true);
});

test('a clock that jumps by days removes nothing, loses no work, and is told', async () => {
  const first = await start();
  at.put('before');
  await comesTo(first, 'before', ['in_place']);
  await first.stop();
  for (const [name, shift] of [
    ['ahead', 500 * DAY_MS],
    ['behind', -3 * DAY_MS],
  ] as const) {
    const service = await start({ NODE_OPTIONS: `--import=${CLOCK}`, SHIFT_MS: String(shift) });
    at.put(name);
    await comesTo(service, name, ['in_place']);
    await service.until(
      () => service.said('the clock jumped: nothing is removed by age').length > 0,
      'the alarm',
    );
    expect(service.said('old reports removed')).toMatchObject([{ suspended: true, reports: 0 }]);
    await service.stop();
  }
  expect(await history('before')).toEqual(['in_place']);
});
