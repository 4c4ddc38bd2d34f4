import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve, type Served } from './kit/api/installation.ts';
import { cli } from './kit/cli.ts';
import { namedTar, nastyNames } from './kit/hostile/named.ts';
import { MARKER } from './kit/marker.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';

/** What acts on a terminal, splits lines or turns text around. */
// oxlint-disable-next-line no-control-regex
const RAW_IN_JSON = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Cs}/u;
const RAW_IN_TEXT = /[^\P{C}\n]|[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** Names as a folder takes them. */
const FILES = [
  ...new Map(
    NASTY_NAMES.map(({ name }) => Buffer.from(name.toWellFormed().replaceAll(/[/\0]/g, '_')).subarray(0, 200))
      .filter((name) => !['', '.', '..'].includes(name.toString()))
      .map((name) => [name.toString('latin1'), name]),
  ).values(),
];

/** Of these, decided at once. */
const LEAST = 50;

let served: Served;
beforeAll(async () => {
  served = await serve();
  const { at, service } = served;
  at.put('names.tar', namedTar(nastyNames('/landed')).bytes);
  for (const name of FILES) writeFileSync(Buffer.concat([Buffer.from(`${at.incoming}/`), name]), MARKER);
  // What is called like something half written waits longer; all others are done when nothing waits.
  await service.until(async () => {
    const states = ['waiting', 'scanning', 'decided', 'disposition_pending'];
    const left = await Promise.all(
      states.map(async (state) => service.metric(`backuplens_files{state="${state}"}`)),
    );
    const scans = await service.metric('backuplens_scan_duration_seconds_count');
    return scans >= LEAST && left.every((files) => files === 0);
  }, 'the files to be decided');
}, 180_000);
afterAll(async () => served.end());

describe('names that hurt', () => {
  test('reach nobody raw through the API', async () => {
    const { admin } = served;
    const texts: string[] = [];
    const list = await admin.call('listScans', { query: { limit: 500 } });
    texts.push(list.text);
    const reviews = await admin.call('listReviews', { query: { limit: 500 } });
    texts.push(reviews.text, (await admin.call('listReviewGroups')).text, (await admin.call('stats')).text);
    for (const { id } of reviews.body.items.slice(0, 20))
      texts.push((await admin.call('getReview', { id })).text);
    for (const { id, path } of list.body.items) {
      if (String(path).endsWith('names.tar')) texts.push((await admin.call('getScan', { id })).text);
    }
    expect(list.body.items.length).toBeGreaterThanOrEqual(LEAST);
    for (const text of texts) expect(RAW_IN_JSON.exec(text)?.[0]).toBeUndefined();
  });

  test('make no event and no line in the stream of events', async () => {
    const { admin } = served;
    const controller = new AbortController();
    const reply = await fetch(`${admin.url}/api/v1/events?after=0`, { signal: controller.signal });
    let text = '';
    for await (const part of reply.body ?? []) {
      text += Buffer.from(part).toString('utf8');
      if (text.split('\n\n').length > LEAST) break;
    }
    controller.abort();
    const lines = text.slice(0, text.lastIndexOf('\n\n')).split('\n');
    for (const line of lines)
      expect(line).toMatch(/^(?:$|:|retry: \d+$|id: \d+$|event: [a-z_]+$|data: \{.*\}$)/);
    expect(RAW_IN_JSON.exec(lines.join(''))?.[0]).toBeUndefined();
  });

  test('stand in the log apart, visible and on their line', () => {
    const { log } = served.service;
    expect(log.length).toBeGreaterThan(LEAST);
    for (const { untrusted, ...rest } of log) {
      for (const text of strings(untrusted)) expect(RAW_IN_JSON.exec(text)?.[0]).toBeUndefined();
      // Nothing of them in what is ours.
      for (const text of strings(rest)) expect(text).not.toMatch(/evil\.example|cmd\||jndi/);
    }
  });

  test('reach neither metrics nor the terminal of who asks', async () => {
    const { at, service } = served;
    expect((await service.get('/metrics')).body).not.toMatch(/evil\.example|jndi/);
    for (const args of [
      ['review', 'list'],
      ['status'],
      ['quarantine', 'list'],
      ['review', 'list', '--json'],
    ]) {
      const { stdout, stderr } = await cli(args, { env: at.env, cwd: at.root });
      expect(RAW_IN_TEXT.exec(stdout + stderr)?.[0]).toBeUndefined();
    }
  });
});

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(strings);
}
