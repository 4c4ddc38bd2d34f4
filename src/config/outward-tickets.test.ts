import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from './load.ts';
import { outwardSettings } from './outward.ts';

let work: string;
beforeAll(() => (work = mkdtempSync(join(tmpdir(), 'outward-'))));
afterAll(() => rmSync(work, { recursive: true }));

const settings = (env: Record<string, string>) => outwardSettings(loadConfig({ cwd: work, env }));

const GITHUB = {
  TICKETS: 'github',
  TICKETS_URL: 'https://api.github.com/repos/a/b/',
  TICKETS_TOKEN: 'secret-1',
};
const MAIL = { MAIL_URL: 'smtp://mail.example.org', MAIL_FROM: 'a@b.org', MAIL_TO: 'c@b.org, d@b.org' };

test('tickets and mail are off unless they are set, and then hold what they need', () => {
  expect(settings({})).toMatchObject({ tickets: null, mail: null });
  writeFileSync(join(work, 'token'), 'from-a-file\n', { mode: 0o600 });
  expect(settings({ ...GITHUB, TICKETS_TOKEN_FILE: 'token' }).tickets).toMatchObject({
    url: 'https://api.github.com/repos/a/b',
    token: 'from-a-file',
    type: 'Task',
  });
  expect(settings({ ...GITHUB, TICKETS: 'servicenow' }).tickets?.type).toBe('incident');
  expect(settings(MAIL).mail).toMatchObject({ to: ['c@b.org', 'd@b.org'], severity: 'high' });
});

test.each([
  [{ TICKETS: 'github' }, 'TICKETS_URL is not'],
  [{ TICKETS_URL: GITHUB.TICKETS_URL }, 'TICKETS is not'],
  [{ TICKETS: 'github', TICKETS_URL: GITHUB.TICKETS_URL }, 'without a token'],
  [{ ...GITHUB, TICKETS: 'jira' }, 'without a project'],
  [{ ...GITHUB, TICKETS_URL: 'http://tracker.example.org' }, 'would carry the token unencrypted'],
  [{ ...GITHUB, TICKETS_URL: 'https://u:secret-2@h/x' }, 'more than an address'],
  [{ ...GITHUB, TICKETS_TEMPLATE: 'nowhere' }, 'cannot be read'],
  [{ MAIL_URL: MAIL.MAIL_URL }, 'without MAIL_FROM and MAIL_TO'],
])('%j is an error that shows no secret', (env, says) => {
  const error: unknown = (() => {
    try {
      return settings(env);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toMatchObject({ code: 'BL_CONFIG', message: expect.stringContaining(says) });
  expect(JSON.stringify(error)).not.toContain('secret-');
});
