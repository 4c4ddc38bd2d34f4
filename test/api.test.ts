import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OPERATIONS, openapi, type Operation, type OperationId } from '../src/contracts/index.ts';
import { programVersion } from '../src/config/start/index.ts';
import { fileForm, type Api } from './kit/api/client.ts';
import { serve, type Served } from './kit/api/installation.ts';
import { infected, inStore } from './kit/pipeline-service.ts';

vi.setConfig({ testTimeout: 120_000 });

let served: Served;
let admin: Api;
let viewer: Api;
let reviewer: Api;
let rita: string;
beforeAll(async () => {
  served = await serve();
  ({ admin } = served);
  viewer = served.api.as(await served.token('vera', 'viewer'));
  rita = await served.token('rita', 'reviewer');
  reviewer = served.api.as(rita);
  // It takes over what has changed within a second.
  await served.service.until(async () => (await viewer.call('stats')).status === 200, 'the token');
});
afterAll(async () => served.end());

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const UNKNOWN = '20260101T000000000Z-0123456789ab';

/** Until the uploaded file is scanned and dealt with. */
async function scanned(id: string, state: string) {
  // oxlint-disable-next-line typescript/no-explicit-any
  let scan: any;
  await served.service.until(async () => {
    scan = await admin.ok('getScan', { id });
    return scan.status === 'finished' && scan.state === state;
  }, `${id} to be ${state}`);
  return scan;
}

describe('what is uploaded', () => {
  test('is taken into the watched folder under a name of ours, is scanned as what it is called, and who brought it is kept', async () => {
    const content = 'nothing in here';
    const taken = await reviewer.ok('uploadScan', {
      body: fileForm(content, '../../etc/cron.d/ev\u202eil.txt'),
    });
    expect(taken).toMatchObject({
      status: 'waiting',
      size: content.length,
      sha256: sha256(content),
      upload: { who: 'rita', name: 'ev\u202eil.txt' },
    });
    const scan = await scanned(taken.id, 'in_place');
    expect(scan).toMatchObject({ file: taken.id, sha256: sha256(content), upload: { who: 'rita' } });
    expect(scan.path).toMatch(/\/incoming\/upload-[0-9TZa-f-]+$/);
    expect(readFileSync(scan.path, 'utf8')).toBe(content);
    // The folder that it arrived in is gone.
    expect(readdirSync(served.at.incoming).filter((name) => name.startsWith('.'))).toEqual([]);
    const actions = await inStore(served.at, async ({ journal }) =>
      (await journal.read({ after: 0, limit: 1000 })).filter(({ action }) => action === 'uploaded'),
    );
    expect(actions[0]).toMatchObject({ who: 'rita', sha256: sha256(content) });
  });

  test('is judged by the name that its owner gave it', async () => {
    const taken = await reviewer.ok('uploadScan', {
      body: fileForm('MZ'.padEnd(400, 'just text '), 'invoice.pdf.exe'),
    });
    const scan = await scanned(taken.id, 'in_place');
    expect(scan.result.findings.map(({ trail }: { trail: string[] }) => trail[0])).toContain(
      'invoice.pdf.exe',
    );
  });

  test('without a file, in another field, or in no form is refused, and leaves nothing behind', async () => {
    const before = readdirSync(served.at.incoming).length;
    const form = new FormData();
    form.append('file', 'a text field');
    await reviewer.wrong('uploadScan', 400, { body: form });
    await reviewer.wrong('uploadScan', 400, { body: fileForm('x', 'x', 'other') });
    await reviewer.wrong('uploadScan', 415, { body: { file: 'x' } });
    await reviewer.wrong('uploadScan', 400);
    expect(readdirSync(served.at.incoming).length).toBe(before);
  });

  test('together with a second file is refused, and neither is kept', async () => {
    const before = readdirSync(served.at.incoming);
    const uploads = async () =>
      inStore(served.at, async ({ journal }) =>
        (await journal.read({ after: 0, limit: 1000 })).filter(({ action }) => action === 'uploaded'),
      );
    const known = await uploads();
    for (const [field, size] of [
      ['file', 10],
      ['other', 10],
      ['file', 300_000],
    ] as const) {
      const form = fileForm('one', 'one.txt');
      form.append(field, new Blob(['x'.repeat(size)]), 'two.txt');
      expect(await reviewer.wrong('uploadScan', 400, { body: form })).toMatchObject({
        detail: 'send one file in a form',
      });
    }
    expect(readdirSync(served.at.incoming)).toEqual(before);
    expect(await uploads()).toEqual(known);
    const form = fileForm('one', 'with-a-comment.txt');
    form.append('comment', 'not a file');
    const taken = await reviewer.ok('uploadScan', { body: form });
    await scanned(taken.id, 'in_place');
  });

  test('and breaks off is nowhere: neither in the folder nor in the store', async () => {
    const controller = new AbortController();
    const head = '--B\r\nContent-Disposition: form-data; name="file"; filename="half.bin"\r\n\r\n';
    let began = false;
    const body = new ReadableStream({
      async pull(stream) {
        if (!began) stream.enqueue(Buffer.from(head + 'x'.repeat(100_000)));
        else
          await new Promise((resolve) =>
            controller.signal.addEventListener('abort', resolve, { once: true }),
          );
        began = true;
      },
    });
    const sending = fetch(`${served.api.url}/api/v1/scans`, {
      method: 'POST',
      headers: {
        'content-type': 'multipart/form-data; boundary=B',
        authorization: `Bearer ${rita}`,
      },
      body,
      duplex: 'half',
      signal: controller.signal,
    });
    const arriving = (): string[] =>
      readdirSync(served.at.incoming).filter((name) => name.startsWith('.backuplens-upload-'));
    await Promise.race([
      sending.catch(() => undefined),
      served.service.until(() => arriving().length > 0, 'the upload'),
    ]);
    controller.abort();
    await expect(sending).rejects.toThrow('abort');
    await served.service.until(() => arriving().length === 0, 'its folder to go');
    expect(await inStore(served.at, async ({ uploads }) => uploads.arriving())).toEqual([]);
  });
});

describe('scans', () => {
  test('are listed newest first, page by page, and filtered by decision, kind, rule, path, content and time', async () => {
    const names = ['list/a.txt', 'list/b.txt', 'list/c.txt'];
    for (const name of names) served.at.put(name, `${name} is harmless`);
    const under = join(served.at.incoming, 'list/');
    await served.service.until(async () => {
      const { items } = await viewer.ok('listScans', { query: { path: under } });
      return items.length === 3;
    }, 'three scans');
    const first = await viewer.ok('listScans', { query: { path: under, limit: 2 } });
    expect(first.items).toHaveLength(2);
    const second = await viewer.ok('listScans', { query: { path: under, limit: 2, cursor: first.next } });
    expect(second).toMatchObject({ next: null });
    const ids = [...first.items, ...second.items].map(({ id }: { id: string }) => id);
    expect(ids).toEqual(ids.toSorted().toReversed());
    expect(new Set(ids).size).toBe(3);
    const [one] = second.items;
    expect((await viewer.ok('listScans', { query: { sha256: one.sha256 } })).items).toHaveLength(1);
    expect((await viewer.ok('listScans', { query: { file: one.file } })).items).toHaveLength(1);
    expect(
      (await viewer.ok('listScans', { query: { path: under, since: one.finished_at } })).items,
    ).toHaveLength(3);
    expect(
      (await viewer.ok('listScans', { query: { path: under, until: one.finished_at } })).items,
    ).toHaveLength(0);
    expect((await viewer.ok('listScans', { query: { path: under, decision: 'quarantine' } })).items).toEqual(
      [],
    );
    // Of other filters, or made up.
    for (const query of [
      { cursor: first.next },
      { path: under, cursor: 'AAAA' },
      { path: under, cursor: '%00' },
    ]) {
      expect(await viewer.wrong('listScans', 400, { query })).toMatchObject({ code: 'bad_cursor' });
    }
  });

  test('are told with everything that was found; what is not known is not there', async () => {
    const review = await served.held('told.txt');
    const scan = await viewer.ok('getScan', { id: review.scan });
    expect(scan).toMatchObject({ decision: 'manual_review', state: 'held', upload: null });
    expect(scan.result.findings[0]).toMatchObject({
      kind: 'yara_match',
      rule: 'Marker',
      trail: ['told.txt'],
    });
    for (const query of [
      { kind: 'yara_match' },
      { rule: 'Marker' },
      { kind: 'yara_match', rule: 'Marker' },
    ]) {
      const { items } = await viewer.ok('listScans', { query });
      expect(items.map(({ id }: { id: string }) => id)).toContain(review.scan);
    }
    expect((await viewer.ok('listScans', { query: { rule: 'Mark' } })).items).toEqual([]);
    await viewer.wrong('getScan', 404, { id: UNKNOWN });
    await viewer.wrong('getScan', 400, { id: 'x' });
  });
});

describe('a held file', () => {
  test('shows why, is bound to its content, and is approved once', async () => {
    const review = await served.held('approve.txt');
    const told = await viewer.ok('getReview', { id: review.id });
    expect(told).toMatchObject({ state: 'open', upload: null, rules: ['yara_match:Marker'] });
    expect(told.result.score_lines).toEqual([
      { kind: 'yara_match', points: 60, rule: 'Marker', trail: ['approve.txt'] },
    ]);
    expect(told.result.coverage.artifacts).toBe(1);
    const { id } = review;
    const body = { reason: 'looked at', sha256: review.sha256 };
    expect(
      await reviewer.wrong('approveReview', 409, { id, body: { ...body, sha256: sha256('other') } }),
    ).toMatchObject({
      code: 'other_content',
    });
    await reviewer.wrong('approveReview', 400, { id, body: { reason: 'no hash' } });
    await reviewer.wrong('approveReview', 400, { id, body: { ...body, reason: ' ' } });
    await reviewer.wrong('approveReview', 400, { id, body: { ...body, until: '2030-01-01T00:00:00Z' } });
    await reviewer.wrong('approveReview', 404, { id: UNKNOWN, body });
    const approved = await reviewer.ok('approveReview', { id, body });
    expect(approved).toMatchObject({ state: 'approved', answer: { who: 'rita', reason: 'looked at' } });
    expect(approved.disposition.action).toBe('released');
    expect(existsSync(join(served.at.incoming, 'approve.txt'))).toBe(true);
    expect(await reviewer.wrong('approveReview', 409, { id, body })).toMatchObject({
      code: 'already_decided',
    });
    expect(await reviewer.wrong('rejectReview', 409, { id, body })).toMatchObject({
      code: 'already_decided',
    });
  });

  test('whose bytes were swapped where it is held is neither approved nor rejected, alone or with others', async () => {
    const review = await served.held('swapped/a.txt');
    const other = await served.held('swapped/b.txt');
    const content = join(review.location, 'content');
    chmodSync(content, 0o600);
    writeFileSync(content, 'something else');
    const { id } = review;
    const body = { reason: 'looked at', sha256: review.sha256 };
    for (const verb of ['approveReview', 'rejectReview'] as const)
      expect(await reviewer.wrong(verb, 409, { id, body })).toMatchObject({
        code: 'other_content',
        detail: expect.stringContaining('its bytes are others'),
      });
    const ask = { action: 'approve', filter: { path: join(served.at.incoming, 'swapped/') } };
    const { digest } = await reviewer.ok('previewReviews', { body: ask });
    const done = await reviewer.ok('decideReviews', { body: { ...ask, digest, reason: 'all of them' } });
    expect(done).toMatchObject({ decided: 1, refused: [{ id, code: 'other_content' }] });
    expect(await viewer.ok('getReview', { id })).toMatchObject({ state: 'open', answer: null });
    expect(await viewer.ok('getReview', { id: other.id })).toMatchObject({ state: 'approved' });
    expect(readFileSync(content, 'utf8')).toBe('something else');
  });

  test('is rejected into quarantine, brought back, and deleted for good', async () => {
    const { id, sha256: content } = await served.held('reject.txt');
    const rejected = await reviewer.ok('rejectReview', {
      id,
      body: { reason: 'not ours', sha256: content, remember: false, until: null },
    });
    expect(rejected).toMatchObject({ state: 'rejected', disposition: { action: 'quarantined' } });
    const path = join(served.at.incoming, 'reject.txt');
    const { items } = await viewer.ok('listQuarantine', {
      query: { path, rule: 'Marker', kind: 'yara_match' },
    });
    expect(items).toMatchObject([{ path, sha256: content }]);
    const item = items[0].id;
    expect((await viewer.ok('listQuarantine', { query: { kind: 'ransom_note' } })).items).toEqual([]);
    expect((await viewer.ok('listQuarantine', { query: { path, until: items[0].taken_at } })).items).toEqual(
      [],
    );
    expect(await viewer.ok('getQuarantined', { id: item })).toMatchObject({
      mode: '0644',
      result: { verdict: 'suspicious' },
    });
    served.at.put('reject.txt', 'in the way');
    expect(await admin.wrong('restoreQuarantined', 409, { id: item })).toMatchObject({
      detail: 'the place exists already',
    });
    const ours = join(served.at.data, 'tokens2.json');
    expect(await admin.wrong('restoreQuarantined', 409, { id: item, body: { to: ours } })).toMatchObject({
      detail: 'the place lies in DATA_DIR, a folder of our own',
    });
    expect(existsSync(ours)).toBe(false);
    const to = join(served.at.root, 'back.txt');
    expect(await admin.ok('restoreQuarantined', { id: item, body: { to, keep: true } })).toMatchObject({
      location: to,
      kept: true,
    });
    expect(sha256(readFileSync(to, 'utf8'))).toBe(content);
    await admin.wrong('restoreQuarantined', 400, { id: item, body: { to: 'relative' } });
    expect(await admin.ok('deleteQuarantined', { id: item, body: { reason: 'seen enough' } })).toEqual({
      id: item,
      deleted: true,
    });
    await admin.wrong('deleteQuarantined', 404, { id: item });
    await admin.wrong('restoreQuarantined', 404, { id: item });
    await viewer.wrong('getQuarantined', 404, { id: item });
  });

  test('is decided once when two decide at the same time: the other one is told', async () => {
    const ria = served.api.as(await served.token('ria', 'reviewer'));
    await served.service.until(async () => (await ria.call('stats')).status === 200, 'the token');
    for (const round of [1, 2, 3]) {
      const { id, sha256: content } = await served.held(`race-${round}.txt`);
      const body = { reason: 'at once', sha256: content };
      const both = await Promise.all([
        reviewer.call('approveReview', { id, body }),
        ria.call('rejectReview', { id, body }),
      ]);
      expect(both.map(({ status }) => status)).toEqual(expect.arrayContaining([200, 409]));
      const winner = both.find(({ status }) => status === 200);
      expect((await viewer.ok('getReview', { id })).answer.who).toBe(winner?.body.answer.who);
    }
  });

  test('is approved by itself once that is remembered, until somebody takes it back', async () => {
    const noise = infected('every night');
    const { id, sha256: content } = await served.held('night-1.txt', noise);
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const body = { reason: 'a known test file', sha256: content, remember: true, until };
    expect(await reviewer.ok('approveReview', { id, body })).toMatchObject({
      answer: { who: 'rita', remember: true, until },
    });
    const path = served.at.put('night-2.txt', noise);
    await served.service.until(async () => {
      const { items } = await viewer.ok('listScans', { query: { path } });
      return items[0]?.decision === 'auto_approve';
    }, 'the second night');
    const reason = { reason: 'the vendor has withdrawn it' };
    expect(await reviewer.ok('forgetReview', { id, body: reason })).toMatchObject({
      state: 'approved',
      forgotten: { who: 'rita' },
    });
    expect(await reviewer.wrong('forgetReview', 409, { id, body: reason })).toMatchObject({
      code: 'not_remembered',
    });
    await reviewer.wrong('forgetReview', 404, { id: UNKNOWN, body: reason });
    await reviewer.wrong('rejectReview', 404, { id: UNKNOWN, body: { ...reason, sha256: content } });
    await served.held('night-3.txt', noise);
  });

  test('is not approved by who uploaded it, but by somebody else', async () => {
    const taken = await reviewer.ok('uploadScan', { body: fileForm(infected('mine'), 'mine.txt') });
    const { sha256: content } = await scanned(taken.id, 'held');
    const { items } = await viewer.ok('listReviews', { query: { state: 'open', path: taken.path } });
    const [{ id }] = items;
    const body = { reason: 'it is mine', sha256: content };
    expect(await reviewer.wrong('approveReview', 409, { id, body })).toMatchObject({ code: 'own_upload' });
    const { items: none, excluded } = await reviewer.ok('previewReviews', {
      body: { action: 'approve', filter: { path: taken.path } },
    });
    expect({ none, excluded }).toMatchObject({ none: [], excluded: [{ id, code: 'own_upload' }] });
    expect(await admin.ok('approveReview', { id, body })).toMatchObject({ state: 'approved' });
  });
});

describe('many held files', () => {
  test('are grouped by their grounds, previewed exactly, and decided only as they were previewed', async () => {
    for (const name of ['a', 'b', 'c']) await served.held(`many/${name}.txt`);
    const { items, groups } = await viewer.ok('listReviewGroups', { query: { limit: 1 } });
    expect(items[0]).toMatchObject({ rules: ['yara_match:Marker'] });
    expect(groups).toBeGreaterThanOrEqual(1);
    const ask = { action: 'reject', filter: { path: join(served.at.incoming, 'many/'), rule: 'Marker' } };
    const shown = await reviewer.ok('previewReviews', { body: ask });
    expect(shown).toMatchObject({ count: 3, excluded: [], more: false });
    expect(shown.items.map(({ path }: { path: string }) => path.at(-5))).toEqual(['a', 'b', 'c']);
    // One more is held meanwhile: that was not looked at.
    await served.held('many/d.txt');
    const body = { ...ask, digest: shown.digest, reason: 'all of them' };
    expect(await reviewer.wrong('decideReviews', 409, { body })).toMatchObject({ code: 'changed' });
    const again = await reviewer.ok('previewReviews', { body: ask });
    // A digest of a rejection approves nothing.
    const other = { ...body, action: 'approve', digest: again.digest };
    await reviewer.wrong('decideReviews', 409, { body: other });
    const done = await reviewer.ok('decideReviews', { body: { ...body, digest: again.digest } });
    expect(done).toEqual({ decided: 4, refused: [] });
    await served.service.until(async () => {
      const { items: there } = await viewer.ok('listQuarantine', {
        query: { path: join(served.at.incoming, 'many/') },
      });
      return there.length === 4;
    }, 'all four in quarantine');
    const { items: answered } = await viewer.ok('listReviews', {
      query: { state: 'rejected', path: join(served.at.incoming, 'many/') },
    });
    expect(answered.map(({ answer }: { answer: object }) => answer)).toMatchObject(
      Array.from({ length: 4 }, () => ({ who: 'rita', reason: 'all of them' })),
    );
  });

  test('have more groups than a page, and all of them are listed, each once', async () => {
    await served.held('others/locked.zip', 'PK\u0003\u0004 broken');
    await served.held('others/plain.txt');
    const met: string[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, string | number> = { limit: 1, ...(cursor === null ? {} : { cursor }) };
      const { items, next, groups } = await viewer.ok('listReviewGroups', { query });
      met.push(...items.map(({ group }: { group: string }) => group));
      expect(groups).toBeGreaterThan(1);
      expect(met.length).toBeLessThanOrEqual(groups);
      cursor = next;
    } while (cursor !== null);
    expect(new Set(met).size).toBe(met.length);
    const { items } = await viewer.ok('listReviewGroups', { query: { limit: 500 } });
    expect(met).toEqual(items.map(({ group }: { group: string }) => group));
    for (const wrong of ['x', Buffer.from('not of this list').toString('base64url')])
      expect(await viewer.wrong('listReviewGroups', 400, { query: { cursor: wrong } })).toMatchObject({
        code: 'bad_cursor',
      });
  });
});

describe('the service', () => {
  test('says how it stands', async () => {
    expect(await served.api.as(undefined).ok('health')).toEqual({
      status: 'healthy',
      version: programVersion(),
    });
    expect(await viewer.ok('ready')).toMatchObject({ status: 'ready', intake: 'watching' });
    const stats = await viewer.ok('stats');
    expect(stats).toMatchObject({ engines: { yara: { status: 'ok' } }, escalated_reviews: 0 });
    expect(stats.last_file_seen).not.toBeNull();
    expect(await viewer.ok('metrics')).toContain('backuplens_reviews{state="escalated"} 0');
  });

  test('describes itself as the file in schema/ does', async () => {
    const told = await viewer.ok('openapi');
    expect(told).toEqual(openapi(programVersion()));
    expect(told).toEqual(
      JSON.parse(readFileSync(join(import.meta.dirname, '../schema/openapi.json'), 'utf8')),
    );
    for (const { path, method } of Object.values(OPERATIONS))
      expect(told.paths[path][method.toLowerCase()]).toBeDefined();
  });
});

test('each role may do what is its own, and no more', async () => {
  const REFUSED: Readonly<Record<string, readonly OperationId[]>> = {
    viewer: [
      'uploadScan',
      'approveReview',
      'rejectReview',
      'forgetReview',
      'previewReviews',
      'decideReviews',
      'restoreQuarantined',
      'deleteQuarantined',
    ],
    reviewer: ['restoreQuarantined', 'deleteQuarantined'],
    admin: [],
  };
  for (const [role, api] of Object.entries({ viewer, reviewer, admin })) {
    for (const name of Object.keys(OPERATIONS)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const operation = name as OperationId;
      if (operation === 'events') continue;
      const { status } = await api.call(operation, { id: UNKNOWN });
      const isRefused = status === 401 || status === 403;
      expect({ role, operation, isRefused }).toEqual({
        role,
        operation,
        isRefused: REFUSED[role]?.includes(operation) === true,
      });
    }
  }
});

interface Raw {
  readonly method?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly type?: string;
}

async function go(path: string, { method = 'GET', body, type }: Raw = {}) {
  const reply = await fetch(served.api.url + path, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { authorization: `Bearer ${rita}`, ...(type === undefined ? {} : { 'content-type': type }) },
  });
  // oxlint-disable-next-line house/no-unbounded-read -- our own service
  const text = await reply.text();
  const kind = reply.headers.get('content-type');
  return { status: reply.status, kind, allow: reply.headers.get('allow'), ...JSON.parse(text) };
}

test('what is no request of ours is a problem, wherever it goes wrong', async () => {
  const post = async (body: string | Uint8Array<ArrayBuffer>, type = 'application/json') =>
    go('/api/v1/reviews/preview', { method: 'POST', body, type });
  expect(await go('/api/v1/scans/a/b/c')).toMatchObject({ status: 404, code: 'not_found' });
  expect(await go('/api/v1/scans', { method: 'PUT' })).toMatchObject({
    status: 405,
    allow: 'GET, HEAD, POST',
  });
  expect(await go(`/api/v1/quarantine/${UNKNOWN}`, { method: 'PATCH' })).toMatchObject({
    status: 405,
    allow: 'DELETE, GET, HEAD',
  });
  expect(await go('/%zz')).toMatchObject({ status: 400, kind: 'application/problem+json; charset=utf-8' });
  expect(await post('{"action":')).toMatchObject({ status: 400 });
  expect(await post('{"__proto__":{"x":1}}')).toMatchObject({ status: 400 });
  expect(await post(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ status: 400 });
  expect(await post('a=b', 'application/x-www-form-urlencoded')).toMatchObject({ status: 415 });
  expect(await post('{}', 'application/json; charset=utf-16')).toMatchObject({ status: 415 });
  expect(await post(`{"action":"${'x'.repeat(70_000)}"}`)).toMatchObject({ status: 413, code: 'too_large' });
});

// The last one: it looks at what the tests before it were answered.
test('every request was answered with each success and each refusal of its own that its description has', () => {
  // Being busy or short of something: api-uploads.test.ts, service-faults.test.ts. An item that cannot be removed: nothing
  // makes that happen to a user who may do everything, such as the one of these tests.
  const elsewhere = ['uploadScan 429', 'deleteQuarantined 409'];
  const missing = Object.entries<Operation>(OPERATIONS)
    .filter(([name]) => name !== 'events')
    .flatMap(([name, { answers, errors = [] }]) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const seen = served.api.seen.get(name as OperationId);
      const due = [...Object.keys(answers).map(Number), ...errors].filter((status) => status < 500);
      return due.filter((status) => seen?.has(status) !== true).map((status) => `${name} ${status}`);
    });
  expect(missing.filter((one) => !elsewhere.includes(one))).toEqual([]);
});
