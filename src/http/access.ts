import { BackupLensError, isLoopback } from '../domain/index.ts';
import { HttpError } from './http-error.ts';
import { Keys } from './keys.ts';
import type { Server } from './server.ts';
import { assertSource, tokenOf } from './source.ts';

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
export function refuseExposure({ host, token, allowAnonymous }: Omit<AccessOptions, 'open'>): void {
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

/** Lets in what comes from where it may (source.ts), and with a token set only who has it. */
export function guard(app: Server, { host, token, open }: AccessOptions): void {
  const keys = token === null ? null : new Keys([{ token, name: 'administrator', role: 'admin' }], []);
  app.addHook('onRequest', async (request) => {
    assertSource(request, host);
    if (keys === null || open.includes(request.url.split('?', 1)[0] ?? '')) return;
    const given = tokenOf(request);
    if (given === null || keys.whose(given, new Date()) === null)
      throw new HttpError(401, 'a token is wanted: Authorization: Bearer …', 'no_token', {
        headers: { 'www-authenticate': 'Bearer' },
      });
  });
}
