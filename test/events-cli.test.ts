import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cli } from './kit/cli.ts';
import { answers, ecsOf, Receiver } from './kit/events/receiver.ts';

let root: string;
let receiver: Receiver;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'backuplens-events-cli-'));
  mkdirSync(join(root, 'log'), { mode: 0o700 });
  receiver = await new Receiver().up();
});
afterEach(async () => {
  await receiver.down();
  rmSync(root, { recursive: true, force: true });
});

const eventsTest = async (env: Record<string, string>, args: readonly string[] = []) =>
  cli(['events', 'test', ...args], { env: { DATA_DIR: join(root, 'data'), ...env } });

test('one event is sent to every receiver, and each says what came of it', async () => {
  const file = join(root, 'log/events.jsonl');
  const { code, stdout } = await eventsTest({ WEBHOOK_URL: receiver.url, EVENTS_FILE: file });
  expect(code).toBe(0);
  const [, id] = /^event ([0-9a-f]{64})\nwebhook {3}delivered\nfile {6}delivered\n$/.exec(stdout) ?? [];
  expect(ecsOf(receiver.taken)).toMatchObject([{ event: { id, action: 'test' } }]);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ event: { id } });
});

test('a receiver that does not take it is named with the reason, and the exit code says so', async () => {
  receiver.behaviour = answers(401);
  const { code, stdout } = await eventsTest({ WEBHOOK_URL: receiver.url, SYSLOG_URL: 'tcp://127.0.0.1:1' }, [
    '--json',
  ]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual([
    { sink: 'webhook', delivered: false, why: 'it answered 401' },
    { sink: 'syslog', delivered: false, why: 'connection refused' },
  ]);
});

test.each<readonly [Record<string, string>, RegExp]>([
  [{}, /nobody is told of events/],
  [{ WEBHOOK_URL: 'ftp://receiver.example' }, /WEBHOOK_URL: expected a URL that begins with http/],
  [{ SYSLOG_URL: 'tcp://receiver.example' }, /SYSLOG_URL: expected tcp:/],
  [{ WEBHOOK_URL: 'http://127.0.0.1:1', WEBHOOK_SECRET: 'short' }, /WEBHOOK_SECRET is no secret/],
  [{ WEBHOOK_URL: 'http://127.0.0.1:1', WEBHOOK_SECRET_FILE: '/nowhere/at all' }, /cannot be read/],
  [
    { WEBHOOK_URL: 'http://a:secret-word@127.0.0.1:1', WEBHOOK_TOKEN: 'secret-token' },
    /leave one of them out/,
  ],
  [{ WEBHOOK_FORMAT: 'xml' }, /WEBHOOK_FORMAT: expected ecs, ocsf or cef/],
  [{ PRIVACY_OUTBOUND: 'none' }, /PRIVACY_OUTBOUND: expected full, basename or hash/],
  [{ BACKUPLENS_WEBHOOK_URI: 'http://a' }, /WEBHOOK_URL/],
])('%o is an error of the configuration that shows no secret', async (env, message) => {
  const { code, stdout, stderr } = await eventsTest(env);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stdout + stderr).not.toMatch(/secret-word|secret-token|short/);
});
