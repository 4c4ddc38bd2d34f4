// needs: clamav-daemon
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startClamd, type RealClamd } from '../../../test/kit/clamd/real.ts';
import { daemonIdentity, type DaemonIdentity } from './daemon-identity.ts';

vi.setConfig({ testTimeout: 60_000 });

const DAY_MS = 86_400_000;
const SIGNATURES = [{ name: 'One', text: 'a text of this test' }];

async function identity(
  clamd: RealClamd,
  now: number,
  seen = new Map<string, number>(),
): Promise<DaemonIdentity | null> {
  const seenSince = (id: string): number => {
    if (!seen.has(id)) seen.set(id, now);
    return seen.get(id) ?? now;
  };
  return daemonIdentity(clamd.unix, clamd.configFile, { now, seenSince });
}

test('another database is another identity, from when it is certain that it was loaded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'identity-'));
  const clamd = await startClamd({ signatures: SIGNATURES, settings: { PidFile: join(folder, 'pid') } });
  try {
    const before = await identity(clamd, Date.now());
    expect(before).toMatchObject({ whole: true });
    appendFileSync(join(clamd.databaseFolder, 'test.ndb'), 'Two:0:*:6162636465666768\n');
    expect(await identity(clamd, Date.now())).toBeNull();
    await clamd.start();
    const after = await identity(clamd, Date.now());
    expect(after).toMatchObject({ whole: true });
    expect(after?.id).not.toBe(before?.id);
  } finally {
    await clamd.stop();
    rmSync(folder, { recursive: true });
  }
});

test('without a pid file, it has to have been asked after SelfCheck, and to have had time to load', async () => {
  const clamd = await startClamd({ signatures: SIGNATURES });
  try {
    const seen = new Map<string, number>();
    const now = Date.now();
    expect(await identity(clamd, now, seen)).toBeNull();
    expect(await identity(clamd, now + 700_000, seen)).toBeNull();
    const later = now + 2 * DAY_MS;
    expect(await identity(clamd, later, seen)).toBeNull();
    expect(await identity(clamd, later + 60_000, seen)).toBeNull();
    expect(await identity(clamd, later + 121_000, seen)).toMatchObject({ whole: true });
    await clamd.kill();
    expect(await identity(clamd, later + 122_000, seen)).toBeNull();
  } finally {
    await clamd.stop();
  }
});

test('what cannot be seen is only what it says of itself', async () => {
  const blind = await startClamd({ signatures: SIGNATURES });
  try {
    const when = { now: Date.now(), seenSince: () => 0 };
    expect(await daemonIdentity(blind.unix, '/nowhere/clamd.conf', when)).toMatchObject({ whole: false });
  } finally {
    await blind.stop();
  }
});
