import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readDatabaseFolder } from './database-folder.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backuplens-db-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const put = (name: string, text: string) => writeFile(join(folder, name), text);
/** As sigtool writes it; the rest is compressed. */
const header = (built: string, signatures: number) =>
  `ClamAV-VDB:${built}:27500:${signatures}:90:${'0'.repeat(32)}:signature:builder:1762500000`.padEnd(512);

it('signatures are counted: those of collections as their headers say, one a line in plain files', async () => {
  await put('daily.cld', header('07 Nov 2026 03-26 -0500', 2_070_000));
  await put('main.cvd', header('16 Sep 2021 08-32 -0400', 6_647_427));
  await put('own.ndb', 'One:0:*:aa\n# a comment\n\nTwo:0:*:bb\r\nThree:0:*:cc');
  await put('good.fp', 'a:1:b\n');
  await put('freshclam.dat', 'not a database\n');
  expect(await readDatabaseFolder(folder)).toMatchObject({
    signatures: 2_070_000 + 6_647_427 + 3,
    built: '2026-11-07T08:26:00Z',
  });
});

it('a changed file is counted again', async () => {
  await put('own.hdb', 'one\n');
  expect((await readDatabaseFolder(folder))?.signatures).toBe(1);
  await put('own.hdb', 'one\ntwo\n');
  await utimes(join(folder, 'own.hdb'), new Date(), new Date(Date.now() + 5000));
  expect((await readDatabaseFolder(folder))?.signatures).toBe(2);
});

it('what cannot be counted makes the number unknown, and never a smaller one', async () => {
  await put('own.hdb', 'one\n');
  await put('daily.cvd', 'damaged');
  expect(await readDatabaseFolder(folder)).toMatchObject({ signatures: null, built: null });
  expect(await readDatabaseFolder(join(folder, 'nowhere'))).toBeNull();
});
