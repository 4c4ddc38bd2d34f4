import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { cli } from './kit/cli.ts';
import { ownInstallation } from './kit/own-installation.ts';
import { inStore } from './kit/pipeline-service.ts';

// Each starts processes of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000 });

const { at, start } = ownInstallation();

const waiting = async (): Promise<{ readonly waiting: number; readonly failed: number }> =>
  inStore(at, async (store) => {
    const { hooks_waiting, hooks_failed } = await store.counts();
    return { waiting: hooks_waiting, failed: hooks_failed };
  });

/** What the journal says of the hook, in order. */
const said = async (): Promise<string[]> =>
  inStore(at, async (store) =>
    (await store.journal.read({ after: 0, limit: 1000 }))
      .map(({ action }) => action)
      .filter((action) => action.startsWith('hook_')),
  );

test('a hook that fails is run again, also after a crash, then shown by status, and told once more by the next start', async () => {
  const out = join(at.root, 'told');
  const mended = join(at.root, 'mended');
  const hook = join(at.root, 'hook.sh');
  // One line an attempt, the path as it came; it works from the moment it is mended.
  writeFileSync(
    hook,
    `#!/bin/sh\nprintf '%s %s\\n' "$BACKUPLENS_EVENT_ID" "$1" >> ${out}\ntest -e ${mended} || { echo broken >&2; exit 3; }\n`,
    { mode: 0o700 },
  );
  const env = { RELEASE_HOOK: hook, RELEASE_HOOK_ATTEMPTS: '3', RELEASE_HOOK_RETRY_AFTER: '1s' };
  const notText = Buffer.concat([Buffer.from(`${at.incoming}/caf`), Buffer.from([0xe9])]);

  const first = await start(env);
  at.put('good');
  writeFileSync(notText, 'not text');
  await first.until(async () => (await waiting()).waiting === 2, 'two failures');
  await first.kill();

  const second = await start(env);
  await second.until(async () => (await waiting()).failed === 2, 'two that are given up');
  expect(second.said('the release hook was given up for a file')).toHaveLength(2);
  const { stdout } = await cli(['status'], { env: at.env });
  expect(stdout).toMatch(
    /^hook failed 2, given up, the oldest since .*: mend RELEASE_HOOK .* start the service again/m,
  );
  const actions = await said();
  expect(actions.filter((action) => action === 'hook_failed')).toHaveLength(4);
  expect(actions.filter((action) => action === 'hook_given_up')).toHaveLength(2);
  await second.stop();

  writeFileSync(mended, '');
  const third = await start(env);
  await third.until(() => third.said('release hook told').length === 2, 'both being told');
  expect(await waiting()).toEqual({ waiting: 0, failed: 0 });
  expect((await said()).slice(-2)).toEqual(['hook_told', 'hook_told']);
  const lines = readFileSync(out, 'latin1').trim().split('\n');
  const ids = new Map(lines.map((line) => [line.slice(65), line.slice(0, 64)]));
  expect([...ids.keys()].toSorted()).toEqual(
    [notText.toString('latin1'), join(at.incoming, 'good')].toSorted(),
  );
  // At least once, and the same event every time.
  expect(new Set(lines).size).toBe(2);
  expect(lines.length).toBeGreaterThanOrEqual(8);
});

test('a start without the hook gives up what it had failed at, and the journal says so', async () => {
  const hook = join(at.root, 'hook.sh');
  writeFileSync(hook, '#!/bin/sh\nexit 1\n', { mode: 0o700 });
  const first = await start({ RELEASE_HOOK: hook });
  at.put('good');
  await first.until(async () => (await waiting()).waiting === 1, 'a failure');
  await first.stop();
  const second = await start();
  expect(second.said('nobody is told of approvals that a release hook had failed at')).toMatchObject([
    { files: 1 },
  ]);
  expect(await waiting()).toEqual({ waiting: 0, failed: 0 });
  expect(await said()).toEqual(['hook_failed', 'hook_given_up']);
  expect(existsSync(join(at.incoming, 'good'))).toBe(true);
});
