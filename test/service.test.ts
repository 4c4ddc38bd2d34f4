// needs: zip
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { openStore } from '../src/store/index.ts';
import { command } from './kit/commands.ts';
import { cli } from './kit/cli.ts';
import { ownInstallation } from './kit/own-installation.ts';
import { allFiles, infected, inStore, launchService } from './kit/pipeline-service.ts';
import { resticFiles, type SetFiles } from './kit/sets.ts';

// Each starts processes of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000 });

const { at, start, afterwards, states, settled } = ownInstallation();

test('what arrives is decided and dealt with: approved in place, held, quarantined; and the metrics say so', async () => {
  const service = await start();
  at.put('clean.txt', 'nothing in here');
  at.put('deep/er/bad.bin', infected());
  at.put('locked.zip', readFileSync(lockedZip()));
  await settled(service, { 'clean.txt': 'in_place', 'deep/er/bad.bin': 'quarantined', 'locked.zip': 'held' });
  expect(existsSync(join(at.incoming, 'clean.txt'))).toBe(true);
  expect(existsSync(join(at.incoming, 'deep/er/bad.bin'))).toBe(false);
  expect(readdirSync(at.quarantine).filter((name) => name.endsWith('.blq'))).toHaveLength(1);
  const held = readdirSync(at.review).filter((name) => !name.startsWith('.'));
  expect(held).toHaveLength(1);

  expect(await service.metric('backuplens_scans_total{decision="quarantine"}')).toBe(1);
  expect(await service.metric('backuplens_scans_total{decision="manual_review"}')).toBe(1);
  expect(await service.metric('backuplens_findings_total{kind="yara_match"}')).toBe(1);
  expect(await service.metric('backuplens_gaps_total{reason="encrypted"}')).toBe(1);
  expect(await service.metric('backuplens_queue_depth')).toBe(0);
  expect(await service.metric('backuplens_engine_up{engine="yara"}')).toBe(1);
  expect(await service.metric('backuplens_engine_up{engine="clamav"}')).toBe(0);
  expect(await service.metric('backuplens_files_lost_total')).toBe(0);
  const { body } = await service.get('/metrics');
  for (const name of ['artifacts_total', 'scanned_bytes_total', 'scan_duration_seconds_bucket']) {
    expect(body).toContain(`backuplens_${name}`);
  }
  expect(await service.get('/health')).toMatchObject({ status: 200 });
  const ready = await service.get('/ready');
  expect({ status: ready.status, ...JSON.parse(ready.body) }).toMatchObject({
    status: 'ready',
    store: 'ok',
    intake: 'watching',
    engines: { yara: { status: 'ok' }, clamav: { status: 'off' } },
  });
  expect(await service.stop()).toBe(0);
  expect(service.stderr()).not.toContain('Error');
});

/** An archive whose member nobody can read. */
function lockedZip(): string {
  const path = join(at.root, 'locked.zip');
  writeFileSync(join(at.root, 'secret.txt'), 'x'.repeat(5000));
  execFileSync('zip', ['-q', '-j', '-P', 'a long and unknown one', path, join(at.root, 'secret.txt')]);
  return path;
}

test('what is approved goes to APPROVED_DIR, and a name that is taken there is not written over', async () => {
  const service = await start({ APPROVED_DIR: at.approved });
  at.put('nightly.tar', 'monday');
  await settled(service, { 'nightly.tar': 'released' });
  at.put('nightly.tar', 'tuesday');
  await service.until(
    async () => (await allFiles(at)).filter(({ state }) => state === 'released').length === 2,
    'two',
  );
  const contents = readdirSync(at.approved)
    .filter((name) => name.startsWith('nightly'))
    .map((name) => readFileSync(join(at.approved, name), 'utf8'));
  expect(contents.toSorted()).toEqual(['monday', 'tuesday']);
  // The last step comes after the record.
  await service.until(() => readdirSync(at.incoming).length === 0, 'nothing left behind');
});

test('a release hook is told of every approval, with a clean environment, and of nothing else', async () => {
  const told = join(at.root, 'told');
  const hook = join(at.root, 'hook.sh');
  writeFileSync(
    hook,
    `#!/bin/sh\necho "$1 $BACKUPLENS_SHA256 $BACKUPLENS_EVENT_ID" >> ${told}\nenv >> ${told}.env\n`,
    {
      mode: 0o700,
    },
  );
  const service = await start({ RELEASE_HOOK: hook, SECRET_OF_SOMEBODY: 'secret' });
  at.put('-rf good', 'nothing');
  at.put('bad', infected());
  await settled(service, { '-rf good': 'in_place', bad: 'quarantined' });
  await service.until(() => service.said('release hook told').length === 1, 'the hook');
  expect(readFileSync(told, 'utf8')).toMatch(/^\/.*\/-rf good [0-9a-f]{64} [0-9a-f]{64}\n$/);
  expect(readFileSync(`${told}.env`, 'utf8')).not.toContain('secret');
  await service.stop();
  const again = await start({ RELEASE_HOOK: hook });
  at.put('next', 'nothing more');
  await again.until(() => again.said('release hook told').length === 1, 'the next one');
  expect(readFileSync(told, 'utf8').trim().split('\n')).toHaveLength(2);
});

test('overwritten and replaced files are new work, and the old decision does not stand for them', async () => {
  const service = await start();
  at.put('nightly.tar', 'harmless');
  await settled(service, { 'nightly.tar': 'in_place' });
  at.put('nightly.tar', infected());
  await settled(service, { 'nightly.tar': 'quarantined' });
  const rows = (await allFiles(at)).map(({ state }) => state);
  expect(rows).toEqual(['superseded', 'quarantined']);
});

test('a recognised set is decided as one, stays whole, and is approved, asked about and rejected as one', async () => {
  putSet('repo', resticFiles([infected()]));
  putSet('other', resticFiles([infected('2')]));
  const service = await start();
  await settled(service, { repo: 'held', other: 'held' });
  expect(await allFiles(at)).toHaveLength(2);
  const reviews = await inStore(at, async (store) => store.reviews.list({ limit: 10 }));
  const held = (name: string) => reviews.find(({ path }) => Buffer.from(path).toString().endsWith(name));
  const [repo, other] = [held('/repo'), held('/other')];
  expect(repo?.reasons.join()).toContain('Marker');
  expect(await service.stop()).toBe(0);

  const pack = Object.keys(resticFiles([infected()])).find((name) => name.startsWith('data/')) ?? '';
  const ask = async (path: string) => command(at, 'gate', join(at.incoming, path));
  const answer = async (verb: string, id = '', sha256 = '') =>
    command(at, 'review', verb, id, '--sha256', sha256, '--reason', 'looked at it');
  const shown = await command(at, 'review', 'show', repo?.id ?? '');
  expect(shown.out).toContain(`sha256      ${repo?.sha256}`);
  expect(shown.out).toMatch(/^unit +restic/m);
  expect(await ask('repo')).toMatchObject({ code: 1, out: expect.stringContaining('held for review') });
  expect(await answer('approve', repo?.id, 'f'.repeat(64))).toMatchObject({ code: 2 });
  expect(await answer('approve', repo?.id, repo?.sha256 ?? '')).toMatchObject({ code: 0, err: '' });
  expect(await ask('repo')).toMatchObject({ code: 0 });
  expect(await ask(`repo/${pack}`)).toMatchObject({
    code: 0,
    out: expect.stringContaining('repo (restic)'),
  });
  expect(await ask('')).toMatchObject({ code: 1, out: expect.stringContaining('other') });
  expect(await answer('reject', other?.id, other?.sha256 ?? '')).toMatchObject({ code: 0 });
  expect(await ask('other')).toMatchObject({ code: 1, out: expect.stringContaining('rejected') });
  expect(existsSync(join(at.incoming, 'other/config'))).toBe(true);
  at.put('repo/index/one-more', 'x');
  expect(await ask(`repo/${pack}`)).toMatchObject({ code: 1, out: expect.stringContaining('not those') });
  expect(await answer('approve', other?.id, other?.sha256 ?? '')).toMatchObject({ code: 1 });
});

function putSet(folder: string, files: SetFiles): void {
  for (const [name, content] of Object.entries(files)) at.put(join(folder, name), content);
}

test('a member that was swapped between look and approve is not approved', async () => {
  putSet('repo', resticFiles([infected()]));
  const service = await start();
  await settled(service, { repo: 'held' });
  const [review] = await inStore(at, async (store) => store.reviews.list({ limit: 10 }));
  await service.stop();
  at.put('repo/config', 'y'.repeat(155));
  const { id, sha256 } = { id: review?.id ?? '', sha256: review?.sha256 ?? '' };
  const given = await command(at, 'review', 'approve', id, '--sha256', sha256, '--reason', 'x');
  expect(given).toMatchObject({ code: 1, err: expect.stringContaining('changed') });
  expect((await allFiles(at)).map(({ state }) => state)).toEqual(['superseded']);
});

test('what was swapped after its approval waits, and is tried once at a time', async () => {
  const policy = join(at.root, 'scoring.yaml');
  writeFileSync(policy, 'weights: {yara_match: 60}\n');
  const env = { SCORING_CONFIG: policy };
  const first = await start(env);
  at.put('a', infected());
  await settled(first, { a: 'held' });
  await first.stop();
  const written = await openStore({
    dataDir: at.data,
    who: 'rita',
    what: 'a test',
    waitMs: 0,
    leftOver: async () => null,
  });
  const [review] = await written.reviews.list({ limit: 10 });
  const { id, sha256 } = { id: review?.id ?? '', sha256: review?.sha256 ?? '' };
  const given = { who: 'rita', reason: 'x', sha256, remember: false, until: null };
  await written.reviews.answer(id, 'auto_approve', given);
  await written.close();
  const content = join(at.review, id, 'content');
  chmodSync(content, 0o600);
  writeFileSync(content, 'something else');
  const second = await start(env);
  await settled(second, { a: 'disposition_pending' });
  // Another round, in which it is not taken up.
  at.put('b', 'nothing in here');
  await settled(second, { b: 'in_place' });
  const told = await inStore(at, async (store) => store.journal.read({ after: 0, limit: 500 }));
  expect(told.filter(({ action }) => action === 'disposition_pending')).toMatchObject([
    { detail: expect.stringContaining('its bytes are others') },
  ]);
  expect(second.said('not disposed of as decided')).toHaveLength(1);
});

test('an approval that is remembered holds for the same content, and for nothing more that is found in it', async () => {
  const policy = join(at.root, 'scoring.yaml');
  writeFileSync(policy, 'weights: {yara_match: 80}\n');
  const env = { SCORING_CONFIG: policy };
  const first = await start(env);
  at.put('monday', infected());
  await settled(first, { monday: 'held' });
  const [review] = await inStore(at, async (store) => store.reviews.list({ limit: 10 }));
  await first.stop();
  const { id, sha256 } = { id: review?.id ?? '', sha256: review?.sha256 ?? '' };
  const answer = ['approve', id, '--sha256', sha256, '--reason', 'a test file'];
  const until = await command(at, 'review', ...answer, '--until', '2099-01-01');
  expect(until).toMatchObject({ code: 2, err: expect.stringContaining('--remember') });
  const given = await command(at, 'review', ...answer, '--remember', '--until', '2099-01-01');
  expect(given).toMatchObject({ code: 0, err: '' });

  const again = await start(env);
  at.put('tuesday', infected());
  await settled(again, { tuesday: 'in_place' });
  const rows = await allFiles(at);
  const tuesday = rows.find(({ path }) => Buffer.from(path).toString().endsWith('tuesday'));
  const scan = await inStore(at, async (store) => store.scans.get(tuesday?.scan ?? ''));
  expect(scan?.result).toMatchObject({ decision: 'auto_approve', verdict: 'suspicious' });
  expect(scan?.result?.findings[0]?.accepted).toContain('a test file');
  const said = await inStore(at, async (store) => store.journal.read({ after: 0, limit: 500 }));
  const remembered = said.filter(({ action }) => action === 'remembered').map(({ file }) => file);
  expect(remembered).toContain(tuesday?.id);
  await again.stop();

  writeFileSync(join(at.rules, 'more.yar'), 'rule More { strings: $a = "some text" condition: $a }\n');
  const third = await start(env);
  at.put('wednesday', infected());
  await settled(third, { wednesday: 'held' });
  rmSync(join(at.rules, 'more.yar'));

  // Through the service that has the store; and what is taken back holds no more.
  const forgotten = await command(at, 'review', 'forget', id, '--reason', 'no test file after all');
  expect(forgotten).toMatchObject({ code: 0, err: '' });
  expect(await command(at, 'review', 'forget', id, '--reason', 'again')).toMatchObject({ code: 1 });
  expect((await command(at, 'review', 'show', id)).out).toMatch(/^forgotten .* by .* \(/m);
  await third.stop();
  const fourth = await start(env);
  at.put('thursday', infected());
  await settled(fourth, { thursday: 'held', tuesday: 'in_place' });
  const last = await inStore(at, async (store) => store.journal.read({ after: 0, limit: 500 }));
  expect(last.filter(({ action }) => action === 'forgotten')).toMatchObject([
    { item: id, detail: 'no test file after all', who: expect.stringMatching(/ \(\d+\)$/) },
  ]);
});

test('many files of one folder that look encrypted are an attack, though each arrives by itself', async () => {
  const service = await start({ APPROVED_DIR: at.approved });
  for (let n = 0; n < 6; n++) at.put(`docs/lost-${n}.txt.lockbit`, randomBytes(8192));
  await service.until(
    () => service.said('an attack that encrypts: look at this folder').length === 1,
    'the alarm',
  );
  at.put('docs/more.txt.lockbit', randomBytes(8192));
  at.put('docs/sound.txt', 'fine, and in plain words');
  at.put('elsewhere/sound.txt', 'fine as well');
  await settled(service, {
    'docs/more.txt.lockbit': 'quarantined',
    'docs/sound.txt': 'held',
    'elsewhere/sound.txt': 'released',
  });
  expect(await service.metric('backuplens_mass_encryption_total')).toBe(1);
  const said = await inStore(at, async (store) => store.journal.read({ after: 0, limit: 500 }));
  expect(said.filter(({ action }) => action === 'mass_encryption')).toHaveLength(1);
  const held = (await allFiles(at)).filter(({ state }) => state === 'released');
  expect(held).toHaveLength(1);
  expect(await service.metric('backuplens_attacked_folders')).toBe(1);
  const { stdout } = await cli(['status'], { env: at.env });
  expect(stdout).toMatch(/^ATTACK +1 folders/m);
  expect(stdout).toMatch(/^attacked +.*docs since .*look encrypted/m);

  // It goes on in the next process, and is no news there.
  await service.kill();
  const next = await start({ APPROVED_DIR: at.approved });
  at.put('docs/late.txt', 'fine too');
  await settled(next, { 'docs/late.txt': 'held' });
  expect(next.said('an attack that encrypts: look at this folder')).toEqual([]);
});

test('an attack is told though the service is killed in the middle of what arrives', async () => {
  const env = { APPROVED_DIR: at.approved };
  const first = await start(env);
  for (let n = 0; n < 3; n++) at.put(`docs/lost-${n}.txt`, randomBytes(8192));
  await first.until(() => first.said('scanned').length === 3, 'the first');
  expect(first.said('an attack that encrypts: look at this folder')).toEqual([]);
  await first.kill();
  const second = await start(env);
  for (let n = 3; n < 6; n++) at.put(`docs/lost-${n}.txt`, randomBytes(8192));
  await second.until(
    () => second.said('an attack that encrypts: look at this folder').length === 1,
    'the alarm',
  );
});

test('with DISPOSITION_UNIT=folder what comes into a folder that was taken away is one with that', async () => {
  at.put('drop/good', 'fine');
  at.put('drop/bad', infected());
  const service = await start({ DISPOSITION_UNIT: 'folder', APPROVED_DIR: at.approved });
  await settled(service, { 'drop/good': 'quarantined', 'drop/bad': 'quarantined' });
  at.put('drop/late', 'fine too');
  await settled(service, { 'drop/late': 'quarantined' });
  const late = (await allFiles(at)).find(({ path }) => Buffer.from(path).toString().endsWith('late'));
  const scan = await inStore(at, async (store) => store.scans.get(late?.scan ?? ''));
  expect(scan?.result?.reasons.join()).toContain('decided before');
});

test('a volume that stays alone is held where it is, and its set is one when the other comes', async () => {
  at.put('x.7z.002', 'more of it');
  const service = await start({ APPROVED_DIR: at.approved });
  await settled(service, { 'x.7z.002': 'held' });
  expect(existsSync(join(at.incoming, 'x.7z.002'))).toBe(true);
  at.put('x.7z.001', Buffer.from('377abcaf271c0004', 'hex'));
  await settled(service, { 'x.7z.001': 'held', 'x.7z.002': 'superseded' });
  expect(readdirSync(at.approved).filter((name) => !name.startsWith('.'))).toEqual([]);
});

test('with DISPOSITION_UNIT=folder the files of a dropped folder share the worst decision', async () => {
  at.put('drop/good', 'fine');
  at.put('drop/sub/bad', infected());
  at.put('other/good', 'fine as well');
  at.put('alone', 'fine too');
  const service = await start({ DISPOSITION_UNIT: 'folder', APPROVED_DIR: at.approved });
  await settled(service, {
    'drop/good': 'quarantined',
    'drop/sub/bad': 'quarantined',
    'other/good': 'released',
    alone: 'released',
    drop: 'superseded',
  });
  expect(existsSync(join(at.incoming, 'drop/good'))).toBe(false);
  // What is approved keeps its path.
  expect(readFileSync(join(at.approved, 'other/good'), 'utf8')).toBe('fine as well');
  const rows = await allFiles(at);
  const good = rows.find(({ path }) => Buffer.from(path).toString().endsWith('drop/good'));
  const scan = await inStore(at, async (store) => store.scans.get(good?.scan ?? ''));
  expect(scan?.result?.reasons.join()).toContain('drop/sub/bad');
});

test('with DISPOSITION_UNIT=folder a folder with volumes stays whole, and is held where it is', async () => {
  at.put('vol/x.7z.001', Buffer.from('377abcaf271c0004', 'hex'));
  at.put('vol/x.7z.002', 'more of it');
  at.put('vol/x.7z.003', infected());
  const service = await start({ DISPOSITION_UNIT: 'folder', APPROVED_DIR: at.approved });
  await settled(service, { vol: 'held' });
  expect(existsSync(join(at.incoming, 'vol/x.7z.003'))).toBe(true);
  const [review] = await inStore(at, async (store) => store.reviews.list({ limit: 10 }));
  expect(review?.reasons.join()).toContain('Marker');
});

test('with DISPOSITION_UNIT=folder an attack on a dropped folder is an attack on all of it', async () => {
  for (let n = 0; n < 12; n++) at.put(`docs/sound-${n}.txt`, 'fine, and in plain words');
  for (let n = 0; n < 24; n++) at.put(`docs/lost-${n}.txt.lockbit`, randomBytes(8192));
  const service = await start({ DISPOSITION_UNIT: 'folder', APPROVED_DIR: at.approved });
  await settled(service, { 'docs/sound-0.txt': 'quarantined', 'docs/lost-0.txt.lockbit': 'quarantined' });
  expect(readdirSync(at.approved).filter((name) => !name.startsWith('.'))).toEqual([]);
});

test('a file that something keeps touching is held for a person, by that name', async () => {
  const path = at.put('touched', 'x');
  const touching = setInterval(() => appendFileSync(path, 'x'), 20);
  try {
    const service = await start({ NEVER_SETTLED_AFTER: '2s', SCAN_INTERVAL_MS: '1000' });
    await settled(service, { touched: 'held' });
    const [row] = await allFiles(at);
    const scan = await inStore(at, async (store) => store.scans.get(row?.scan ?? ''));
    expect(scan?.result?.gaps.map(({ reason }) => reason)).toContain('never_settled');
  } finally {
    clearInterval(touching);
  }
});

test('how long something has not come to rest is known to the next process', async () => {
  const path = at.put('touched', 'x');
  const touching = setInterval(() => appendFileSync(path, 'x'), 20);
  try {
    const first = await start({ NEVER_SETTLED_AFTER: '20s', SCAN_INTERVAL_MS: '1000' });
    await first.until(
      async () => (await inStore(at, async (store) => store.unsettled.list())).length === 1,
      'it',
    );
    await first.kill();
    const { stdout } = await cli(['status'], { env: at.env });
    expect(stdout).toMatch(/^unsettled {3}1 still being written, the oldest since /m);
    // A day later by the wall clock: without what was kept, it would be met only now.
    const second = await start({
      NEVER_SETTLED_AFTER: '20h',
      SCAN_INTERVAL_MS: '1000',
      NODE_OPTIONS: `--import=${join(import.meta.dirname, 'kit/shifted-clock.ts')}`,
      SHIFT_MS: String(23 * 3_600_000),
    });
    await settled(second, { touched: 'held' });
  } finally {
    clearInterval(touching);
  }
});

test('hard links: the other name stays as it is', async () => {
  const one = at.put('bad-1', infected());
  mkdirSync(join(at.root, 'elsewhere'));
  linkSync(one, join(at.root, 'elsewhere/other-name'));
  const service = await start();
  await settled(service, { 'bad-1': 'quarantined' });
  expect(readFileSync(join(at.root, 'elsewhere/other-name'), 'utf8')).toBe(infected());
  expect(statSync(join(at.root, 'elsewhere/other-name')).mode & 0o777).toBe(0o644);
});

test('links, and names that nobody would choose, are listed without a raw byte in the log', async () => {
  symlinkSync('/etc/passwd', join(at.incoming, 'link'));
  writeFileSync(Buffer.concat([Buffer.from(`${at.incoming}/new\nline\u001b[31m`), Buffer.from([0xff])]), 'x');
  const service = await start();
  await service.until(() => service.said('scanned').length === 1, 'the scan');
  expect(service.said('not scanned, by rule')).toMatchObject([{ reason: 'symlink' }]);
  const [scanned] = service.said('scanned');
  expect(String(scanned?.untrusted?.['path'])).toMatch(/^[\x20-\x7e]*$/);
  await service.until(async () => (await allFiles(at))[0]?.state === 'in_place', 'its disposition');
  expect(await allFiles(at)).toHaveLength(1);
});

test('SIGHUP takes a new policy, refuses a broken one, and frees nothing that is held', async () => {
  const policy = join(at.root, 'scoring.yaml');
  writeFileSync(policy, 'weights: {yara_match: 80}\n');
  const service = await start({ SCORING_CONFIG: policy });
  at.put('first', infected('1'));
  await settled(service, { first: 'held' });

  writeFileSync(policy, 'weights: {yara_mach: 80}\n');
  service.process.kill('SIGHUP');
  await service.until(
    () => service.said('the policy was not taken: the old one stays').length === 1,
    'a refusal',
  );
  at.put('second', infected('2'));
  await settled(service, { second: 'held' });

  writeFileSync(policy, 'weights: {yara_match: 0}\n');
  service.process.kill('SIGHUP');
  await service.until(() => service.said('policy read again').length === 1, 'the new policy');
  at.put('third', infected('3'));
  await settled(service, { third: 'in_place' });
  expect(await states()).toMatchObject({ first: 'held', second: 'held' });
});

test('one rule that hits everything is stopped after its share of the hour', async () => {
  const service = await start({ QUARANTINE_PER_RULE: '3', NUM_WORKERS: '1' });
  for (let number = 0; number < 8; number++) at.put(`bad-${number}`, infected(String(number)));
  await service.until(async () => {
    const all = Object.values(await states());
    return all.length === 8 && all.every((state) => state === 'held' || state === 'quarantined');
  }, 'all eight');
  const all = Object.values(await states());
  expect(all.filter((state) => state === 'quarantined').length).toBeLessThanOrEqual(3 + 4);
  expect(all.filter((state) => state === 'held').length).toBeGreaterThanOrEqual(1);
});

test('a stop in the middle hands back what is under way, and the next start takes it up', async () => {
  const service = await start();
  for (let number = 0; number < 200; number++) at.put(`many/${number}`, `file ${number}`);
  await service.until(() => service.said('scanned').length > 5, 'the first scans');
  expect(await service.stop()).toBe(0);
  const between = await allFiles(at);
  expect(between.filter(({ state }) => state === 'scanning')).toEqual([]);
  expect(between.some(({ state }) => state === 'waiting')).toBe(true);
  expect(between.filter(({ suspect }) => suspect)).toEqual([]);
  const again = await start();
  await again.until(async () => {
    const now = Object.values(await states());
    return now.length === 200 && now.every((state) => state === 'in_place');
  }, 'all of them');
  expect(await allFiles(at)).toHaveLength(200);
});

test('a file whose scan kills the worker every time is held with that reason, and costs no other its scan', async () => {
  const service = await start();
  at.put('good', 'fine');
  await settled(service, { good: 'in_place' });
  // A FIFO in place of a worker's file cannot be made; a worker is ended from outside whenever it has the file.
  at.put('killer', Buffer.alloc(300 * 1024 * 1024));
  const { descendants } = await import('./kit/process-cost.ts');
  const ending = setInterval(() => {
    for (const pid of descendants(service.process.pid ?? 0)) {
      try {
        if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('pipeline/worker.')) {
          const open = readdirSync(`/proc/${pid}/fd`).some((fd) =>
            linkOf(`/proc/${pid}/fd/${fd}`).endsWith('/killer'),
          );
          if (open) process.kill(pid, 'SIGKILL');
        }
      } catch {
        // It ended meanwhile.
      }
    }
  }, 5);
  try {
    at.put('other', 'fine too');
    await settled(service, { killer: 'held', other: 'in_place' });
  } finally {
    clearInterval(ending);
  }
  const [row] = (await allFiles(at)).filter(({ path }) => Buffer.from(path).toString().endsWith('/killer'));
  const scan = await inStore(at, async (store) => store.scans.get(row?.scan ?? ''));
  expect(scan?.result?.gaps).toMatchObject([{ reason: 'engine_failed', by: 'worker' }]);
  expect(statSync(join(at.incoming, 'killer')).size).toBe(300 * 1024 * 1024);
});

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

test('a scratch folder that a kill left behind is removed by the next start, and nothing else is', async () => {
  const service = await start();
  await service.kill();
  const scratch = (): string[] =>
    readdirSync(join(at.root, 'tmp')).filter((name) => name.startsWith('backuplens-'));
  expect(scratch()).toHaveLength(1);
  mkdirSync(join(at.root, 'tmp/backuplens-abcdef'));
  const left = scratch();
  const again = await start();
  expect(scratch().filter((name) => left.includes(name))).toEqual(['backuplens-abcdef']);
  await again.stop();
  expect(scratch()).toEqual(['backuplens-abcdef']);
});

/** What it says when it does not start. */
async function refused(env: Record<string, string>): Promise<string> {
  const service = launchService({ ...at.env, ...env });
  afterwards(async () => service.kill());
  expect(await service.ended).toBe(2);
  return service.stderr();
}

describe('a start that would lose something is refused', () => {
  test('a second instance on the same data', async () => {
    await start();
    const words = await refused({});
    expect(words).toContain('BL_STORE_LOCKED');
    expect(words).toContain('backuplens-pipeline');
  });

  test('a second installation on the same folders', async () => {
    const service = await start();
    await service.stop();
    expect(await refused({ DATA_DIR: join(at.root, 'other-data') })).toContain(
      'belongs to another installation',
    );
  });

  test.each([
    ['QUARANTINE_DIR', 'incoming/quarantine'],
    ['REVIEW_DIR', 'incoming'],
    ['DATA_DIR', 'incoming/data'],
    ['APPROVED_DIR', 'quarantine/approved'],
    ['INCOMING_DIR', 'data/incoming'],
  ])('%s in another folder of ours', async (variable, place) => {
    mkdirSync(join(at.root, place), { recursive: true });
    expect(await refused({ [variable]: join(at.root, place) })).toContain('BL_CONFIG');
  });

  test('a managed folder that others can write, or that is a link', async () => {
    mkdirSync(at.quarantine);
    chmodSync(at.quarantine, 0o777);
    expect(await refused({})).toContain('chmod go-w');
    chmodSync(at.quarantine, 0o700);
    renameSync(at.quarantine, `${at.quarantine}-real`);
    symlinkSync(`${at.quarantine}-real`, at.quarantine);
    expect(await refused({})).toContain('symbolic link');
  });

  test('a watched folder that somebody named and that is not there', async () => {
    expect(await refused({ INCOMING_DIR: join(at.root, 'not-there') })).toContain('INCOMING_DIR');
  });

  test('a policy or rules in the watched folder', async () => {
    mkdirSync(join(at.incoming, 'rules'));
    writeFileSync(join(at.incoming, 'rules/a.yar'), 'rule A { condition: false }');
    expect(await refused({ YARA_RULES_DIR: join(at.incoming, 'rules') })).toContain('BL_UNTRUSTED_CONFIG');
  });

  test('a store that is gone while quarantine still holds something', async () => {
    const service = await start();
    at.put('bad', infected());
    await settled(service, { bad: 'quarantined' });
    await service.stop();
    rmSync(at.data, { recursive: true });
    expect(await refused({})).toContain('store rebuild');
  });
});

test('a folder that only looks like a claim of ours hides nothing', async () => {
  const service = await start();
  at.put('.backuplens-claim-20261128T120000000Z-0123456789ab/file', infected());
  await service.until(async () => Object.values(await states()).includes('quarantined'), 'its quarantine');
  expect(await states()).toEqual({
    '.backuplens-claim-20261128T120000000Z-0123456789ab/file': 'quarantined',
  });
});

function bin(name: string, ...args: string[]): string {
  return execFileSync(join(import.meta.dirname, '../bin', name), args, { encoding: 'utf8' });
}

test('bin/backuplens-pipeline and `backuplens watch` are this program, in the process that was started', async () => {
  expect(bin('backuplens-pipeline', '--help')).toBe(bin('backuplens', 'watch', '--help'));
  expect(bin('backuplens-pipeline', '--version')).toBe(bin('backuplens', '--version'));
  const { PATH } = process.env;
  const child = spawn(join(import.meta.dirname, '../bin/backuplens-pipeline'), [], {
    env: { PATH, ...at.env },
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
    const isFirst = told.includes('"watching"') && !told.includes('"ending"') && !child.killed;
    if (isFirst) child.kill('SIGTERM');
  });
  expect(await ended).toBe(0);
  expect(told).toContain(`"pid":${child.pid}`);
  expect(told).toContain('"ended"');
});
