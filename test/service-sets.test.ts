import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { cli } from './kit/cli.ts';
import { command } from './kit/commands.ts';
import { ownInstallation } from './kit/own-installation.ts';
import { allFiles, inStore, type Service } from './kit/pipeline-service.ts';
import { gitFiles, resticFiles, type SetFiles } from './kit/sets.ts';

// Each starts processes of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000 });

const { at, start: startIn } = ownInstallation();

async function start(env: Record<string, string> = {}): Promise<Service> {
  return startIn({ APPROVED_DIR: at.approved, ...env });
}

const putSet = (folder: string, files: SetFiles): void => {
  for (const [name, content] of Object.entries(files)) at.put(join(folder, name), content);
};
const whole = (folder: string, files: SetFiles): boolean =>
  Object.keys(files).every((name) => existsSync(join(at.incoming, folder, name)));
/** Unit and state of every row, by its name below the watched folder. */
const rows = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await allFiles(at)).map(({ path, unit, state }) => [
      Buffer.from(path)
        .toString()
        .slice(at.incoming.length + 1),
      `${unit} ${state}`,
    ]),
  );
const inOrder = (of: Record<string, string>): string =>
  JSON.stringify(
    Object.keys(of)
      .toSorted()
      .map((name) => [name, of[name]]),
  );
const comesTo = async (service: Service, expected: Record<string, string>): Promise<void> =>
  service.until(async () => inOrder(await rows()) === inOrder(expected), JSON.stringify(expected));

const MARKS_LAST = resticFiles(['one pack', 'another pack']);
const { config, ...BEGINNING } = MARKS_LAST;

test('a repository whose marks come last is left alone until they are there, through a kill, and never torn', async () => {
  const first = await start({ SET_WAIT: '1h' });
  putSet('repo', Object.fromEntries(Object.entries(BEGINNING).filter(([name]) => name.startsWith('data/'))));
  at.put('beside.txt', 'a file like any other');
  await comesTo(first, { 'beside.txt': 'file released' });
  await first.until(async () => (await first.metric('backuplens_begun_sets')) === 1, 'the metric');
  const LOOKS = 'a folder looks like the beginning of a set: it is left alone until it is whole, or rests';
  expect(first.said(LOOKS)).toMatchObject([{ kind: 'restic' }]);
  const { stdout } = await cli(['status'], { env: at.env });
  expect(stdout).toMatch(/^set begun .*\/repo since .* \(restic\)/m);
  await first.kill();

  const second = await start({ SET_WAIT: '1h' });
  putSet('repo', BEGINNING);
  await second.until(() => second.said(LOOKS).length === 1, 'that it waits again');
  expect(await rows()).toEqual({ 'beside.txt': 'file released' });
  at.put('repo/config', config ?? '');
  await comesTo(second, { 'beside.txt': 'file released', repo: 'restic in_place' });
  expect(whole('repo', MARKS_LAST)).toBe(true);
  await second.until(async () => (await second.metric('backuplens_begun_sets')) === 0, 'the metric');
});

test('one whose rest never comes is held as one, with that reason, and a person can answer for it', async () => {
  putSet('repo', BEGINNING);
  const service = await start();
  await comesTo(service, { repo: 'begun held' });
  const [review] = await inStore(at, async (store) => store.reviews.list({ limit: 5 }));
  expect(review?.rules.join()).toContain('gap:unsupported_format');
  const said = 'a set of which a part is missing is examined as it is, and stays together';
  expect(service.said(said)).toMatchObject([{ kind: 'restic', why: 'it rests' }]);
  await service.stop();
  const { id, sha256 } = { id: review?.id ?? '', sha256: review?.sha256 ?? '' };
  const shown = await command(at, 'review', 'show', id);
  expect(shown.out).toContain('of which a part is missing');
  const given = await command(
    at,
    'review',
    'approve',
    id,
    '--sha256',
    sha256,
    '--reason',
    'it is all there is',
  );
  expect(given).toMatchObject({ code: 0, err: '' });
  expect(await command(at, 'gate', join(at.incoming, 'repo'))).toMatchObject({ code: 0 });
  expect(whole('repo', BEGINNING)).toBe(true);
});

test('a folder that keeps itself busy is held as one that never settled; one that only looks alike is taken file by file', async () => {
  const name = `data/ab/${'ab'.repeat(32)}`;
  at.put(join('cache', name), 'not what it is called by');
  at.put(join('busy', name), 'evil');
  const busy = setInterval(() => at.put(`busy/data/ab/${'cd'.repeat(32)}`, String(performance.now())), 50);
  try {
    const service = await start({ SET_WAIT: '3s', NEVER_SETTLED_AFTER: '6s' });
    await comesTo(service, { [`cache/${name}`]: 'file released', busy: 'begun held' });
    const said = 'a set of which a part is missing is examined as it is, and stays together';
    expect(service.said(said)[0]).toMatchObject({ why: 'something keeps changing it' });
    expect(
      service.said(
        'a folder that looked like the beginning of a set is none: its files are taken one by one',
      ),
    ).toHaveLength(1);
    // It keeps its path.
    expect(existsSync(join(at.approved, 'cache', name))).toBe(true);
  } finally {
    clearInterval(busy);
  }
});

test('a working tree is one with its .git, and an approved one that loses its mark is held, and not torn', async () => {
  putSet('work/.git', gitFiles());
  at.put('work/README', 'what is in it');
  at.put('work/src/main.c', 'int main() {}');
  const first = await start();
  // Its pack, which holds nothing, is for a person.
  await comesTo(first, { work: 'git held' });
  await first.stop();
  const [review] = await inStore(at, async (store) => store.reviews.list({ limit: 5 }));
  const { id, sha256 } = { id: review?.id ?? '', sha256: review?.sha256 ?? '' };
  const given = await command(at, 'review', 'approve', id, '--sha256', sha256, '--reason', 'an empty pack');
  expect(given).toMatchObject({ code: 0, err: '' });
  const head = join(at.incoming, 'work/.git/HEAD');
  rmSync(head);
  const second = await start();
  await comesTo(second, { work: 'begun held' });
  expect(existsSync(join(at.incoming, 'work/src/main.c'))).toBe(true);
  writeFileSync(head, 'ref: refs/heads/main\n');
  await comesTo(second, { work: 'git held' });
});

test('a working tree whose .git comes late gathers what is not dealt with, and what was moved before is said', async () => {
  const service = await start();
  at.put('work/README', 'it came first');
  await comesTo(service, { 'work/README': 'file released' });
  putSet('work/.git', gitFiles());
  at.put('work/src/main.c', 'int main() {}');
  await comesTo(service, { 'work/README': 'file released', work: 'git held' });
  expect(existsSync(join(at.incoming, 'work/src/main.c'))).toBe(true);
  const said = service.said('a part of a set was moved before it could be known as one');
  expect(said).toMatchObject([{ level: 'error', files: 1, kind: 'git' }]);
});
