import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileResult } from '../src/contracts/index.ts';
import { MARKDOWN, PLAIN, WIKI } from '../src/outward/tickets/markup.ts';
import { OutboxUnderTest } from './kit/events/outbox.ts';
import { TOKEN, TrackerUnderTest, type Kind } from './kit/events/trackers.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';
import { finding } from './kit/sample-report.ts';
import { forReview, hashOf, sighting } from './kit/store/makers.ts';

const KINDS: readonly Kind[] = ['github', 'gitlab', 'jira', 'servicenow'];

let outbox: OutboxUnderTest;
let tracker: TrackerUnderTest;
beforeEach(async () => {
  outbox = await new OutboxUnderTest().open();
});
afterEach(async () => {
  await outbox.remove();
  await tracker.down();
});

async function start(kind: Kind, template: string | null = null): Promise<void> {
  tracker = await new TrackerUnderTest(kind).up();
  await resume(template);
}

async function resume(template: string | null = null): Promise<void> {
  const { kind, url } = tracker;
  const user = kind === 'jira' || kind === 'servicenow' ? 'bot@example.org' : null;
  const project = kind === 'jira' ? 'SEC' : null;
  const type = kind === 'servicenow' ? 'incident' : 'Task';
  await outbox.start(
    { tickets: { kind, url, token: TOKEN, user, project, type, template, within_ms: 5000 } },
    // A digest must not swallow the first review of a group.
    { per_minute: 1 },
  );
}

/** A file that waits for a person; its review. */
async function hold(path: string, rule: string, more: Partial<FileResult> = {}): Promise<string> {
  const { store } = outbox;
  const { accepted } = await store.files.accept([sighting(path)]);
  const [work] = await store.files.take({ lane: 'fresh', limit: 1, leaseMs: 60_000 });
  if (work === undefined || accepted[0] === undefined) throw new Error('nothing to take');
  await store.files.record(
    work.lease,
    forReview({ findings: [finding(['a'], { rule, weight: 70 })], reasons: ['score 70'], ...more }),
  );
  return (await store.reviews.holdInPlace(accepted[0].id, null)).id;
}

async function answer(id: string, decision: 'auto_approve' | 'quarantine' = 'auto_approve'): Promise<void> {
  await outbox.store.reviews.answer(id, decision, {
    who: 'anna',
    reason: 'the *vendor* update, see [ticket](http://evil.example) @all',
    sha256: hashOf('a'),
    remember: false,
    until: null,
  });
}

describe.each(KINDS)('%s', (kind) => {
  test('has one ticket a group, kept up to date, and closed with the last review', async () => {
    await start(kind);
    const first = await hold('/in/one', 'Rule_A');
    await outbox.caughtUp();
    expect(tracker.open).toMatchObject([{ title: expect.stringContaining('one file held for review') }]);
    const second = await hold('/in/two', 'Rule_A');
    const other = await hold('/in/three', 'Rule_B');
    await outbox.caughtUp();
    expect(tracker.tickets).toHaveLength(2);
    expect(tracker.open[0]).toMatchObject({
      title: expect.stringContaining('2 files held for review'),
      body: expect.stringContaining(kind === 'jira' ? 'Rule&#95;A' : 'Rule_A'),
    });
    expect(tracker.open[1]?.body).toContain(kind === 'jira' ? '&#47;in&#47;three' : '/in/three');
    await answer(first);
    await outbox.caughtUp();
    expect(tracker.open).toHaveLength(2);
    await answer(second, 'quarantine');
    await outbox.caughtUp();
    expect(tracker.open).toHaveLength(1);
    const [closed] = tracker.tickets;
    expect(closed?.comments).toEqual([expect.stringContaining('The last one was rejected by')]);
    await answer(other);
    await outbox.caughtUp();
    expect([tracker.open, tracker.refused]).toEqual([[], []]);
  });

  test('gets no second ticket when its answer was lost, nor after a restart', async () => {
    await start(kind);
    tracker.losesAnAnswer = true;
    await hold('/in/one', 'Rule_A');
    await outbox.caughtUp();
    expect(tracker.tickets).toHaveLength(1);
    await outbox.stop();
    await hold('/in/two', 'Rule_A');
    await resume();
    await outbox.caughtUp();
    expect(tracker.tickets).toMatchObject([{ title: expect.stringContaining('2 files'), open: true }]);
  });

  test('is told later what happened while it was away, as it stands then', async () => {
    await start(kind);
    await hold('/in/before', 'Rule_0');
    await outbox.caughtUp();
    tracker.trouble = { status: 503 };
    const gone = await hold('/in/one', 'Rule_A');
    await hold('/in/two', 'Rule_B');
    await outbox.until(async () => (await outbox.state('tickets'))?.state === 'failing', 'the failure');
    await answer(gone);
    tracker.trouble = null;
    await outbox.caughtUp();
    expect(tracker.open.map(({ title }) => title.replace(/\(.*/, ''))).toEqual(
      Array(2).fill('BackupLens: one file held for review '),
    );
    expect(tracker.refused).toEqual([]);
  });

  test('that refuses our token loses nothing: all is told once it takes it again', async () => {
    await start(kind);
    tracker.trouble = { status: 401 };
    await hold('/in/one', 'Rule_A');
    await outbox.until(async () => (await outbox.state('tickets'))?.state === 'refused', 'the refusal');
    expect(await outbox.state('tickets')).toMatchObject({
      set_aside: 0,
      detail: expect.stringMatching(/^it answered 401/),
    });
    tracker.trouble = null;
    await outbox.caughtUp();
    expect(tracker.open).toHaveLength(1);
  });
});

test('a group whose ticket a person closed gets another with its next review', async () => {
  await start('github');
  await hold('/in/one', 'Rule_A');
  await outbox.caughtUp();
  await outbox.stop();
  tracker.tickets[0]!.open = false;
  await resume();
  await hold('/in/two', 'Rule_A');
  await outbox.caughtUp();
  expect(tracker.tickets.map(({ open, changes }) => [open, changes])).toEqual([
    [false, 0],
    [true, 0],
  ]);
});

test('a data centre of Jira, which has only the old search, is asked by that', async () => {
  tracker = await new TrackerUnderTest('jira').up();
  tracker.isDataCentre = true;
  await resume();
  await hold('/in/one', 'Rule_A');
  await hold('/in/two', 'Rule_A');
  await outbox.caughtUp();
  expect(tracker.tickets).toHaveLength(1);
});

test('what waits too long is said in the title', async () => {
  await start('github');
  await hold('/in/one', 'Rule_A');
  await outbox.caughtUp();
  await outbox.store.reviews.escalate(new Date(Date.now() + 60_000).toISOString(), 10);
  await outbox.caughtUp();
  expect(tracker.open[0]?.title).toContain('held for review, waiting too long');
  expect(tracker.open[0]?.body).toContain('1 of them have waited too long');
});

test('many reviews of one group at once are a few changes of one ticket', async () => {
  await start('github');
  for (let at = 0; at < 60; at++) await hold(`/in/${at}`, 'Rule_A');
  await outbox.caughtUp();
  expect(tracker.tickets).toMatchObject([{ title: expect.stringContaining('60 files') }]);
  expect(tracker.requests).toBeLessThan(130);
});

test('a template says what a ticket says; a name that there is not is an error', async () => {
  await start('gitlab', 'Please look: {{files}}, {{path}}.\n{{rules}}');
  await hold('/in/one', 'Rule_A');
  await outbox.caughtUp();
  expect(tracker.open[0]?.body).toBe('Please look: one file, ` /in/one `.\n- ` yara_match:Rule_A `');
  await outbox.stop();
  await expect(resume('{{password}}')).rejects.toMatchObject({
    code: 'BL_CONFIG',
    message: 'TICKETS_TEMPLATE has "{{password}}"',
  });
});

describe('hostile names', () => {
  test.each(KINDS)('are harmless in a ticket of %s', async (kind) => {
    await start(kind);
    for (const [at, { name }] of NASTY_NAMES.slice(0, 75).entries()) {
      await hold(`/in/${at}/${name.replaceAll('\0', '').slice(0, 200)}`, name.slice(0, 900) || 'x');
    }
    await outbox.caughtUp();
    expect(tracker.refused).toEqual([]);
    expect(tracker.open.length).toBeGreaterThan(60);
    for (const { title, body } of tracker.open) {
      expect(title).toMatch(/^BackupLens: \w+ files? held for review \([0-9a-f]+\)$/);
      // Every line is one of ours: no quick action, heading, table or list of others begins one.
      for (const line of body.split('\n'))
        expect(line).toMatch(/^(?:$|BackupLens |Why:|[-*] \S|The last one: |SHA-256: |Group )/);
      expect(body).not.toMatch(/[[\p{C}\p{Zl}\p{Zp}]--[\n]]/v);
    }
  });

  test('are one code span in Markdown, whatever backticks they hold', () => {
    for (const text of [...NASTY_NAMES.map(({ name }) => name), '`', '``` `` `', '` @all `', 'a`']) {
      const [, fence = '', inner = ''] = /^(`+) (.*) \1$/s.exec(MARKDOWN.quoted(text)) ?? [];
      expect([text, fence === '', inner.includes('\n')]).toEqual([text, false, false]);
      expect(inner.match(/`+/g)?.some((run) => run.length === fence.length) ?? false).toBe(false);
    }
  });

  test('are letters, digits, blanks and entities in wiki markup, and no [code] in plain text', () => {
    for (const { name } of NASTY_NAMES) {
      expect(WIKI.quoted(name)).toMatch(/^(?:[\p{L}\p{N} ]|&#\d+;|\(empty\))*$/u);
      expect(PLAIN.quoted(`${name}[code]<b>[/CODE][ code]`)).not.toMatch(/\[\s*\/?\s*code/i);
    }
  });
});
