import { request } from 'node:http';
import { connect } from 'node:net';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { cli } from './kit/cli.ts';
import { fileForm } from './kit/api/client.ts';
import { serve, type Served } from './kit/api/installation.ts';
import { inStore, launchService, newInstallation, startService } from './kit/pipeline-service.ts';

vi.setConfig({ testTimeout: 120_000 });

const ADMIN = '0123456789abcdef0123456789abcdef';
let served: Served | null = null;
afterEach(async () => {
  await served?.end();
  served = null;
});

/** As a browser would, with headers that `fetch` does not let anybody set. */
async function raw(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
  body?: string,
) {
  const { hostname, port } = new URL(url);
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sending = request({ hostname, port, path, method, headers }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (part: string) => (text += part));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

test('HEAD is GET without its body, and OPTIONS says which methods a path has, without a token', async () => {
  served = await serve({ API_TOKEN: ADMIN });
  const { host } = new URL(served.api.url);
  const authorization = `Bearer ${ADMIN}`;
  const head = async (path: string, headers = {}) => raw(served!.api.url, path, { host, ...headers }, 'HEAD');
  expect(await head('/health')).toMatchObject({ status: 200, text: '' });
  expect(await head('/api/v1/scans', { authorization })).toMatchObject({ status: 200, text: '' });
  expect((await head('/api/v1/scans')).status).toBe(401);
  expect((await head('/api/v1/scans/20261128T201527563Z-41d91b42e726', { authorization })).status).toBe(404);
  // A stream without an end has no head.
  expect((await head('/api/v1/events', { authorization })).status).toBe(405);
  const options = async (path: string) => {
    const reply = await fetch(served!.api.url + path, { method: 'OPTIONS' });
    return [reply.status, reply.headers.get('allow')];
  };
  expect(await options('/api/v1/scans')).toEqual([204, 'GET, HEAD, POST, OPTIONS']);
  expect(await options('/api/v1/quarantine/x')).toEqual([204, 'DELETE, GET, HEAD, OPTIONS']);
  expect((await options('/api/v1/nothing'))[0]).toBe(404);
});

test('with no token set, everybody on this machine may look and upload, and what decides wants the token of DATA_DIR', async () => {
  served = await serve();
  const { api, admin, at } = served;
  const file = join(at.data, 'api-token');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toMatch(/^blt_[\w-]{43}\n$/);
  await api.ok('stats');
  expect(await api.ok('uploadScan', { body: fileForm('x') })).toMatchObject({ upload: { who: 'anonymous' } });
  const held = await served.held('held.txt');
  const call = { id: held.id, body: { reason: 'x', sha256: held.sha256 } };
  for (const name of ['approveReview', 'rejectReview'] as const) await api.wrong(name, 401, call);
  for (const name of ['restoreQuarantined', 'deleteQuarantined'] as const)
    await api.wrong(name, 401, { id: held.id });
  for (const name of ['previewReviews', 'decideReviews'] as const) await api.wrong(name, 401, { body: {} });
  // A wrong token is not taken for none.
  expect(await api.as('x'.repeat(43)).wrong('stats', 401)).toMatchObject({ code: 'no_token' });
  expect(await admin.ok('rejectReview', call)).toMatchObject({ answer: { who: 'administrator' } });

  // From the first named token on, nothing but /health goes without one.
  const vera = await served.token('vera', 'viewer');
  await served.service.until(async () => (await api.call('stats')).status === 401, 'the token to count');
  await api.ok('health');
  await api.as(vera).ok('stats');
  await api.wrong('uploadScan', 401, { body: fileForm('x') });
});

describe('a page of somebody else', () => {
  test('neither reads nor changes anything: not by another name, not from another origin', async () => {
    served = await serve();
    const { api, admin } = served;
    const token = readFileSync(join(served.at.data, 'api-token'), 'utf8').trim();
    const { host } = new URL(api.url);
    const authorization = `Bearer ${token}`;
    const bad = [
      { host: 'evil.example' },
      { host: `rebound.evil.example:${new URL(api.url).port}` },
      { host, origin: 'http://evil.example' },
      { host, origin: 'null' },
      { host, 'sec-fetch-site': 'cross-site' },
      { host, 'sec-fetch-site': 'same-site' },
    ];
    const held = await served.held('held.txt');
    const body = JSON.stringify({ reason: 'x', sha256: held.sha256 });
    const json = { 'content-type': 'application/json', 'content-length': String(body.length) };
    for (const headers of bad) {
      for (const path of ['/health', '/api/v1/scans', '/openapi.json', '/nope']) {
        expect({ headers, path, ...(await raw(api.url, path, { ...headers, authorization })) }).toMatchObject(
          {
            status: 403,
          },
        );
      }
      const answer = await raw(
        api.url,
        `/api/v1/reviews/${held.id}/approve`,
        { ...headers, authorization, ...json },
        'POST',
        body,
      );
      expect([400, 403]).toContain(answer.status);
    }
    // What a form of a page can send is nothing that decides, whatever it says of itself.
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const answer = await raw(
        api.url,
        `/api/v1/reviews/${held.id}/approve`,
        { host, authorization, ...json, 'content-type': type },
        'POST',
        body,
      );
      expect(answer.status).toBe(415);
    }
    // Nobody is asked beforehand, so no page is told that it may.
    const preflight = await raw(
      api.url,
      '/api/v1/scans',
      { host, origin: 'https://evil.example' },
      'OPTIONS',
    );
    expect(preflight.status).toBe(403);
    expect(await admin.ok('getReview', { id: held.id })).toMatchObject({ state: 'open' });
    expect(
      (
        await raw(api.url, '/api/v1/scans', {
          host,
          origin: `http://${host}`,
          'sec-fetch-site': 'same-origin',
        })
      ).status,
    ).toBe(200);
  });
});

describe('tokens', () => {
  test('stand for somebody until they are revoked or over; in URLs they count for nothing', async () => {
    served = await serve({ API_TOKEN: ADMIN });
    const { api, service, at } = served;
    await api.wrong('stats', 401);
    await api.as(ADMIN).ok('stats');
    await api.as(`${ADMIN.slice(0, -1)}e`).wrong('stats', 401);
    await api.as(ADMIN.toUpperCase()).wrong('stats', 401);
    expect(
      (
        await raw(api.url, `/api/v1/stats?token=${ADMIN}&access_token=${ADMIN}`, {
          host: new URL(api.url).host,
        })
      ).status,
    ).toBe(401);
    const soon = await served.token('soon', 'viewer', new Date(Date.now() + 3000).toISOString());
    const past = await served.token('past', 'viewer', '2026-01-01T00:00:00.000Z');
    await service.until(async () => (await api.as(soon).call('stats')).status === 200, 'the token');
    // Asking again and again with what does not count yet is told to wait; a wrong token is wrong either way.
    expect([401, 429]).toContain((await api.as(past).call('stats')).status);
    await service.until(async () => (await api.as(soon).call('stats')).status !== 200, 'the end of it');
    // Nothing in the file lets anybody in.
    const file = readFileSync(join(at.data, 'tokens.json'), 'utf8');
    expect(file).not.toContain(soon);
    expect(statSync(join(at.data, 'tokens.json')).mode & 0o777).toBe(0o600);
    const vera = await served.token('vera', 'viewer');
    await service.until(async () => (await api.as(vera).call('stats')).status === 200, 'the token');
    writeFileSync(join(at.data, 'tokens.json'), '{"schema":"backuplens.tokens/1","tokens":[]}');
    await service.until(async () => (await api.as(vera).call('stats')).status !== 200, 'the revocation');
    // A file that is broken, or anybody's, opens nothing.
    for (const text of ['{', file]) {
      writeFileSync(join(at.data, 'tokens.json'), text);
      chmodSync(join(at.data, 'tokens.json'), 0o666);
      const said = service.said('TOKENS_FILE cannot be used: named tokens do not count until it can').length;
      await service.until(async () => {
        await api.call('stats');
        return (
          service.said('TOKENS_FILE cannot be used: named tokens do not count until it can').length > said
        );
      }, 'it being said');
      expect([401, 429]).toContain((await api.as(soon).call('stats')).status);
    }
    await api.as(ADMIN).ok('stats');
  });

  test('that are made and revoked are in the journal, with who did it, also when nobody had the store', async () => {
    served = await serve({ API_TOKEN: ADMIN });
    const { at, service } = served;
    const told = async () => {
      const all = await inStore(at, async (store) => store.journal.read({ after: 0, limit: 100 }));
      return all
        .filter(({ action }) => action.startsWith('token_'))
        .map(({ action, who, detail }) => [
          action,
          who,
          detail?.replace(/ [0-9a-f]{12} /, ' ID ').replace(/ \d{4}-.*/, ''),
        ]);
    };
    const me = expect.stringMatching(/ \(\d+\)$|^\(\d+\)$/);
    const token = async (...args: string[]) =>
      expect(await cli(['token', ...args], { env: at.env })).toMatchObject({ code: 0, stderr: '' });
    await token('create', 'anna', '--role', 'reviewer');
    await service.until(async () => (await told()).length === 1, 'the first record');
    await token('revoke', 'anna');
    await token('create', 'bert', '--role', 'admin');
    await service.until(async () => (await told()).length === 3, 'the others');
    await service.stop();
    await token('create', 'eva', '--role', 'viewer');
    await token('revoke', 'eva');
    const file = join(at.data, 'tokens.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"tokens": \[[^\]]*\]/, '"tokens": []'));
    const again = await startService(at.env);
    try {
      await again.until(async () => (await told()).length === 5, 'what happened meanwhile');
      expect((await told()).toSorted((a, b) => (a.join() < b.join() ? -1 : 1))).toEqual([
        ['token_made', me, 'token ID of anna (reviewer); made'],
        ['token_made', me, 'token ID of bert (admin); made'],
        ['token_revoked', me, 'token ID of anna (reviewer); revoked'],
        ['token_revoked', me, 'token ID of eva (viewer); revoked'],
        ['token_revoked', 'unknown: the file was changed by hand', 'token ID of bert (admin)'],
      ]);
      // Nothing of it lets anybody in.
      const lines = await inStore(at, async (store) => store.journal.read({ after: 0, limit: 100 }));
      expect(lines.map(({ line }) => line).join()).not.toContain('blt_');
    } finally {
      await again.stop();
    }
  });

  test('that are wrong, again and again, are told to wait; a right one still comes in', async () => {
    served = await serve({ API_TOKEN: ADMIN });
    const { api } = served;
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 30; attempt++)
      statuses.push((await api.as(`wrong-${attempt}`).call('stats')).status);
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    const { headers } = await api.as('wrong').call('stats');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    await api.as(ADMIN).ok('stats');
  });

  test.each([
    [{ HOST: '0.0.0.0' }, 'would let anybody in'],
    [{ HOST: '0.0.0.0', API_TOKEN: 'secret' }, 'shorter than'],
    [{ TOKENS_FILE: '/dev/null/tokens.json' }, 'TOKENS_FILE'],
  ])('that are missing beyond loopback, or none at all, end the start: %o', async (env, why) => {
    const at = newInstallation(env);
    const service = launchService(at.env);
    expect(await service.ended).toBe(2);
    expect(service.stderr()).toContain(why);
    expect(service.stderr()).not.toContain('    at ');
    at.remove();
  });
});

test('what is no HTTP, too large or too long is a problem as well', async () => {
  served = await serve();
  const { hostname, port } = new URL(served.api.url);
  const say = async (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let all = '';
      const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(text));
      socket.setEncoding('utf8').on('data', (part) => (all += String(part)));
      socket.on('close', () => resolve(all));
      socket.on('error', reject);
    });
  expect(await say('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*problem\+json[^]*"status":400/);
  expect(await say(`GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431 [^]*problem\+json/,
  );
});
