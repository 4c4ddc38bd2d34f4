import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { serve, type Served } from './kit/api/installation.ts';
import { cli } from './kit/cli.ts';
import { inStore } from './kit/pipeline-service.ts';

vi.setConfig({ testTimeout: 180_000 });

let served: Served;
let stranger: Server | null = null;
beforeEach(async () => {
  served = await serve();
});
afterEach(async () => {
  stranger?.close();
  await served.end();
});

const run = async (...args: string[]) => cli(args, { env: served.at.env });

test('commands that change something go through the service that runs, and say what they say without one', async () => {
  const one = await served.held('one.txt');
  const wrong = await run('review', 'approve', one.id, '--sha256', 'a'.repeat(64), '--reason', 'x');
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is not the file with that SHA-256'),
  });
  const approved = await run(
    'review',
    'approve',
    one.id,
    '--sha256',
    one.sha256,
    '--reason',
    'known',
    '--json',
  );
  expect(approved.stderr).toBe('');
  expect(approved.code).toBe(0);
  const told = JSON.parse(approved.stdout);
  // Who it was: the user of the operating system, not the token.
  expect(told).toMatchObject({
    state: 'approved',
    file_state: 'released',
    answer: { reason: 'known', who: expect.stringMatching(/^\S+ \(\d+\)$/) },
  });
  const again = await run('review', 'approve', one.id, '--sha256', one.sha256, '--reason', 'known');
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is approved already') });

  const two = await served.held('two.txt');
  const rejected = await run('review', 'reject', two.id, '--sha256', two.sha256, '--reason', 'no');
  expect(rejected).toMatchObject({ code: 0, stdout: expect.stringMatching(/ rejected: .*\.blq\n$/) });
  const { items } = await served.admin.ok('listQuarantine');
  const item = items[0].id;
  const to = join(served.at.root, 'back.txt');
  const restored = await run('quarantine', 'restore', item, '--to', to, '--keep');
  expect(restored).toMatchObject({ code: 0, stdout: `${item} restored to ${to}, and kept in quarantine\n` });
  expect(createHash('sha256').update(readFileSync(to)).digest('hex')).toBe(two.sha256);
  expect(await run('quarantine', 'restore', item, '--to', to)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('exists already'),
  });
  const deleted = await run('quarantine', 'delete', item, '--reason', 'seen', '--yes');
  expect(deleted).toMatchObject({ code: 0, stdout: `${item} deleted\n` });
  const actions = await inStore(served.at, async ({ journal }) =>
    (await journal.read({ after: 0, limit: 1000 })).filter(({ action }) =>
      ['approved', 'rejected', 'restored', 'deleted'].includes(action),
    ),
  );
  expect(actions.map(({ action }) => action)).toEqual(['approved', 'rejected', 'restored', 'deleted']);
  for (const { who } of actions) expect(who).toMatch(/^\S+ \(\d+\)$/);

  // And without the service, the same.
  const three = await served.held('three.txt');
  await served.service.stop();
  expect(existsSync(join(served.at.data, 'service.json'))).toBe(false);
  const alone = await run('review', 'reject', three.id, '--sha256', three.sha256, '--reason', 'no');
  expect(alone).toMatchObject({ code: 0, stdout: expect.stringMatching(/ rejected: .*\.blq\n$/) });
});

test('what waits for the same reasons is counted, shown, and decided at once: through the service, and without one', async () => {
  for (const name of ['a', 'b']) await served.held(`many/${name}.txt`);
  const { id } = await served.held('many/c.txt');
  const open = await run('review', 'show', id);
  expect(open.stdout).toMatch(/^found +yara_match Marker \(60\) at byte 10: YARA rule Marker /m);
  expect(open.stdout).toMatch(/^not seen +engine_off \(clamav\): turned off$/m);
  expect(open.stdout).toMatch(/^looked at +1 artifact, \d+ B: clamav 0, yara 1, /m);
  const { items } = await served.admin.ok('listReviewGroups');
  const [{ group }] = items;
  const listed = await run('review', 'groups');
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  expect(listed.stdout).toMatch(new RegExp(`^${group} +3 files .* yara_match:Marker\n$`));

  const which = ['--under', join(served.at.incoming, 'many/')];
  const shown = await run('review', 'bulk', 'approve', ...which);
  expect(shown).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing is decided yet') });
  const [, digest = ''] = /^approve: 3 files[^]*\ndigest ([0-9a-f]{64})\n$/.exec(shown.stdout) ?? [];
  const decide = [...which, '--digest', digest];
  expect(await run('review', 'bulk', 'approve')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('say which'),
  });
  // Of a rejection this is no digest, and not of what is there once another came.
  const reason = ['--reason', 'vendor update'];
  const changed = { code: 1, stderr: expect.stringContaining('no longer what was shown') };
  expect(await run('review', 'bulk', 'reject', ...decide, ...reason)).toMatchObject(changed);
  await served.held('many/d.txt');
  expect(await run('review', 'bulk', 'approve', ...decide, ...reason)).toMatchObject(changed);
  const again = JSON.parse((await run('review', 'bulk', 'approve', ...which, '--json')).stdout);
  expect(again).toMatchObject({ action: 'approve', count: 4, excluded: [], more: false });
  const done = await run('review', 'bulk', 'approve', ...which, '--digest', again.digest, ...reason);
  expect(done).toMatchObject({
    code: 0,
    stdout: '4 files approved; the service carries it out\n',
    stderr: '',
  });
  const answers = await inStore(served.at, async ({ reviews }) =>
    reviews.list({ state: 'approved', limit: 9 }),
  );
  for (const { answer } of answers)
    expect(answer).toMatchObject({ reason: 'vendor update', who: expect.stringMatching(/^\S+ \(\d+\)$/) });

  await served.held('more/x.txt');
  const last = await served.held('more/y.txt');
  await served.service.stop();
  const rest = JSON.parse((await run('review', 'bulk', 'reject', '--rule', 'Marker', '--json')).stdout);
  const alone = await run('review', 'bulk', 'reject', '--rule', 'Marker', '--digest', rest.digest, ...reason);
  expect(alone).toMatchObject({ code: 0, stdout: '2 files rejected\n', stderr: '' });
  expect(await run('review', 'groups')).toMatchObject({ code: 0, stdout: '' });
  expect((await run('review', 'show', last.id)).stdout).toMatch(/^now +quarantined: .*\.blq$/m);
});

test('a stranger at the port of a service that was killed is told nothing, least of all the token', async () => {
  const { id, sha256 } = await served.held('one.txt');
  await served.service.kill();
  const asked: string[] = [];
  stranger = createServer((request, reply) => {
    asked.push(JSON.stringify(request.headers));
    reply.setHeader('backuplens-proof', 'a'.repeat(64)).end('{"status":"healthy","version":"0.1.0"}');
  });
  await new Promise<void>((resolve) => {
    stranger?.listen(0, '127.0.0.1', resolve);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  const { port } = stranger.address() as AddressInfo;
  writeFileSync(
    join(served.at.data, 'service.json'),
    JSON.stringify({ url: `http://127.0.0.1:${port}`, pid: 1 }),
    { mode: 0o600 },
  );
  const { code } = await run('review', 'reject', id, '--sha256', sha256, '--reason', 'no');
  expect(code).toBe(0);
  expect(asked).toHaveLength(1);
  expect(asked[0]).not.toContain('authorization');
});

test('what works on the store says who has it, when the service cannot be asked', async () => {
  const { id, sha256 } = await served.held('one.txt');
  writeFileSync(join(served.at.data, 'service.json'), '{"url":"http://127.0.0.1:9","pid":1}', {
    mode: 0o600,
  });
  const { code, stderr } = await run('review', 'reject', id, '--sha256', sha256, '--reason', 'no');
  expect(code).toBe(2);
  expect(stderr).toContain(`backuplens-pipeline (pid ${served.service.process.pid}`);
});

test('tokens are made, listed and revoked, and a token is shown once', async () => {
  const made = await run(
    'token',
    'create',
    'anna',
    '--role',
    'reviewer',
    '--expires',
    '2030-01-01',
    '--json',
  );
  expect(made.code).toBe(0);
  const { token, id, ...entry } = JSON.parse(made.stdout);
  expect(entry).toMatchObject({ name: 'anna', role: 'reviewer', expires_at: '2030-01-01T00:00:00.000Z' });
  await served.service.until(
    async () => (await served.api.as(token).call('stats')).status === 200,
    'the token',
  );
  const listed = await run('token', 'list');
  expect(listed.stdout).toMatch(
    new RegExp(`^${id}  reviewer  anna  since \\S+Z  until 2030-01-01T00:00:00Z\n$`),
  );
  expect(listed.stdout).not.toContain(token);
  expect(await run('token', 'create', 'anna', '--role', 'root')).toMatchObject({ code: 2 });
  expect(await run('token', 'create', '../anna', '--role', 'viewer')).toMatchObject({ code: 2 });
  expect(await run('token', 'revoke', 'anna')).toMatchObject({ code: 0, stdout: `${id} anna revoked\n` });
  expect(await run('token', 'revoke', 'anna')).toMatchObject({ code: 1 });
  await served.service.until(
    async () => (await served.api.as(token).call('stats')).status === 401,
    'the revocation',
  );
});

test('scan --apply beside the service is refused at once, with what to do instead', async () => {
  const file = join(served.at.root, 'one.txt');
  writeFileSync(file, 'buy milk');
  const said = await cli(['scan', '--clamd', 'off', '--apply', file], {
    env: served.at.env,
    deadlineMs: 50_000,
  });
  expect(said).toMatchObject({ code: 2, stdout: '' });
  expect(said.stderr).toContain(`backuplens-pipeline (pid ${served.service.process.pid}`);
  expect(said.stderr).toContain(`INCOMING_DIR (${served.at.incoming})`);
  expect(said.stderr).not.toContain('waits');
});
