import { afterEach, describe, expect, test } from 'vitest';
import { guard, refuseExposure, type AccessOptions } from './access.ts';
import { createServer, type Server } from './server.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';
const LOOPBACK: AccessOptions = { host: '127.0.0.1', token: null, allowAnonymous: false, open: ['/health'] };

let app: Server | null = null;
afterEach(() => app?.close());

async function status(
  options: Partial<AccessOptions>,
  headers: Readonly<Record<string, string>>,
  url = '/x',
) {
  app = createServer({ bodyLimitBytes: 1024, requestTimeoutMs: 1000 });
  guard(app, { ...LOOPBACK, ...options });
  app.get('/health', async () => 'well');
  app.get('/x', async () => 'here');
  const { statusCode } = await app.inject({ url, headers });
  return statusCode;
}

describe('on loopback', () => {
  test.each(['localhost', 'localhost:8082', '127.0.0.1:8082', '127.1.2.3', '[::1]:8082'])(
    'a request to %s comes in',
    async (host) => {
      expect(await status({}, { host })).toBe(200);
    },
  );
  test.each(['evil.example', 'evil.example:8082', '127.0.0.1.evil.example', '10.0.0.1:8082', '0.0.0.0:8082'])(
    'a request to "%s", whose name was rebound, does not',
    async (host) => {
      expect(await status({}, { host })).toBe(403);
    },
  );
});

describe('a page', () => {
  test.each([
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:9999' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('of another origin is refused: %o', async (headers) => {
    expect(await status({}, { host: 'localhost:8082', ...headers })).toBe(403);
  });
  test('of the service itself is not', async () => {
    const headers = { origin: 'http://localhost:8082', 'sec-fetch-site': 'same-origin' };
    expect(await status({}, { host: 'localhost:8082', ...headers })).toBe(200);
  });
});

function bearer(token: string): Readonly<Record<string, string>> {
  return { host: 'localhost', authorization: `Bearer ${token}` };
}

describe('with a token', () => {
  test('only who has it comes in, but for what is open', async () => {
    expect(await status({ token: TOKEN }, bearer(TOKEN))).toBe(200);
    expect(await status({ token: TOKEN }, { host: 'localhost' })).toBe(401);
    expect(await status({ token: TOKEN }, { host: 'localhost' }, '/health')).toBe(200);
    expect(await status({ token: TOKEN }, { host: 'localhost' }, '/health?x=1')).toBe(200);
  });
  test.each([TOKEN.slice(1), `${TOKEN}0`, TOKEN.toUpperCase(), 'ä', 'x'.repeat(2000)])(
    'another one is refused: %s',
    async (token) => {
      expect(await status({ token: TOKEN }, bearer(encodeURIComponent(token)))).toBe(401);
    },
  );
});

describe('beyond loopback', () => {
  test('nobody listens without a token, unless that was asked for', () => {
    expect(() => refuseExposure({ ...LOOPBACK, host: '0.0.0.0' })).toThrow(/would let anybody in/);
    expect(() => refuseExposure({ ...LOOPBACK, host: '192.0.2.1' })).toThrow(/would let anybody in/);
    expect(() => refuseExposure({ ...LOOPBACK, host: '0.0.0.0', allowAnonymous: true })).not.toThrow();
    expect(() => refuseExposure({ ...LOOPBACK, host: '0.0.0.0', token: TOKEN })).not.toThrow();
    expect(() => refuseExposure(LOOPBACK)).not.toThrow();
  });
  test('a token that can be guessed is none', () => {
    expect(() => refuseExposure({ ...LOOPBACK, token: 'secret' })).toThrow(/shorter than/);
  });
  test('any name of the service will do', async () => {
    expect(
      await status({ host: '0.0.0.0', token: TOKEN }, { host: 'x', authorization: `bearer ${TOKEN}` }),
    ).toBe(200);
  });
});
