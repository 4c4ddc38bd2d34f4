import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { FileResult } from '../src/contracts/index.ts';
import { ownInstallation } from './kit/own-installation.ts';
import { allFiles, infected, inStore, type Service } from './kit/pipeline-service.ts';

// Each starts processes of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000 });

const { at, start } = ownInstallation({ VERIFY_SAMPLE: '0' });

/** What came of the file, once it is decided. */
async function resultOf(service: Service, name: string): Promise<FileResult> {
  let result: FileResult | null = null;
  await service.until(async () => {
    const file = (await allFiles(at)).find(({ path }) => Buffer.from(path).toString().endsWith(`/${name}`));
    const scan = file?.scan ?? null;
    result =
      scan === null
        ? null
        : await inStore(at, async (store) => (await store.scans.get(scan))?.result ?? null);
    return result !== null;
  }, `the result of ${name}`);
  if (result === null) throw new Error('no result');
  return result;
}

test('the service reads what arrives, and examines no content twice, also after a restart; it believes only its own entries', async () => {
  const service = await start();
  at.put('monday/dump.txt', infected());
  const first = await resultOf(service, 'monday/dump.txt');
  expect(first).toMatchObject({ decision: 'quarantine' });
  expect(first.cached).toBeUndefined();
  at.put('tuesday/dump.txt', infected());
  const second = await resultOf(service, 'tuesday/dump.txt');
  expect(second).toMatchObject({ decision: 'quarantine', sha256: first.sha256, cached: { by: 'content' } });
  const { body: metrics } = await service.get('/metrics');
  for (const line of [
    'backuplens_cache_files_total{by="examined"} 1',
    'backuplens_cache_files_total{by="content"} 1',
    'backuplens_cache_answers_total{engine="yara",answer="asked"} 1',
    'backuplens_cache_refused_total 0',
    'backuplens_cache_evicted_total 0',
  ]) {
    expect(metrics.split('\n')).toContain(line);
  }
  expect(metrics).toMatch(/^backuplens_cache_bytes [1-9]\d+$/m);
  await service.stop();

  const again = await start();
  at.put('wednesday/dump.txt', infected());
  expect(await resultOf(again, 'wednesday/dump.txt')).toMatchObject({ cached: { by: 'content' } });
  await again.stop();

  const database = new DatabaseSync(join(at.data, 'verdict-cache', 'verdicts.sqlite'));
  database.exec('UPDATE entries SET seal = randomblob(16)');
  database.close();
  const third = await start();
  at.put('thursday/dump.txt', infected());
  const anew = await resultOf(third, 'thursday/dump.txt');
  expect(anew).toMatchObject({ decision: 'quarantine' });
  expect(anew.cached).toBeUndefined();
  const said = 'entries of the cache were written by somebody else: not believed';
  await third.until(() => third.said(said).length > 0, 'word of it');
});
