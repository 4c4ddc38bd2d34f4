import { createHash, timingSafeEqual } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { BackupLensError } from '../domain/index.ts';
import { HttpError } from './http-error.ts';
import type { Server } from './server.ts';

/** Refuses, before anything else is looked at, whoever does not bring the token. `open` are paths that need none. */
export function requireToken(app: Server, token: string, open: readonly string[]): void {
  const wanted = hashOf(token);
  app.addHook('onRequest', async ({ url, headers }, reply) => {
    if (open.includes(url.split('?', 1)[0] ?? '')) return;
    const [, given] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
    if (given !== undefined && timingSafeEqual(hashOf(given), wanted)) return;
    reply.header('www-authenticate', 'Bearer');
    throw new HttpError(401, 'a token is needed: Authorization: Bearer …', 'no_token');
  });
}

/** Throws BL_CONFIG for an address that others reach, without a token and without a word that this is meant. */
export function assertMayListen(host: string, token: string | null, allowAnonymous: boolean): void {
  if (token !== null || allowAnonymous || isLoopback(host)) return;
  throw new BackupLensError('BL_CONFIG', `HOST is ${host}, which others can reach, and no token is set`, {
    hint: 'set API_TOKEN_FILE (or API_TOKEN), listen on 127.0.0.1, or say ALLOW_ANONYMOUS=true',
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** Of equal length, whatever was given. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
