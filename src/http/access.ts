import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { BackupLensError, isLoopback } from '../domain/index.ts';
import { HttpError } from './http-error.ts';
import type { Server } from './server.ts';

export interface AccessOptions {
  /** Where the service listens. */
  readonly host: string;
  /** null: none is set. */
  readonly token: string | null;
  /** Listening beyond loopback without a token was asked for in so many words. */
  readonly allowAnonymous: boolean;
  /** Paths that never want the token. */
  readonly open: readonly string[];
}

/** A token that can be guessed is none: 128 bits in hexadecimal. */
const MIN_TOKEN_CHARS = 32;

/** Throws BL_CONFIG when anybody on the network could use the service. */
export function refuseExposure({ host, token, allowAnonymous }: AccessOptions): void {
  if (token !== null && token.length < MIN_TOKEN_CHARS) {
    throw new BackupLensError('BL_CONFIG', `the token is shorter than ${MIN_TOKEN_CHARS} characters`, {
      hint: 'make one with: openssl rand -hex 32',
    });
  }
  if (token !== null || allowAnonymous || isLoopback(host)) return;
  throw new BackupLensError('BL_CONFIG', `listening on ${host} without a token would let anybody in`, {
    hint: 'set API_TOKEN_FILE, or HOST=127.0.0.1, or say ALLOW_ANONYMOUS=true where the network is closed',
  });
}

/**
 * Lets in who may come in: on loopback only requests to a loopback name (a page of somebody else's whose name was
 * rebound to 127.0.0.1 sends another Host), never a page of another origin, and with a token only who has it.
 */
export function guard(app: Server, options: AccessOptions): void {
  const { host, token, open } = options;
  app.addHook('onRequest', async (request) => {
    if (isLoopback(host) && !isLoopback(nameOf(request.headers.host))) {
      throw new HttpError(403, 'not the name of this service', 'not_allowed');
    }
    if (isForeign(request)) throw new HttpError(403, 'not from another origin', 'not_allowed');
    if (token === null || open.includes(request.url.split('?', 1)[0] ?? '')) return;
    if (!hasToken(request, token))
      throw new HttpError(401, 'a token is wanted: Authorization: Bearer …', 'no_token');
  });
}

function hasToken({ headers: { authorization = '' } }: FastifyRequest, token: string): boolean {
  const given = /^Bearer (\S{1,1024})$/i.exec(authorization)?.[1];
  // Of equal length whatever was sent, so that the comparison takes equally long.
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Browsers say where a request comes from; programs say nothing. */
function isForeign({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const { origin } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== headers.host;
}

/** Without its port. */
function nameOf(host = ''): string {
  return host.replace(/:\d{1,5}$/, '').replace(/^\[|\]$/g, '');
}
