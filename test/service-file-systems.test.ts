// needs: ntfs-3g zip
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { ownInstallation } from './kit/own-installation.ts';
import { allFiles, infected, inStore, type Service } from './kit/pipeline-service.ts';

// Each starts processes of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000 });

const MIB = 2 ** 20;
const isRoot = process.geteuid?.() === 0;

const { at, start, afterwards } = ownInstallation({ MIN_FREE: '0' });

/** A file system of its own in memory. */
function small(name: string, size: string): string {
  const place = join(at.root, name);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', place]);
  afterwards(() => execFileSync('umount', ['-l', place]));
  return place;
}

function fill(place: string): string {
  const filler = join(place, 'filler');
  const { bavail, bsize } = statfsSync(place);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  return filler;
}

async function row(name: string) {
  const rows = await allFiles(at);
  return rows.findLast(({ path }) => Buffer.from(path).toString() === join(at.incoming, name));
}

async function comesTo(service: Service, name: string, state: string): Promise<void> {
  await service.until(async () => (await row(name))?.state === state, `${name}: ${state}`);
}

describe.skipIf(!isRoot)('on file systems that only root can make', () => {
  test('a watched folder that is read-only approves, and moves what it has to once it can', async () => {
    const place = small('incoming', '4m');
    at.put('bad', infected());
    at.put('good');
    execFileSync('mount', ['-o', 'remount,ro', place]);
    const service = await start();
    await comesTo(service, 'good', 'in_place');
    await comesTo(service, 'bad', 'disposition_pending');
    expect((await row('bad'))?.detail).toMatch(/read-only/);
    expect(readdirSync(at.quarantine).filter((name) => name.endsWith('.blq'))).toEqual([]);
    await service.stop();
    execFileSync('mount', ['-o', 'remount,rw', place]);
    const again = await start();
    await comesTo(again, 'bad', 'quarantined');
    expect(readdirSync(at.incoming)).toEqual(['good']);
  });

  test('quarantine on another file system that is full: the file waits in its place, is not approved, and goes there when there is room', async () => {
    const place = small('quarantine', '1m');
    const service = await start();
    const filler = fill(place);
    at.put('bad', infected());
    at.put('good');
    await comesTo(service, 'bad', 'disposition_pending');
    expect((await row('bad'))?.detail).toMatch(/space/);
    expect(existsSync(join(at.incoming, 'bad'))).toBe(true);
    await comesTo(service, 'good', 'in_place');
    await service.stop();
    rmSync(filler);
    const again = await start();
    await comesTo(again, 'bad', 'quarantined');
    expect((await inStore(at, async (store) => store.journal.verify())).broken).toBe(null);
  });

  test('a full scratch folder is a gap of the file that needed it, and costs no other its scan', async () => {
    // Stored, not deflated: the inner archive has to be written out to be read from its end.
    const inner = join(at.root, 'inner.zip');
    writeFileSync(join(at.root, 'random'), randomBytes(6 * MIB));
    execFileSync('zip', ['-q', '-j', '-0', inner, join(at.root, 'random')]);
    execFileSync('tar', ['-cf', join(at.incoming, 'needs-room.tar'), '-C', at.root, 'inner.zip']);
    small('tmp', '2m');
    const service = await start();
    await comesTo(service, 'needs-room.tar', 'held');
    const scan = await inStore(at, async (store) =>
      store.scans.get((await row('needs-room.tar'))?.scan ?? ''),
    );
    expect(scan?.result?.gaps.map(({ reason }) => reason)).toContain('budget_exceeded');
    at.put('good');
    await comesTo(service, 'good', 'in_place');
  });

  test('a store that is full stops the intake, says so, and takes up everything when there is room', async () => {
    const place = small('data', '16m');
    const service = await start();
    at.put('before');
    await comesTo(service, 'before', 'in_place');
    const filler = fill(place);
    for (let number = 0; number < 50; number++)
      at.put(`many/${'x'.repeat(200)}-${number}`, infected(String(number)));
    await service.until(() => service.log.some(({ level }) => level === 'error'), 'the alarm');
    expect((await service.get('/health')).status).toBe(200);
    rmSync(filler);
    await service.until(async () => {
      const rows = await allFiles(at);
      return rows.filter(({ state }) => state === 'quarantined' || state === 'held').length === 50;
    }, 'all of them');
    expect(await allFiles(at)).toHaveLength(51);
    expect((await inStore(at, async (store) => store.journal.verify())).broken).toBe(null);
  });
});

describe.skipIf(!isRoot || !existsSync('/dev/fuse'))('on a mount whose server is a process', () => {
  test('that stops answering, the service lives and says so, goes on when it answers again, and ends when it is told to', async () => {
    const image = join(at.root, 'image');
    writeFileSync(image, '');
    truncateSync(image, 8 * MIB);
    execFileSync('mkntfs', ['-F', '-q', image], { stdio: 'ignore' });
    const server = spawn('ntfs-3g', ['-o', 'no_detach', image, at.incoming], { stdio: 'ignore' });
    afterwards(() => {
      server.kill('SIGCONT');
      execFileSync('umount', ['-l', at.incoming]);
    });
    while (!execFileSync('mount').includes(` ${at.incoming} `)) await sleep(20);
    at.put('before');
    const service = await start({ SHUTDOWN_WITHIN: '1s' });
    await comesTo(service, 'before', 'in_place');

    const intake = async (): Promise<string> => JSON.parse((await service.get('/ready')).body).intake;
    server.kill('SIGSTOP');
    await service.until(async () => (await intake()) === 'away', 'its being missed');
    expect((await service.get('/health')).status).toBe(200);
    expect((await service.get('/ready')).status).toBe(503);
    expect(service.said('the watched folder does not answer')).toHaveLength(1);

    server.kill('SIGCONT');
    await service.until(async () => (await intake()) === 'watching', 'its return');
    // The look that hung is not taken for a look that is costly: the next one would wait ten times as long.
    expect(await service.metric('backuplens_sweep_seconds')).toBeLessThan(3);
    at.put('bad', infected());
    await comesTo(service, 'bad', 'quarantined');
    expect((await row('before'))?.state).toBe('in_place');

    server.kill('SIGSTOP');
    await service.until(async () => (await intake()) === 'away', 'its being missed again');
    // What hangs in the kernel cannot be waited for: it is ended all the same, and nothing is left behind in the store.
    expect(await service.stop()).toBe('SIGKILL');
    const rows = await allFiles(at);
    expect(rows.map(({ state }) => state).toSorted()).toEqual(['in_place', 'quarantined']);
  });
});
